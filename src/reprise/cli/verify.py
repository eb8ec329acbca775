"""``reprise verify``: check that every file that led to a table is what it was when the table was made."""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from reprise.cli.dryrun import Snakemake
from reprise.cli.history import read_record
from reprise.cli.provenance import provenance_lines
from reprise.cli.words import counted, listed, size
from reprise.pipeline.kept import made_otherwise
from reprise.pipeline.overlays import Overlays, overlays_of
from reprise.pipeline.records import content_hash, files_of, load_record
from reprise.storage.errors import DataError

_NOT_COMPARED = "Not compared: the settings that its files were made with, with those that the configuration gives"
_SUFFIX = ".provenance.json"
# Outputs of rules with this name are deleted as soon as they were used.
_NOT_KEPT = "_passing_"


def verify(
    target: str, configfiles: Sequence[str] = (), cores: int = 1, config: Sequence[str] = ()
) -> tuple[str, bool]:
    """Hash every file that led to a table again, and compare what each job read, and was set to, with what there is.

    Args:
        target: the table, as results/table2.csv, with its provenance beside it; from any folder
        configfiles: overlays of its configuration; empty for those that the provenance names
        cores: number of cores that a run would use
        config: settings of the command line, as key=value; empty for those that the provenance names

    Returns:
        the result in words, with the provenance below, and whether nothing differs

    Raises:
        DataError: a table without provenance
    """
    path = provenance_path(target)
    provenance = load_provenance(path)
    overlays = [str(Path(file).resolve()) for file in configfiles]
    with contextlib.chdir(project_of(path, provenance)):
        expected = dict(_expected(provenance))
        found = {file: content_hash(file) for file in expected if Path(file).exists()}
        dropped = [file for file in expected if file not in found and _NOT_KEPT in _rule(provenance, file)]
        differing = [
            text
            for file, recorded in expected.items()
            if file not in dropped and (text := _compare(file, recorded, found.get(file)))
        ]
        differing += [*_links(provenance), *_images(provenance), *_own_images(provenance)]
        differing += _foreign_commits(provenance)
        labels, remark = _labels(provenance, overlays, cores, config)
        differing += labels
        described = provenance_lines(provenance, found)
        total = sum(inner.stat().st_size for file in found for inner in files_of(file))
    first = f"{target}: {counted(len(found), 'file or folder', 'files and folders')}, {size(total)}, hashed again"
    if dropped:
        first += f" ({len(dropped):,} were not kept)"
    if not differing:
        return "\n".join([f"{first}; all are as recorded.", *remark, "", *described]), True
    lines = [f"{first}; {counted(len(differing), 'difference')}:", *(f"  {text}" for text in differing)]
    return "\n".join([*lines, *remark, "", *described]), False


def provenance_path(target: str) -> Path:
    """The provenance of a table; DataError of a table that was not made."""
    path = Path(target if target.endswith(_SUFFIX) else str(PurePath(target).with_suffix(_SUFFIX)))
    if not path.is_file():
        raise DataError(f"{path}: does not exist; name a table that was made, such as results/table2.csv")
    return path


def load_provenance(path: Path) -> dict[str, Any]:
    """Read the provenance of a table; DataError of a damaged one, and of another file."""
    provenance = load_record(path)
    missing = [key for key in ("inputs", "jobs", "downloads", "files") if not isinstance(provenance.get(key), dict)]
    if missing:
        raise DataError(f"{path}: has no '{missing[0]}', so it is no provenance of a table; run the table again")
    return provenance


def project_of(path: Path, provenance: Mapping) -> Path:
    """Find the folder that the paths of a provenance start from, by where the table lies."""
    folder = path.resolve().parent
    for output in map(PurePath, provenance["outputs"]):
        parents = output.parent.parts
        if not output.is_absolute() and folder.parts[len(folder.parts) - len(parents) :] == parents:
            return folder.joinpath(*[".."] * len(parents)).resolve()
    return Path.cwd()


def _links(provenance: Mapping) -> Iterator[str]:
    """Iterate over inputs that were not, when their job read them, what the job before had written."""
    jobs = provenance["jobs"]
    readers = [*((file, job["inputs"]) for file, job in jobs.items()), ("the table", provenance["inputs"])]
    for reader, inputs in readers:
        for file, read in inputs.items():
            written = jobs[file]["outputs"].get(file, {}).get("sha256", read) if file in jobs else read
            if written != read:
                yield f"{reader}: was made of another {file} (sha256 {read[:12]}, recorded {written[:12]})"


def _labels(
    provenance: Mapping, configfiles: Sequence[str], cores: int, config: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Compare the settings that each job ran with, and those of the configuration, which the table is labelled with.

    Returns:
        the differences, and a remark where the configuration is no longer that of the table
    """
    table = next(iter(provenance["outputs"]))
    recorded = overlays_of(provenance) or Overlays()
    gone = [] if configfiles else [file for file in recorded.configfiles if not Path(file).is_file()]
    if gone:
        return [], [f"{_NOT_COMPARED}: {listed(gone)}, of the table, is not there any more; give --configfile FILE."]
    try:
        plan = Snakemake(configfiles or recorded.configfiles, cores, config or recorded.settings).plan([table])
    except DataError as error:
        return [], [f"{_NOT_COMPARED}: {error}"]
    jobs = plan.every
    recipe = next((job.recipe for job in jobs if table in job.outputs), None)
    if recipe is None or json.loads(recipe)["parameters"] != provenance["recipe"]["parameters"]:
        return [], [f"{_NOT_COMPARED}: the configuration gives this table other settings by now."]
    others = [(job.outputs, job.recipe) for job in jobs if job.recipe and table not in job.outputs]
    return [f"made with other settings: {text}" for text in made_otherwise(others, compare_code=False)], []


def _expected(provenance: Mapping) -> Iterator[tuple[str, str]]:
    """Iterate over all files with their recorded hashes: source files, inputs and outputs of jobs, then the table."""
    yield from provenance["files"].items()
    for receipt in provenance["downloads"].values():
        yield receipt["path"], receipt["sha256"]
    for job in provenance["jobs"].values():
        yield from ((file, state["sha256"]) for file, state in job["outputs"].items())
    yield from ((file, state["sha256"]) for file, state in provenance["outputs"].items())


def _rule(provenance: Mapping, file: str) -> str:
    return provenance["jobs"].get(file, {}).get("rule", "")


def _compare(file: str, recorded: str, found: str | None) -> str | None:
    if found == recorded:
        return None
    if found is None:
        return f"missing: {file}"
    record = read_record(file)
    if record and record["outputs"][file]["sha256"] == found:
        return f"made again at {record['started']}, after the table: {file}"
    return f"changed: {file} (sha256 {found[:12]}, recorded {recorded[:12]})"


def _images(provenance: Mapping) -> Iterator[str]:
    """Iterate over unpacked images whose size is not that of the manifest; their hashes were not recorded."""
    for manifest, job in provenance["jobs"].items():
        if job["rule"] in ("unpack", "list_unpacked") and Path(manifest).exists():
            folder = Path(job["recipe"]["parameters"]["folder"])
            for line in Path(manifest).read_text(encoding="utf-8").splitlines():
                name, _, length = line.rpartition("\t")
                if not (folder / name).is_file():
                    yield f"missing: {folder / name}"
                elif (folder / name).stat().st_size != int(length):
                    yield f"changed: {folder / name} ({(folder / name).stat().st_size} bytes, recorded {length})"


def _own_images(provenance: Mapping) -> Iterator[str]:
    """Iterate over images of one's own that are not what a job read; those of the same size and time are not hashed."""
    for file in provenance["jobs"]:
        record = read_record(file) or {}
        for path, state in record.get("images", {}).items():
            if not Path(path).is_file():
                yield f"missing: {path}"
            else:
                found = Path(path).stat()
                size_then, modified, *hashes = state  # earlier records have none
                if (found.st_size, found.st_mtime_ns) != (size_then, modified) and content_hash(path) not in hashes:
                    yield f"changed: {path} ({found.st_size} bytes, recorded {size_then})"


def _foreign_commits(provenance: Mapping) -> Iterator[str]:
    """Iterate over commits of the code that made the files and that this repository does not have."""
    made: dict[str, list[str]] = {}
    for file, job in [*provenance["jobs"].items(), *((file, provenance) for file in provenance["outputs"])]:
        if job["commit"]:
            made.setdefault(job["commit"].split()[0], []).append(file)
    if not made or _git("rev-parse", "HEAD") != 0:
        return
    for commit, files in made.items():
        if _git("cat-file", "-e", f"{commit}^{{commit}}") != 0:
            yield f"foreign commit {commit[:12]}, unknown to this repository: {counted(len(files), 'file')} made by it"


def _git(*arguments: str) -> int:
    try:
        return subprocess.run(["git", *arguments], capture_output=True).returncode
    except FileNotFoundError:
        return 1

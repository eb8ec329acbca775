"""Frame of every script of the workflow, around its one call of the library."""

import errno
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reprise.pipeline.fingerprint import PACKAGE, fingerprint, fingerprints
from reprise.pipeline.inputs import check_inputs, check_unpacked
from reprise.pipeline.own_data import image_states, images_hash
from reprise.pipeline.progress import write_lines
from reprise.pipeline.records import write_provenance, write_records
from reprise.storage.errors import DataError
from reprise.storage.hashes import sha256_file

# That of Snakemake, for OpenMP and for libraries of linear algebra.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# In the messages of HDF5 and of torch.
_FULL = (os.strerror(errno.ENOSPC), "iostream error")


@contextmanager
def job(snakemake: Any) -> Iterator[SimpleNamespace]:
    """Yield the parameters of the recipe; log everything, and record how the outputs were made.

    The inputs have to be what their jobs wrote. A script puts the paths of the images that it reads into
    ``images_read``: unpacked ones have to be as long as they were, and those of one's own, which ``images_hash`` of the
    recipe tells from others, the same at the end.

    A job with an output named ``provenance`` writes the history of the table there, others a record beside each output.

    Bad input ends the job with its one message instead of a traceback; any other error keeps its traceback. Both are
    in the log, which Snakemake shows.
    """
    started = _started()
    _take_threads(json.loads(snakemake.params.recipe)["parameters"].get("threads"))
    sys.path.append(str(Path.cwd()))  # plug-ins may be in the folder of the project
    _write_to(snakemake.log[0])
    _say_nothing_of_full_disks()
    recipe = snakemake.params.recipe
    try:
        _check_extensions()
        check_inputs(map(str, snakemake.input))
        parameters = _parameters(recipe)
        expected = json.loads(recipe)["parameters"].get("images_hash")
        yield parameters
        _check_extensions()  # also those that were loaded by a name in the configuration
        check_unpacked(map(str, snakemake.input), parameters.images_read)
        images = _unchanged(parameters.images_read, expected) if expected else {}
        _record(snakemake, started, images)
    except DataError as error:
        print(f"\nERROR: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    except Exception as error:
        if not _is_disk_full(error):
            raise
        print(f"\nERROR: {_disk_full(Path(str(snakemake.output[0])).absolute().parent)}", file=sys.stderr, flush=True)
        os._exit(1)  # at a normal end, HDF5 closes once more what it could not write, and crashes


def _take_threads(count: int | None) -> None:
    """Begin anew where the recipe says how many threads compute, and the libraries were loaded with another number.

    Snakemake gives a job no more threads than there are cores. What is set later holds for one thread of a process
    only, and others would sum in another order.
    """
    if count is not None and any(os.environ.get(name) != str(count) for name in _THREADS):
        os.environ.update(dict.fromkeys(_THREADS, str(count)))
        os.execv(sys.executable, sys.orig_argv)


def _is_disk_full(error: BaseException | None) -> bool:
    """Tell whether an error comes from a full disk, or quota, which libraries report in errors of their own."""
    while error is not None:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or any(map(str(error).__contains__, _FULL)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _say_nothing_of_full_disks() -> None:
    """Leave out what h5py prints of every object that it cannot close on a full disk; the job says it once."""
    uncaught, ignored = sys.excepthook, sys.unraisablehook
    sys.excepthook = lambda kind, error, trace: None if _is_disk_full(error) else uncaught(kind, error, trace)
    sys.unraisablehook = lambda told: None if _is_disk_full(told.exc_value) else ignored(told)


def _disk_full(folder: Path) -> str:
    existing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    return (
        f"{folder}: the disk is full ({shutil.disk_usage(existing).free / 1e6:,.0f} MB are free now). Free some space, "
        "or set `output:` to a folder of another disk, and run again; what other jobs wrote is kept"
    )


def _parameters(recipe: str) -> SimpleNamespace:
    """Read the parameters of a job; its files have the same ``recipe`` for all chunks, whose images differ."""
    content = json.loads(recipe)
    content["parameters"].pop("images_hash", None)
    return SimpleNamespace(**content["parameters"], recipe=json.dumps(content, sort_keys=True), images_read=[])


def _unchanged(paths: list[Path], expected: str) -> dict[str, list[int | str]]:
    """The states and hashes of images that were read. DataError: they are not those that the job was planned with."""
    states = image_states(paths)
    if images_hash(states) != expected:
        raise DataError(f"{paths[0].parent}: images changed while the job ran; run again")
    return {path: [*state, sha256_file(path)] for path, state in states.items()}


def _record(snakemake: Any, started: float, images: dict[str, list[int | str]]) -> None:
    recipe = json.loads(snakemake.params.recipe)
    script = Path(snakemake.scriptdir) / f"{recipe['stage']}.py"
    code = fingerprints(script, recipe["modules"]) if recipe["code"] == fingerprint(script, recipe["modules"]) else {}
    provenance = snakemake.output.get("provenance")
    entries = {
        "rule": snakemake.rule,
        "wildcards": dict(snakemake.wildcards.items()),
        "recipe": snakemake.params.recipe,
        "inputs": list(map(str, snakemake.input)),
        "outputs": [str(path) for path in snakemake.output if path != provenance],
        "threads": snakemake.threads,
        "started": started,
        "code": code,
    }
    if provenance:
        write_provenance(provenance, **entries)
    else:
        write_records(**entries, images=images)


def _started() -> float:
    """Return when this process began: loading libraries is part of the cost of a job."""
    stat = Path("/proc/self/stat")
    if not stat.exists():
        return time.time()
    ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")


def _check_extensions() -> None:
    """Refuse an extension that is older than its sources, whose fingerprint the recipe holds."""
    shared = sorted((PACKAGE / "native").glob("*.h"))
    for name, extension in list(sys.modules.items()):
        if not name.startswith("reprise.") or not hasattr(extension, "SOURCES"):
            continue
        module = PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".pyx")
        sources = [module, *sorted(module.parent.glob("*.h")), *shared]
        if hashlib.sha256(b"".join(map(Path.read_bytes, sources))).hexdigest() != extension.SOURCES:
            raise DataError(
                f"{extension.__file__}: was not built from the sources beside it; run: pip install --editable . (of a "
                "package that is not installed in place: pip install --force-reinstall --no-deps reprise)"
            )


def _write_to(log: str) -> None:
    """Send all output of this process and its libraries, tracebacks and progress included, to a file."""
    write_lines()
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(descriptor, stream.fileno())
    os.close(descriptor)

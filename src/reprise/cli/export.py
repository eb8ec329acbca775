"""``reprise export``: a table with all that says how it was made, as an RO-Crate (version 1.1).

An RO-Crate is a folder, or a zip, whose ``ro-crate-metadata.json`` describes the files in it in JSON-LD, so that
archives such as Zenodo, and other programs, can read it: https://w3id.org/ro/crate/1.1
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from reprise.cli.verify import load_provenance, project_of, provenance_path
from reprise.cli.words import counted, size
from reprise.pipeline.overlays import overlays_of
from reprise.pipeline.records import content_hash
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError

_KINDS = {
    ".csv": ("Table, one line per number", "text/csv"),
    ".md": ("Table to be read", "text/markdown"),
    ".tex": ("Table for a paper, LaTeX", "application/x-tex"),
    ".json": ("How well one experiment ranks one dataset", "application/json"),
    ".h5": ("Ranked images of each query", "application/x-hdf5"),
    ".yaml": ("Configuration", "application/yaml"),
}


def export(target: str, output: str, configfiles: Sequence[str] = (), rankings: bool = False) -> str:
    """Write a table, its provenance, its evaluations and its configuration as an RO-Crate.

    Args:
        target: the table, such as results/table2.csv, with its provenance beside it
        output: a new folder, or a new file that ends in ``.zip``
        configfiles: overlays of the configuration, which are put beside that of the project; empty for those that the
            provenance names, as far as they are there
        rankings: whether the rankings that were evaluated belong to it

    Returns:
        what was written, in words

    Raises:
        DataError: there is such an output already, a table without provenance, or a file that is not what was recorded
    """
    path, place = provenance_path(target), Path(output)
    if place.exists():
        raise DataError(f"{place}: exists already; choose another name, nothing is overwritten")
    provenance = load_provenance(path)
    project = project_of(path, provenance)
    crate: Any = ROCrate(version="1.1")
    recorded = {file: state["sha256"] for file, state in provenance["outputs"].items()} | provenance["inputs"]
    if rankings:
        recorded |= _rankings(provenance)
    files = [_add(crate, project, file, sha256) for file, sha256 in recorded.items()]
    files.append(_add(crate, project, str(PurePath(next(iter(recorded))).with_name(path.name)), None))
    _add_configuration(crate, project, configfiles or _recorded_overlays(provenance, project))
    _describe(crate, provenance, files[: len(provenance["outputs"])], files[len(provenance["outputs"]) :])
    place.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(place) as temporary:
        crate.write_zip(temporary) if place.suffix == ".zip" else crate.write(temporary)
    count = sum("://" not in entity.id for entity in crate.get_by_type("File"))
    total = sum(inner.stat().st_size for inner in [place, *place.rglob("*")] if inner.is_file())
    return f"{place}: {counted(count, 'file')} of {target}, {size(total)}, described by ro-crate-metadata.json"


def _rankings(provenance: Mapping) -> dict[str, str]:
    """The rankings that the evaluations of the table read, with their recorded hashes."""
    read = {name: sha256 for job in provenance["inputs"] for name, sha256 in provenance["jobs"][job]["inputs"].items()}
    return {file: sha256 for file, sha256 in read.items() if "rankings" in PurePath(file).parts}


def _add(crate: Any, project: Path, file: str, sha256: str | None) -> Any:
    source = project / file
    if not source.is_file():
        raise DataError(f"{source}: does not exist any more; make the table again, and export it then")
    found = content_hash(source)
    if sha256 not in (None, found):
        raise DataError(
            f"{source}: is not what the provenance says (sha256 {found[:12]}, recorded {sha256 and sha256[:12]}); "
            "reprise verify says more. Make the table again, and export it then"
        )
    name, kind = _KINDS.get(source.suffix, ("File", "application/octet-stream"))
    if file.endswith(".provenance.json"):
        name = "Provenance: all jobs, settings, hashes, versions and machines that led to the table"
    properties = {
        "name": f"{name}: {PurePath(file).name}" if source.suffix != ".json" else name,
        "encodingFormat": kind,
        "contentSize": str(source.stat().st_size),
        "sha256": found,
    }
    inside = PurePath(file).relative_to(PurePath(file).anchor)
    return crate.add_file(source, dest_path=str(inside), properties=properties)


def _add_configuration(crate: Any, project: Path, configfiles: Sequence[str]) -> None:
    own = sorted(file.relative_to(project) for file in (project / "config").rglob("*.yaml"))
    for file in own:
        _add(crate, project, str(file), None)
    for overlay in map(Path, configfiles):
        if not overlay.resolve().is_relative_to(project):
            raise DataError(f"{overlay}: lies outside of {project}; copy it there to export it")
        inner = overlay.resolve().relative_to(project)
        if inner not in own:
            _add(crate, project, str(inner), None)


def _recorded_overlays(provenance: Mapping, project: Path) -> list[str]:
    """The overlays of a table that are in its project still."""
    overlays = overlays_of(provenance)
    places = [project / file for file in (overlays.configfiles if overlays else [])]
    return [str(place) for place in places if place.is_file() and place.resolve().is_relative_to(project)]


def _describe(crate: Any, provenance: Mapping, results: Sequence[Any], read: Sequence[Any]) -> None:
    """Say what the crate holds, and describe the job of the table, its software, and what was downloaded for it."""
    parameters = provenance["recipe"].get("parameters", {})
    title = parameters.get("title") or PurePath(next(iter(provenance["outputs"]))).stem
    started = datetime.datetime.fromisoformat(provenance["started"])
    crate.name = title
    crate.description = " ".join(
        [f"{title}, measured by reprise.", *parameters.get("notes", []), "The provenance names every job and file."]
    )
    crate.root_dataset["dateCreated"] = started.isoformat()
    crate.license = "Licences of data and weights are those of their publishers; see the downloads."
    software = crate.add(ContextEntity(crate, "#reprise", properties=_software(provenance)))
    downloads = list(_downloads(crate, provenance))
    action = {
        "name": f"Made {title}",
        "startTime": started.isoformat(),
        "endTime": (started + datetime.timedelta(seconds=provenance["seconds"])).isoformat(timespec="seconds"),
        "description": f"The last of {counted(len(provenance['jobs']) + 1, 'recorded output')} that led to the table.",
    }
    crate.add_action(software, "#run", object=[*read, *downloads], result=list(results), properties=action)


def _software(provenance: Mapping) -> dict[str, Any]:
    versions = provenance["versions"]
    commit = provenance.get("commit")
    return {
        "@type": "SoftwareApplication",
        "name": "reprise",
        "softwareVersion": versions.get("reprise", "") + (f", commit {commit}" if commit else ""),
        "softwareRequirements": ", ".join(
            f"{name} {version}" for name, version in versions.items() if name != "reprise"
        ),
        "operatingSystem": provenance["platform"],
        "processorRequirements": str(provenance["hardware"].get("processor")),
    }


def _downloads(crate: Any, provenance: Mapping) -> Iterable[Any]:
    """Describe published files, which are not in the crate, by their addresses."""
    for receipt in provenance["downloads"].values():
        properties = {"name": receipt["name"], "contentSize": str(receipt["bytes"]), "sha256": receipt["sha256"]}
        address = str(receipt.get("url", ""))
        if address.startswith(("http://", "https://", "ftp://")):
            yield crate.add_file(address, properties=properties)
        else:
            yield crate.add(
                ContextEntity(crate, f"#{receipt['name']}", properties={"@type": "CreativeWork", **properties})
            )

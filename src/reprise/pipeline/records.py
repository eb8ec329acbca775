"""Records beside all files that jobs wrote: how each was made, from what, by which code, when and where.

The record of ``x.h5`` is ``x.h5.job.json``. A table collects the records of all jobs that led to it.
"""

import datetime
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from reprise.downloads.download import read_receipt
from reprise.pipeline.edition import EDITION
from reprise.pipeline.environment import environment
from reprise.pipeline.overlays import handed_on
from reprise.storage.atomic import write_text
from reprise.storage.hashes import sha256_file
from reprise.storage.json_files import interpreting, load_json
from reprise.storage.timing import measured_seconds

_MISSING = "not recorded"
_PROVENANCE = ".provenance.json"


class _Recipe(TypedDict):
    code: NotRequired[str | None]  # None: a job that only fetches and unpacks
    parameters: NotRequired[dict[str, Any]]


class _State(TypedDict):
    sha256: str
    bytes: int
    modified: int


class _Code(TypedDict):
    before: NotRequired[str | None]
    after: str


class _Accepted(TypedDict):
    code: _Code


class _Overlays(TypedDict):
    configfiles: list[str]
    config: dict[str, Any]


class _Record(TypedDict):
    """What is read of a record, and of a provenance; both may hold more."""

    rule: str
    wildcards: dict[str, str]
    recipe: _Recipe
    inputs: dict[str, str]
    outputs: dict[str, _State]
    seconds: float
    measured: NotRequired[dict[str, float]]
    threads: NotRequired[int]
    hardware: NotRequired[dict[str, Any]]
    code: NotRequired[dict[str, str]]
    images: NotRequired[dict[str, list[int | str]]]
    accepted: NotRequired[list[_Accepted]]
    jobs: NotRequired[dict[str, "_Record"]]
    downloads: NotRequired[dict[str, dict[str, Any]]]
    files: NotRequired[dict[str, str]]
    overlays: NotRequired[_Overlays]


_RECORD = TypeAdapter(_Record)


def record_path(output: str | os.PathLike) -> Path:
    """Return the path of the record of ``output``."""
    return Path(f"{os.fspath(output)}.job.json")


def record_file(output: str) -> Path | None:
    """Return the file with the record of ``output``: beside it, or the provenance of a table; None without any."""
    beside = record_path(output)
    if beside.is_file():
        return beside
    provenance = Path(output if output.endswith(_PROVENANCE) else f"{os.path.splitext(output)[0]}{_PROVENANCE}")  # noqa: PTH122
    return provenance if provenance.is_file() and output in load_record(provenance)["outputs"] else None


def load_record(path: str | os.PathLike) -> dict[str, Any]:
    """Read the record of an output, whose ``outputs`` hold the state of each.

    Args:
        path: the record itself

    Raises:
        DataError: a damaged record, or another file
    """
    remedy = "delete it together with the file that it is of, and run again"
    content: dict[str, Any] = load_json(path, remedy)
    with interpreting(path, remedy):
        _RECORD.validate_python(content, strict=True)
    return content


def write_records(
    rule: str, wildcards: Mapping[str, str], recipe: str, inputs: Iterable[str], outputs: Iterable[str],
    threads: int, started: float, code: Mapping[str, str] | None = None,
    images: Mapping[str, Sequence[int | str]] | None = None,
) -> None:  # fmt: skip
    """Write the record of each output of a job, at its end.

    Args:
        rule: the rule of the job
        wildcards: its wildcards
        recipe: its recipe, as JSON
        inputs: its input files
        outputs: its output files or folders
        threads: number of threads
        started: time stamp of its start, in seconds
        code: file of code -> its fingerprint
        images: size, time of modification and hash of the images of one's own that were read
    """
    record = _record(rule, wildcards, recipe, inputs, outputs, threads, started, code)
    if images:
        record["images"] = {path: list(state) for path, state in images.items()}
    for path in record["outputs"]:
        write_text(record_path(path), json.dumps(record, indent=1, sort_keys=True) + "\n")


def write_provenance(
    path: str | os.PathLike, rule: str, wildcards: Mapping[str, str], recipe: str, inputs: Iterable[str],
    outputs: Iterable[str], threads: int, started: float, code: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Write the history of a table: the records of its job and of all before, and every file that no job wrote.

    The overlays of the run stand in it, too.

    Args:
        path: the file
        rule: the rule of the job
        wildcards: its wildcards
        recipe: its recipe, as JSON
        inputs: its input files
        outputs: its output files
        threads: number of threads
        started: time stamp of its start, in seconds
        code: file of code -> its fingerprint
    """
    inputs = list(inputs)
    record = _record(rule, wildcards, recipe, inputs, outputs, threads, started, code)
    write_text(path, json.dumps({**record, **handed_on(), **ancestry(inputs)}, indent=1, sort_keys=True) + "\n")


def _record(
    rule: str, wildcards: Mapping[str, str], recipe: str, inputs: Iterable[str], outputs: Iterable[str],
    threads: int, started: float, code: Mapping[str, str] | None,
) -> dict:  # fmt: skip
    return {
        "edition": EDITION,
        "rule": rule,
        "wildcards": dict(wildcards),
        "recipe": json.loads(recipe),
        "inputs": {path: recorded_hash(path) for path in inputs},
        "outputs": {path: _state(path) for path in outputs},
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 3),
        "measured": measured_seconds(),
        "threads": threads,
        "code": dict(code or {}),
        **environment(),
    }


def ancestry(inputs: Iterable[str]) -> dict[str, object]:
    """Collect the records of all jobs that led to ``inputs``, the downloads, and the hashes of files of no job."""
    jobs: dict[str, object] = {}
    downloads: dict[str, object] = {}
    sources: dict[str, str] = {}
    waiting = list(inputs)
    while waiting:
        path = waiting.pop()
        if path in jobs or path in sources:
            continue
        if not record_path(path).exists():
            sources[path] = content_hash(path) if Path(path).exists() else _MISSING
            continue
        record = load_record(record_path(path))
        for key in ("code", "images"):
            record.pop(key, None)
        jobs[path] = record
        if record["rule"] == "download":
            receipt = read_receipt(path)
            downloads[receipt["name"]] = receipt
        waiting += record["inputs"]
    return {"jobs": jobs, "downloads": downloads, "files": sources}


def content_hash(path: str | os.PathLike) -> str:
    """Compute the sha256 of a file, or of the names and hashes of all files of a folder."""
    path = Path(path)
    if path.is_file():
        return sha256_file(path)
    digest = hashlib.sha256()
    for inner in files_of(path):
        digest.update(f"{inner.relative_to(path)} {content_hash(inner)}\n".encode())
    return digest.hexdigest()


def files_of(path: str | os.PathLike) -> list[Path]:
    """List a file, or all files of a folder, without the time stamp that Snakemake puts there after the job."""
    path = Path(path)
    if path.is_file():
        return [path]
    return sorted(inner for inner in path.rglob("*") if inner.is_file() and inner.name != ".snakemake_timestamp")


def _state(path: str) -> dict[str, object]:
    return {"sha256": content_hash(path), "bytes": _bytes(path), "modified": Path(path).stat().st_mtime_ns}


def _bytes(path: str) -> int:
    return sum(file.stat().st_size for file in files_of(path))


def recorded_hash(path: str) -> str:
    """Return the hash that the job which wrote ``path`` recorded, if the file is as old and as large as then.

    So that files of many gigabytes are not read again for every job that uses them. Snakemake sets a new time after
    each job: a file that is found unchanged under another time is recorded with that time, and read no more than once
    for it.
    """
    record = record_path(path)
    if not record.exists():
        return content_hash(path)
    content = load_record(record)
    state, time_of_file = content["outputs"].get(path), Path(path).stat().st_mtime_ns
    if state and (state["bytes"], state["modified"]) == (_bytes(path), time_of_file):
        return state["sha256"]
    found = content_hash(path)
    if state and state["sha256"] == found and os.access(record.parent, os.W_OK):
        state["modified"] = time_of_file
        write_text(record, json.dumps(content, indent=1, sort_keys=True) + "\n")
    return found

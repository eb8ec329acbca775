"""Reasons of jobs: Snakemake's reason to run a job, in words, and the difference of its old and its new recipe."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprise.cli.dryrun import Job
from reprise.cli.history import read_record
from reprise.cli.words import listed
from reprise.pipeline.differences import setting_changes
from reprise.pipeline.fingerprint import fingerprints

NOT_MADE = "not made yet"
GONE = "no longer there"
INTERRUPTED = "interrupted before it was whole"
_PARAMS = re.compile(r"Params have changed since last execution: .*?before: (.*) now: (.*?) (?:; |$)", re.DOTALL)
_FILES = re.compile(r"(?:^|; )(Missing output|Incomplete output|Updated input) files: ([^;]*)")
_INPUTS_CHANGED = "Set of input files has changed"
_FORCED = "Forced execution"


def own_causes(job: Job, scripts: Path) -> list[str]:
    """List the reasons of the job itself, whether other jobs run or not; empty if only jobs before it make it run.

    Args:
        job: the job
        scripts: the folder with the script of every stage
    """
    reason = job.reason
    found: list[str] = []
    changed = recipe_change(job)
    if changed:
        found += _recipe_changes(job, json.loads(changed[0]), json.loads(changed[1]), scripts)
        reason = _PARAMS.sub("", reason)
    for kind, names in _FILES.findall(reason):
        files = [name for name in names.strip().split(", ") if name]
        if kind == "Missing output":
            found.append(GONE if any(map(read_record, files)) else NOT_MADE)
        elif kind == "Incomplete output":
            found.append(INTERRUPTED)
        elif files:
            found.append(f"{listed(files)} changed")
    if _INPUTS_CHANGED in reason:
        found.append(_other_inputs(job))
    if _FORCED in reason:
        found.append("forced")
    return found


def recipe_change(job: Job) -> tuple[str, str] | None:
    """Return the old and the new recipe, as JSON, if their difference is a reason of the job."""
    changed = _PARAMS.search(job.reason)
    return (ast.literal_eval(changed[1]), ast.literal_eval(changed[2])) if changed else None


def changed_files(job: Job, old: Mapping, new: Mapping, scripts: Path) -> list[str]:
    """List the files of code that differ between the old and the new recipe; the stage where none was recorded."""
    record = read_record(job.outputs[0]) or {}
    stamps = [record.get("recipe", {}).get("code"), *(entry["code"]["after"] for entry in record.get("accepted", []))]
    before = record.get("code")
    after = fingerprints(scripts / f"{new['stage']}.py", new["modules"])
    if not before or old["code"] not in stamps:
        return [new["stage"]]
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]


def _recipe_changes(job: Job, old: Mapping, new: Mapping, scripts: Path) -> Iterator[str]:
    stage = new["stage"]
    yield from dict.fromkeys(setting_changes(stage, old["parameters"], new["parameters"]))
    if old["code"] != new["code"]:
        yield f"code of {listed(changed_files(job, old, new, scripts))} changed"


def _other_inputs(job: Job) -> str:
    record = read_record(job.outputs[0])
    before = set(record["inputs"]) if record else set()
    added = [file for file in job.inputs if file not in before]
    removed = sorted(before - set(job.inputs))
    parts = [f"{word} {listed(files, 1)}" for word, files in (("new", added), ("no longer", removed)) if files]
    return f"other inputs ({'; '.join(parts)})" if parts else "other inputs"

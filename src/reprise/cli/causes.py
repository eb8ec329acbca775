"""Reasons of jobs: Snakemake's reason to run a job, in words, and the difference of its old and its new recipe."""

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprise.cli.history import read_record
from reprise.cli.jobs import Job
from reprise.cli.words import listed
from reprise.pipeline.differences import setting_changes
from reprise.pipeline.fingerprint import fingerprints

NOT_MADE = "not made yet"
GONE = "no longer there"
INTERRUPTED = "interrupted before it was whole"


def own_causes(job: Job, scripts: Path) -> list[str]:
    """List the reasons of the job itself, whether other jobs run or not; empty if only jobs before it make it run.

    Args:
        job: the job
        scripts: the folder with the script of every stage
    """
    reason = job.reason
    if reason.forced:
        return ["forced"]
    found: list[str] = []
    changed = recipe_change(job)
    if changed:
        found += _recipe_changes(job, json.loads(changed[0]), json.loads(changed[1]), scripts)
    elif reason.params_before or reason.params_now:
        found.append("made with other recipes")
    if reason.missing_output:
        found.append(GONE if any(map(read_record, reason.missing_output)) else NOT_MADE)
    if reason.incomplete_output:
        found.append(INTERRUPTED)
    if reason.updated_input:
        found.append(f"{listed(reason.updated_input)} changed")
    if reason.input_changed:
        found.append(_other_inputs(job))
    return found


def recipe_change(job: Job) -> tuple[str, str] | None:
    """Return the old and the new recipe, as JSON, if they are a reason of the job; None where its outputs differ."""
    before, now = job.reason.params_before, job.reason.params_now
    return (ast.literal_eval(before[0]), ast.literal_eval(now[0])) if len(before) == len(now) == 1 else None


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

"""``reprise accept``: keep results current after an edit of code whose author vouches that it changes no number.

Only a change of code can be accepted: another setting gives other numbers, and a missing file has to be made.
"""

import base64
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprise.cli.causes import changed_files, recipe_change
from reprise.cli.dryrun import Snakemake
from reprise.cli.jobs import EVERYTHING, Job
from reprise.cli.words import counted, jobs_in_words, listed
from reprise.pipeline.records import load_record, record_file
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

_METADATA = Path(".snakemake") / "metadata"
# Snakemake cuts the names of its files after this number of characters.
_LONGEST = 254


@dataclass(frozen=True)
class Accepted:
    """A job whose recipe differs only in its code.

    Attributes:
        job: the job
        before: the old recipe, as Snakemake stores it
        after: the new recipe, as Snakemake stores it
        files: the files of code that differ
    """

    job: Job
    before: str
    after: str
    files: list[str]


def accept(snakemake: Snakemake, targets: Sequence[str], reason: str, scripts: Path) -> str:
    """Re-stamp all outputs that lead to ``targets`` and whose recipes differ only in their code.

    The record of each file, or the provenance of a table, says from then on what was accepted, when and why.

    Args:
        snakemake: finds the jobs
        targets: outputs that are accepted, with all that leads to them; empty for all tables
        reason: why no number changes
        scripts: the folder with the script of every stage

    Returns:
        what was accepted, in sentences

    Raises:
        DataError: no reason
    """
    if not reason.strip():
        raise DataError("--reason: is empty; say why the edit changes no number")
    accepted: list[Accepted] = []
    # Snakemake names the changed code of a job only where no job before it would run, so that one layer is accepted
    # after the other.
    while layer := _acceptable(snakemake, targets or [EVERYTHING], scripts):
        for change in layer:
            _stamp(change, reason)
        accepted += layer
    if not accepted:
        return "Nothing differs in its code alone; `reprise explain` says what would run, and why."
    files = sorted({file for change in accepted for file in change.files})
    jobs = jobs_in_words(change.job.rule for change in accepted)
    return f"Accepted {counted(len(accepted), 'job')} as current ({jobs}) after changes of {listed(files, 8)}: {reason}"


def _acceptable(snakemake: Snakemake, targets: Sequence[str], scripts: Path) -> list[Accepted]:
    found = []
    for job in snakemake.plan(targets).jobs:
        change = recipe_change(job)
        if change is None or not all(Path(output).exists() for output in job.outputs):
            continue
        before, after = (json.loads(text) for text in change)
        if before["code"] != after["code"] and {**before, "code": 0} == {**after, "code": 0}:
            found.append(Accepted(job, *change, changed_files(job, before, after, scripts)))
    return found


def _stamp(change: Accepted, reason: str) -> None:
    """Write the acceptance to our own record, then the new recipe to Snakemake's."""
    entry = {
        "reason": reason,
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "code": {"before": json.loads(change.before)["code"], "after": json.loads(change.after)["code"]},
        "files": change.files,
    }
    for path in {file for output in change.job.outputs if (file := record_file(output)) is not None}:
        record = load_record(path)
        record["accepted"] = [*record.get("accepted", []), entry]
        write_text(path, json.dumps(record, indent=1, sort_keys=True) + "\n")
    for output in change.job.outputs:
        path = metadata_file(output)
        content = json.loads(path.read_text(encoding="utf-8"))
        content["params"] = [repr(change.after)]
        write_text(path, json.dumps(content))


def metadata_file(output: str) -> Path:
    """Return the path of Snakemake's metadata of an output."""
    name = base64.urlsafe_b64encode(output.encode()).decode()
    parts = [name[start : start + _LONGEST] for start in range(0, len(name), _LONGEST)]
    return _METADATA.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])

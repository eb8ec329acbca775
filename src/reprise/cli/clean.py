"""``reprise clean --unused``: remove intermediates that no table of the configuration needs."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reprise.cli.dryrun import Snakemake
from reprise.cli.history import recorded_outputs
from reprise.cli.jobs import EVERYTHING
from reprise.cli.stages import stage_folders
from reprise.cli.status import disk
from reprise.cli.words import counted, jobs_in_words, size
from reprise.pipeline.records import record_path
from reprise.storage.errors import DataError

_LOCKS = Path(".snakemake") / "locks"


def clean(snakemake: Snakemake, targets: Sequence[str], ask: Callable[[str], str] | None) -> None:
    """List unused files, ask, and remove them.

    Only files with a record that a job of this workflow wrote them, inside the folders of the stages, are considered;
    tables, seed studies that exist, data and downloads stay.

    Args:
        snakemake: finds the jobs
        targets: further outputs to keep, with all that leads to them
        ask: puts a question and returns the answer; None removes without asking

    Raises:
        DataError: Snakemake is running in this folder, or was killed and left its lock
    """
    if _LOCKS.is_dir() and any(_LOCKS.iterdir()):
        raise DataError(
            f"{_LOCKS}: Snakemake is running here, or was killed; wait for it, or run: snakemake --unlock <target>"
        )
    unused = find_unused(snakemake, targets)
    if not unused:
        print("Nothing is unused.")
        return
    for output, record in unused.items():
        print(f"  {size(disk(Path(output))):>8}  {output}  ({record['rule']})")
    total = size(sum(disk(Path(output)) for output in unused))
    rules = Counter(record["rule"] for record in unused.values())
    print(f"{counted(len(unused), 'file or folder', 'files and folders')}, {total}: {jobs_in_words(rules.elements())}")
    if ask is not None and not _agreed(ask):
        print("Nothing was removed.")
        return
    for output in unused:
        _remove(Path(output))
    print(f"Removed {total}.")


def find_unused(snakemake: Snakemake, targets: Sequence[str]) -> Mapping[str, dict]:
    """Find outputs of earlier jobs that no job of the tables, of existing seed studies or of ``targets`` makes."""
    plan = snakemake.plan([EVERYTHING])
    studies = [str(path) for path in Path(plan.output).glob("*.seeds.csv")]
    known = {output for job in plan.every for output in job.outputs}
    studies = [study for study in studies if study.replace(".seeds.csv", ".csv") in known]
    every = snakemake.plan([EVERYTHING, *studies, *targets]).every if studies or targets else plan.every
    needed = {output for job in every for output in job.outputs}
    folders = [folder for folder in stage_folders(every, plan) if not folder.is_relative_to(plan.data)]
    found = sorted(recorded_outputs(folders), key=lambda item: item[0])
    return {output: record for output, record in found if output not in needed}


def _agreed(ask: Callable[[str], str]) -> bool:
    try:
        return ask("Remove them? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _remove(output: Path) -> None:
    """Remove a file or folder, its record, and the folders that this leaves empty."""
    if output.is_dir() and not output.is_symlink():
        shutil.rmtree(output)
    else:
        output.unlink(missing_ok=True)
    record_path(output).unlink()
    for parent in output.parents:
        if not parent.is_dir() or any(parent.iterdir()) or parent.parent == parent:
            return
        parent.rmdir()

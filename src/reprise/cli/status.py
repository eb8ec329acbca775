"""``reprise status``: what exists, its age, how long it took, and its size on disk."""

import datetime
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprise.cli.dryrun import Snakemake
from reprise.cli.history import all_records
from reprise.cli.jobs import EVERYTHING, Job
from reprise.cli.kept import kept_lines
from reprise.cli.stages import stage_folders
from reprise.cli.words import counted, duration, listed, noun, size

# Names of temporary files, which are being written or were left by a killed process: see storage.atomic.
_TEMPORARY = re.compile(r"^\.+.+\.[0-9a-f]{8}\.tmp(\..*)?$")
_COLUMNS = ("stage", "jobs", "to run", "newest", "took", "disk")


@dataclass
class Stage:
    """The outputs of the jobs of one rule.

    Attributes:
        jobs: number of jobs
        newest: time stamp of the newest output, in seconds
        seconds: duration of all jobs
        bytes: size of all outputs on disk
    """

    jobs: int = 0
    newest: float = 0.0
    seconds: float = 0.0
    bytes: int = 0

    def add(self, record: dict, files: Iterable[str]) -> None:
        """Add one job with its ``record`` and its output ``files``."""
        self.jobs += 1
        self.seconds += record["seconds"]
        for file in files:
            self.newest = max(self.newest, Path(file).stat().st_mtime)
            self.bytes += disk(Path(file))


def status(snakemake: Snakemake) -> str:
    """Describe what exists of the tables of the configuration and of the files that lead to them."""
    plan = snakemake.plan([EVERYTHING])
    every = plan.every
    folders = stage_folders(every, plan)
    stages = _stages(folders, every)
    if not stages:
        return f"{plan.output}: nothing was computed yet; {counted(len(plan.jobs), 'job')} would make all tables."
    waiting = Counter(job.rule for job in plan.jobs)
    order = dict.fromkeys([*(job.rule for job in every), *stages])
    rows = [_row(noun(rule)[1], stages.get(rule, Stage()), waiting[rule]) for rule in order]
    total = Stage(
        sum(stage.jobs for stage in stages.values()),
        max(stage.newest for stage in stages.values()),
        sum(stage.seconds for stage in stages.values()),
        sum(stage.bytes for stage in stages.values()),
    )
    lines = _aligned([_COLUMNS, *rows, _row("all", total, len(plan.jobs))])
    lines += ["", f"{plan.data}: {_data(Path(plan.data))}"]
    lines += _leftovers([*folders, Path(plan.output)])
    return "\n".join([*lines, *kept_lines(plan)])


def disk(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum((Path(parent) / name).lstat().st_size for parent, _, names in os.walk(path) for name in names)


def _stages(folders: Sequence[Path], every: Iterable[Job]) -> dict[str, Stage]:
    stages: dict[str, Stage] = {}
    seen: set[str] = set()
    for output, record in all_records(folders, every).items():
        files = [file for file in record["outputs"] if Path(file).exists()]
        if files and output not in seen:
            seen.update(record["outputs"])
            stages.setdefault(record["rule"], Stage()).add(record, files)
    return stages


def _row(name: str, stage: Stage, waiting: int) -> tuple[str, ...]:
    if not stage.jobs:
        return name, "0", str(waiting), "", "", ""
    newest = datetime.datetime.fromtimestamp(stage.newest).strftime("%Y-%m-%d %H:%M")
    return name, f"{stage.jobs:,}", f"{waiting:,}", newest, duration(stage.seconds), size(stage.bytes)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                  for index, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]  # fmt: skip


def _data(folder: Path) -> str:
    """Describe the size of every folder of the data: downloads, and the unpacked images."""
    parts = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return ", ".join(f"{part.name} {size(disk(part))}" for part in parts) or "no downloads"


def _leftovers(folders: Iterable[Path]) -> list[str]:
    found = {
        str(Path(parent) / name): None
        for folder in folders
        for parent, inner, names in os.walk(folder)
        for name in [*inner, *names]
        if _TEMPORARY.match(name)
    }
    if not found:
        return []
    taken = sum(disk(Path(path)) for path in found)
    text = (
        f"{counted(len(found), 'temporary file')}, {size(taken)}, of jobs that are running or were killed: "
        f"{listed(list(found))}; the next run of the same job removes them"
    )
    return [text]

"""``reprise redate``: after a copy, give files that are what their records say the times back that they had.

Snakemake compares times. A copy has new ones, in any order, so that most jobs would run again.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprise.cli.dryrun import Snakemake
from reprise.cli.history import all_records
from reprise.cli.jobs import EVERYTHING
from reprise.cli.stages import stage_folders
from reprise.cli.words import counted, listed
from reprise.pipeline.records import content_hash

_STAMP = ".snakemake_timestamp"  # carries the time of a folder
_SECOND = 10**9


def redate(snakemake: Snakemake) -> str:
    """Set the times of all files of the tables of the configuration whose content is the recorded one.

    Args:
        snakemake: finds the files

    Returns:
        what was done, in sentences; files whose content differs are named, and keep their times
    """
    plan = snakemake.plan([EVERYTHING])
    records = all_records([*stage_folders(plan.every, plan)], plan.every)
    hashes: dict[str, str] = {}
    set_back, differing = 0, []
    for path, sha256, modified in [*_outputs(records), *_images(records), *_sources(records)]:
        if not Path(path).exists() or Path(path).stat().st_mtime_ns == modified:
            continue
        if hashes.setdefault(path, content_hash(path)) == sha256:
            _set_time(Path(path), modified)
            set_back += 1
        else:
            differing.append(path)
    text = f"{counted(set_back, 'file or folder', 'files and folders')} got their recorded times back."
    if differing:
        text += f"\nOther than recorded, and left as they are: {listed(differing)}"
    return text


def _outputs(records: Mapping[str, dict]) -> Iterator[tuple[str, str, int]]:
    """Iterate over what jobs wrote: path, hash, and time in nanoseconds."""
    for output, record in records.items():
        state = record["outputs"][output]
        yield output, state["sha256"], state["modified"]


def _images(records: Mapping[str, dict]) -> Iterator[tuple[str, str, int]]:
    """Iterate over images of one's own, whose times are part of recipes."""
    seen: set[str] = set()
    for record in records.values():
        for path, (_, modified, *hashes) in record.get("images", {}).items():
            if hashes and path not in seen:  # earlier records have no hashes
                seen.add(path)
                yield path, hashes[0], modified


def _sources(records: Mapping[str, dict]) -> Iterator[tuple[str, str, int]]:
    """Iterate over other files that no job wrote; not recorded, their times were before those of the first job."""
    earliest: dict[tuple[str, str], int] = {}
    for record in records.values():
        before = min(state["modified"] for state in record["outputs"].values()) - _SECOND
        for source in record["inputs"].items():
            if source[0] not in records:
                earliest[source] = min(before, earliest.get(source, before))
    for (path, sha256), before in earliest.items():
        if Path(path).exists() and Path(path).stat().st_mtime_ns > before:
            yield path, sha256, before


def _set_time(path: Path, modified: int) -> None:
    for file in (path, path / _STAMP) if path.is_dir() else (path,):
        if file.exists():
            os.utime(file, ns=(modified, modified))

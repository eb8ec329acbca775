"""``reprise downloads``: the published files that targets need, before the first byte of them is fetched."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.cli.dryrun import Snakemake
from reprise.cli.words import counted, size
from reprise.downloads.sources import Source, read_sources, with_own

_UNKNOWN = "?"


@dataclass(frozen=True)
class Needed:
    """A published file that a target needs.

    Attributes:
        source: its entry in sources.yaml
        place: where it is, or will be
        asks: whether the user has still to accept its licence
    """

    source: Source
    place: Path
    asks: bool = False

    @property
    def there(self) -> bool:
        """Whether it was downloaded, or put into place by hand."""
        return self.place.is_file()

    @property
    def bytes(self) -> int | None:
        """Its size; None where none is known before."""
        return self.place.stat().st_size if self.there else self.source.bytes


def downloads(
    snakemake: Snakemake,
    targets: Sequence[str],
    sources: str | os.PathLike,
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """List the published files that targets need: size, licence, address and whether it is there.

    Args:
        snakemake: the project
        targets: files that can be asked for
        sources: config/sources.yaml
        own: the sources of the configuration itself

    Returns:
        a line for each file, grouped by licence, then the sums, and the free space of the disk

    Raises:
        DataError: a target that no rule makes, or a configuration that is wrong
    """
    plan = snakemake.plan(targets)
    known = with_own(read_sources(sources), own or {})
    asked = {job.wildcards["source"]: job.resources["to_be_accepted"] for job in plan.every if job.rule == "download"}
    folder = Path(plan.data) / "downloads"
    files = [Needed(known[key], folder / known[key].file, bool(asks)) for key, asks in asked.items()]
    if not files:
        return f"{', '.join(targets)}: needs no published file."
    licences: dict[str, list[Needed]] = {}
    for file in files:
        licences.setdefault(file.source.licence, []).append(file)
    lines: list[str] = []
    for licence, of in licences.items():
        lines += [f"Licence: {licence}", *(line for file in of for line in _lines(file)), ""]
    return "\n".join([*lines, *_sums(files, folder)])


def _lines(file: Needed) -> list[str]:
    state = "there" if file.there else "to fetch"
    known = size(file.bytes) if file.bytes is not None else _UNKNOWN
    lines = [f"  {state:<8}  {known:>9}  {file.source.file}"]
    if not file.there:
        lines.append(f"      from {file.source.urls[0]}")
        if file.source.by_hand:
            lines.append(f"      by hand: {file.source.by_hand}")
        if file.source.consent and file.asks:
            lines.append(f"      asks for consent: {file.source.consent.demands} ({file.source.consent.read})")
    return lines


def _sums(files: Sequence[Needed], folder: Path) -> list[str]:
    missing = [file for file in files if not file.there]
    unknown = sum(file.bytes is None for file in missing)
    total = sum(file.bytes or 0 for file in missing)
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    lines = [f"{counted(len(files), 'file')}, {len(files) - len(missing)} of them there."]
    if missing:
        more = f", and {counted(unknown, 'file')} of unknown size" if unknown else ""
        lines.append(f"To fetch: {size(total)}{more}. Archives need as much again, unpacked, at least.")
    consents = sorted({file.source.consent.name for file in missing if file.source.consent and file.asks})
    if consents:
        lines.append(
            f"Before that, read the licences of {', '.join(consents)}, and list them under accept: in an overlay."
        )
    return [*lines, f"Free on the disk of {existing}: {size(shutil.disk_usage(existing).free)}."]

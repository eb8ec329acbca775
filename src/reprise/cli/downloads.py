"""``reprise downloads``: the published files that targets need, before the first byte of them is fetched."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from reprise.cli.dryrun import Snakemake
from reprise.cli.jobs import DryRun
from reprise.cli.words import counted, size
from reprise.downloads.sources import Source, read_sources, with_own

_UNKNOWN = "?"
_UNPACKING = ("unpack", "unpack_archive")
_SINGLY = 4  # more files of one series are one line


@dataclass(frozen=True)
class Needed:
    """A published file that a target needs.

    Attributes:
        source: its entry in sources.yaml
        place: where it is, or will be
        asks: whether the user has still to accept its licence
        unpacked: whether it is an archive that is unpacked, and kept
        mirror: the folder or address that takes the place of the publisher's; empty for none
    """

    source: Source
    place: Path
    asks: bool = False
    unpacked: bool = False
    mirror: str = ""

    @property
    def there(self) -> bool:
        """Whether it was downloaded, or put into place by hand."""
        return self.place.is_file()

    @property
    def origin(self) -> str:
        """Where it is fetched from."""
        return f"{self.mirror.rstrip('/')}/{self.source.file}" if self.mirror else self.source.urls[0]

    @property
    def by_hand(self) -> str | None:
        """What has to be done where it cannot be fetched; None where it can."""
        return None if self.mirror else self.source.by_hand

    @property
    def bytes(self) -> int | None:
        """Its size, if only rounded; None where none is known before."""
        return self.place.stat().st_size if self.there else self.source.bytes or self.source.about

    @property
    def size(self) -> str:
        """Its size in words."""
        rounded = not self.there and self.source.bytes is None
        return _UNKNOWN if self.bytes is None else f"about {size(self.bytes)}" if rounded else size(self.bytes)

    @property
    def series(self) -> tuple[object, ...]:
        """What files of one series have in common: terms, folder, size, and whether they are there."""
        folder = str(PurePosixPath(self.source.urls[0]).parent)
        return self.source.licence, folder, self.size, self.there, self.by_hand, self.asks


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
        a line for each file, or series of files, grouped by licence, then the sums, and the free space of the disk

    Raises:
        DataError: a target that no rule makes, or a configuration that is wrong
    """
    plan = snakemake.plan(targets)
    folder = Path(plan.data) / "downloads"
    files = needed(plan, folder, with_own(read_sources(sources), own or {}))
    if files:
        return listing(files, folder)
    drawn = sum(job.rule == "download" for job in plan.every)
    more = f"; {counted(drawn, 'file')} of the miniature {'is' if drawn == 1 else 'are'} drawn here" if drawn else ""
    return f"{', '.join(targets)}: needs no published file{more}."


def listing(files: Sequence[Needed], folder: Path) -> str:
    """Describe published files, grouped by licence, and add up their sizes.

    Args:
        files: the files
        folder: where downloads are
    """
    licences: dict[tuple[str, str | None], list[Needed]] = {}
    for file in files:
        licences.setdefault((file.source.licence, file.source.licence_at), []).append(file)
    lines: list[str] = []
    for (licence, page), of in licences.items():
        lines.append(f"Licence: {licence}" + (f" ({page})" if page else ""))
        lines += [*_listed(of), ""]
    return "\n".join([*lines, *_sums(files, folder)])


def needed(plan: DryRun, folder: Path, known: Mapping[str, Source]) -> list[Needed]:
    """The published files among what leads to the targets of a plan; those that a miniature draws are none.

    Args:
        plan: the plan
        folder: where downloads are
        known: all sources
    """
    unpacked = {file for job in plan.every if job.rule in _UNPACKING for file in job.inputs}
    return [
        Needed(
            known[job.wildcards["source"]],
            folder / known[job.wildcards["source"]].file,
            bool(job.resources["to_be_accepted"]),
            not unpacked.isdisjoint(job.outputs),
            str(job.resources.get("mirror") or ""),
        )
        for job in plan.every
        if job.rule == "download" and not job.resources.get("drawn")
    ]


def disk_needed(files: Iterable[Needed]) -> tuple[int, int]:
    """The bytes of files as they are fetched, and of what is unpacked of them, as far as sizes are known.

    Archives of images become hardly larger when they are unpacked; they count as often as they are stored.
    """
    listed = list(files)
    return sum(file.bytes or 0 for file in listed), sum(file.bytes or 0 for file in listed if file.unpacked)


def _listed(files: Sequence[Needed]) -> list[str]:
    series: dict[tuple[object, ...], list[Needed]] = {}
    for file in files:
        series.setdefault(file.series, []).append(file)
    lines: list[str] = []
    for of in series.values():
        if len(of) > _SINGLY:
            lines += _together(of)
        else:
            lines += [line for file in of for line in _lines(file, f"{file.size:>13}  {file.source.file}")]
    return lines


def _together(files: Sequence[Needed]) -> list[str]:
    """Describe a series of files that differ in their numbers, such as the archives of one set of images."""
    first, last = files[0].source.file, files[-1].source.file
    each = f", {files[0].size} each" if files[0].bytes is not None else ""
    total = size(sum(file.bytes or 0 for file in files)) if files[0].bytes is not None else _UNKNOWN
    return _lines(files[0], f"{total:>13}  {counted(len(files), 'file')}{each}: {first} ... {last}")


def _lines(file: Needed, text: str) -> list[str]:
    lines = [f"  {'there' if file.there else 'to fetch':<8}  {text}"]
    if not file.there:
        lines.append(f"      from {file.origin}")
        if file.by_hand:
            lines.append(f"      by hand: {file.by_hand}")
        if file.source.consent and file.asks:
            lines.append(f"      asks for consent: {file.source.consent.demands} ({file.source.consent.read})")
    return lines


def _sums(files: Sequence[Needed], folder: Path) -> list[str]:
    missing = [file for file in files if not file.there]
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(existing).free
    lines = [f"{counted(len(files), 'file')}, {len(files) - len(missing)} of them there."]
    if missing:
        unknown = sum(file.bytes is None for file in missing)
        more = f", and {counted(unknown, 'file')} of unknown size" if unknown else ""
        packed, unpacked = disk_needed(missing)
        lines.append(f"To fetch: {size(packed)}{more}. Unpacked, archives need about as much again: {size(unpacked)}.")
        by_hand = [file.source.file for file in missing if file.by_hand]
        if by_hand:
            lines.append(f"By hand: {counted(len(by_hand), 'file')}; put them into {folder}.")
    consents = sorted({file.source.consent.name for file in missing if file.source.consent and file.asks})
    if consents:
        lines.append(
            f"Before that, read the licences of {', '.join(consents)}, and list them under accept: in an overlay."
        )
    lines.append(f"Free on the disk of {existing}: {size(free)}.")
    if missing and packed + unpacked > free:
        lines.append(f"That is {size(packed + unpacked - free)} too little; set data: to a folder of another disk.")
    return lines

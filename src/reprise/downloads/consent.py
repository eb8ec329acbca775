"""Consent: files whose licences ask for it are downloaded only after the user has said so.

A licence that asks for more than a citation stands in config/sources.yaml under ``consent``, with a name that several
files may share. The setting ``accept`` lists the names that the user agrees to. Nothing is asked for a file that the
user has put into place, and none for a mirror that is a folder of this machine, since both are copies of their own.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from reprise.downloads.sources import SCHEMES, Consent, Source
from reprise.storage.errors import DownloadError, unknown_name


def needs_consent(source: Source, accepted: Collection[str], mirror: str | None) -> bool:
    """Whether a file may not be fetched yet.

    Args:
        source: the file
        accepted: the names that the user agrees to
        mirror: what replaces all addresses, or None
    """
    own = bool(mirror) and not str(mirror).startswith(SCHEMES)
    return source.consent is not None and source.consent.name not in accepted and not own


def check_accepted(accepted: Iterable[str], sources: Mapping[str, Source]) -> None:
    """Check that ``accept`` lists names that files have; DataError with the nearest one."""
    known = sorted({source.consent.name for source in sources.values() if source.consent})
    for name in accepted:
        if name not in known:
            raise unknown_name("config.accept", name, known)


def check_consent(files: Iterable[tuple[Source, str]], accepted: Collection[str], mirror: str | None) -> None:
    """Refuse to fetch files whose licences the user has not accepted, all at once.

    Args:
        files: sources and their places; a file that is there is not fetched
        accepted: the names that the user agrees to
        mirror: what replaces all addresses, or None

    Raises:
        DownloadError: naming each licence, where to read it, the line to add, and the places of the files
    """
    missing = [
        (source, place) for source, place in files
        if needs_consent(source, accepted, mirror) and not Path(place).exists()
    ]  # fmt: skip
    if missing:
        raise DownloadError(_question(missing, accepted))


def _question(missing: list[tuple[Source, str]], accepted: Collection[str]) -> str:
    lines: list[str] = []
    groups: dict[Consent, list[tuple[Source, str]]] = {}
    for source, place in missing:
        if source.consent is not None:
            groups.setdefault(source.consent, []).append((source, place))
    for consent, files in groups.items():
        source, place = files[0]
        others = f" and {len(files) - 1} more" if len(files) > 1 else ""
        lines += [
            f"{consent.name}: {source.file}{others} ({source.licence})",
            f"  what is asked: {consent.demands}",
            f"  where to read: {consent.read}",
            f"  without consent: put it at {place}{others}; what is there is checked and used",
        ]
    names = dict.fromkeys([*accepted, *(consent.name for consent in groups)])
    return (
        "nothing was downloaded, because licences ask for your consent first:\n"
        + "\n".join(lines)
        + "\nIf you accept them, set this in config/config.yaml, or in a file that you give with --configfile:\n"
        + f"accept: [{', '.join(names)}]"
    )

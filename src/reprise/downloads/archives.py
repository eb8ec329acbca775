"""Archives from other people: unpacked completely or not at all, and never outside the destination."""

import filecmp
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from reprise.downloads.archive_members import Member, read_members
from reprise.storage.atomic import atomic_path, write_text
from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error

_BLOCK = 1 << 20
#: What an archive may unpack to: so many times its own size, and this many bytes more. Archives of photographs grow by
#: a few percent, texts tenfold. The environment variable is the number of bytes for the archive that needs more.
_GROWTH, _ALLOWANCE = 50, 64 << 20
MOST_BYTES = "REPRISE_UNPACKED_BYTES"
_COST_OF_A_FILE = 1024  # bytes, on the disk, of one that is empty


def unpack(
    archive: str | os.PathLike,
    destination: str | os.PathLike,
    *,
    flatten: bool = False,
    most_bytes: int | None = None,
) -> list[tuple[str, int]]:
    """Unpack the regular files of a tar, tar.gz or zip archive into a folder.

    Links become copies of the files that they lead to. Several archives may share a destination: two files of the same
    name are an error unless they have the same content. After an error, the destination is as it was.

    Args:
        archive: the archive
        destination: the folder
        flatten: write files of any depth directly into ``destination``
        most_bytes: more than this is never written. None: what the environment variable ``REPRISE_UNPACKED_BYTES``
            says, or else what is plausible for an archive of this size, 64 MiB and fifty times as much

    Returns:
        (name relative to the destination, bytes) of every file of this archive, sorted

    Raises:
        DataError: a damaged archive, one that would write outside the destination or more than it may, that holds
            devices or names that no disk takes, or a disk that is too small
    """
    archive, destination = Path(archive), Path(destination)
    if not archive.is_file():
        raise DataError(f"{archive}: no such file. Delete its receipt to have it fetched again.")
    if not destination.exists():
        with atomic_path(destination) as stage:
            stage.mkdir()
            return _extract(archive, stage, flatten, most_bytes)
    if not destination.is_dir():
        raise DataError(f"{archive}: {destination} is a file, where a folder is needed; move it away")
    prefix = f".{destination.name}."
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=prefix) as folder:
        files = _extract(archive, Path(folder), flatten, most_bytes)
        merge(archive, Path(folder), destination, files)
    return files


def unpack_set(
    archives: Iterable[str | os.PathLike],
    folder: str | os.PathLike,
    manifest: str | os.PathLike,
    *,
    flatten: bool = False,
    most_bytes: int | None = None,
) -> None:
    """Unpack several archives into one folder, which appears when all are in it and replaces an older one.

    Args:
        archives: the archives
        folder: the folder
        manifest: the text file to write, a line per file with its name in the folder and its bytes, tab-separated and
            sorted
        flatten: write files of any depth directly into ``folder``
        most_bytes: of each archive, as in :func:`unpack`

    Raises:
        DataError: as :func:`unpack`
    """
    files: set[tuple[str, int]] = set()
    with atomic_path(folder) as stage:
        stage.mkdir()
        for archive in archives:
            files.update(unpack(archive, stage, flatten=flatten, most_bytes=most_bytes))
    write_text(manifest, "".join(f"{name}\t{size}\n" for name, size in sorted(files)))


def _extract(archive: Path, stage: Path, flatten: bool, most_bytes: int | None) -> list[tuple[str, int]]:
    written: dict[str, Path] = {}
    links: list[Member] = []
    allowed = _Allowed(archive, most_bytes)

    def write(member: Member) -> None:
        path = stage / (PurePosixPath(member.name).name if flatten else member.name)
        _write(archive, member, stage, path, allowed)
        written[member.name] = path

    try:
        for member in tqdm(read_members(archive, stage), desc=archive.name, unit=" files", mininterval=10):
            links.append(member) if member.content is None else write(member)
        for link in links:
            # Only members can be the content of a link, so that nothing outside of the archive is ever read.
            if link.target not in written:
                raise DataError(f"{archive}: refused to unpack it: {link.name} links to {link.target}, no file of it")
            with written[link.target].open("rb") as content:
                write(Member(link.name, written[link.target].stat().st_size, content))
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(
            f"{archive}: refused to unpack it: the name {error.object!r:.80} is not in UTF-8; unpack it by hand"
        ) from error
    except Exception as error:  # whatever the readers of archives make of damaged bytes
        about = getattr(error, "filename", None) or archive
        text = f"{error}".splitlines()[0][:200] if f"{error}" else ""
        raise system_error(about, error) or DataError(
            f"{archive}: truncated or damaged ({type(error).__name__}: {text}). "
            "Delete it and its receipt to have it fetched again."
        ) from error
    return sorted({(path.relative_to(stage).as_posix(), path.stat().st_size) for path in written.values()})


class _Allowed:
    """Counts the bytes that an archive writes."""

    def __init__(self, archive: Path, most_bytes: int | None) -> None:
        self._archive = archive
        told = os.environ.get(MOST_BYTES, "")
        if most_bytes is None and told:
            if not re.fullmatch(r"\d{1,18}", told):
                raise DataError(f"{MOST_BYTES}: is {told!r:.40}; expected a number of bytes")
            most_bytes = int(told)
        self._most = _ALLOWANCE + _GROWTH * archive.stat().st_size if most_bytes is None else most_bytes
        self._taken = 0

    def take(self, count: int) -> None:
        """Add what the next file needs; DataError where it is too much."""
        self._taken += count
        if count < 0 or self._taken > self._most:
            raise DataError(
                f"{self._archive}: refused to unpack it: it needs {self._taken} bytes or more, and {self._most} are "
                f"plausible for its size; if you trust its origin, set {MOST_BYTES} in the environment and run again"
            )


def _write(archive: Path, member: Member, stage: Path, path: Path, allowed: _Allowed) -> None:
    assert member.content is not None
    free = shutil.disk_usage(stage).free
    if member.size > free:
        raise DataError(
            f"{archive}: {member.name} needs {member.size} bytes unpacked, but {free} bytes are free on the "
            f"disk of {stage.parent}. Free some space and run again."
        )
    allowed.take(_COST_OF_A_FILE + member.size)
    if path.is_file():
        with path.open("rb") as other:
            if not _same(member.content, other):
                raise DataError(f"{archive}: two different files would be unpacked to the same name {path.name}")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as handle:
            shutil.copyfileobj(member.content, handle, _BLOCK)
    except (FileExistsError, NotADirectoryError) as error:
        raise DataError(f"{archive}: {member.name}, or a part of this name, is both a file and a folder") from error
    if path.stat().st_size != member.size:
        raise EOFError(f"{member.name} ends early")


def _same(first: IO[bytes], second: IO[bytes]) -> bool:
    while True:
        block = first.read(_BLOCK)
        if block != second.read(len(block) or 1):
            return False
        if not block:
            return True


def merge(archive: Path, stage: Path, destination: Path, files: list[tuple[str, int]]) -> None:
    """Move the files of an archive from ``stage`` to a folder; one that differs from what is there is a DataError."""
    for name, _ in files:
        old = destination / name
        blocking = [path for path in old.parents if path.is_relative_to(destination) and path.is_file()]
        if blocking or old.is_dir():
            raise DataError(
                f"{archive}: {name}, or a part of this name, is a file in one place and a folder in the other, "
                f"{destination}. Delete that folder to unpack all its archives again."
            )
        if old.exists() and (not old.is_file() or not filecmp.cmp(stage / name, old, shallow=False)):
            raise DataError(
                f"{archive}: {name} differs from the file of that name in {destination}, of another archive. "
                "If that one is older, and outdated, delete it and run again."
            )
    for name, _ in files:
        path = destination / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (stage / name).replace(path)

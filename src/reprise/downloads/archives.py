"""Archives from other people: unpacked completely or not at all, and never outside the destination."""

import filecmp
import gzip
import logging
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

from tqdm import tqdm

from reprise.storage.atomic import atomic_path, write_text
from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error

_log = logging.getLogger(__name__)

_BLOCK = 1 << 20
#: What an archive may unpack to: so many times its own size, and this many bytes more. Archives of photographs grow by
#: a few percent, texts tenfold. The environment variable is the number of bytes for the archive that needs more.
_GROWTH, _ALLOWANCE = 50, 64 << 20
MOST_BYTES = "REPRISE_UNPACKED_BYTES"
_COST_OF_A_FILE = 1024  # bytes, on the disk, of one that is empty
_LARGEST_HEADER = 1 << 20
_LONGEST_NAME = 255  # bytes, of every common file system
_LONGEST_LINK = 4096
_LONG_NUMBER = re.compile(rb"\d{100}")
_HEADERS_OF_NAMES = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


@dataclass
class _Member:
    """A file of an archive: its content, or the name of the member that it links to."""

    name: str
    size: int
    content: IO[bytes] | None = None
    target: str | None = None


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
    links: list[_Member] = []
    allowed = _Allowed(archive, most_bytes)

    def write(member: _Member) -> None:
        path = stage / (PurePosixPath(member.name).name if flatten else member.name)
        _write(archive, member, stage, path, allowed)
        written[member.name] = path

    try:
        for member in tqdm(_members(archive, stage), desc=archive.name, unit=" files", mininterval=10):
            links.append(member) if member.content is None else write(member)
        for link in links:
            # Only members can be the content of a link, so that nothing outside of the archive is ever read.
            if link.target not in written:
                raise DataError(f"{archive}: refused to unpack it: {link.name} links to {link.target}, no file of it")
            with written[link.target].open("rb") as content:
                write(_Member(link.name, written[link.target].stat().st_size, content))
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


def _write(archive: Path, member: _Member, stage: Path, path: Path, allowed: _Allowed) -> None:
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


def _members(archive: Path, stage: Path) -> Iterator[_Member]:
    with archive.open("rb") as handle:
        magic = handle.read(4)
        handle.seek(0)
        if magic == b"PK\x03\x04" or magic == b"PK\x05\x06":
            yield from _zip_members(archive, handle, stage)
        elif magic[:2] == b"\x1f\x8b":
            with gzip.open(handle) as plain:
                yield from _tar_members(archive, plain)
        else:
            yield from _tar_members(archive, handle)


def _tar_members(archive: Path, handle: BinaryIO | gzip.GzipFile) -> Iterator[_Member]:
    stream = _Watched(handle)
    options: dict[str, Any] = {"tarinfo": _Header, "encoding": "utf-8", "errors": "strict"}
    with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|", **options) as tar:
        for info in tar:
            name = _name(archive, info.name) if not info.isdir() else ""
            if info.isreg():
                if info.sparse is not None:
                    raise DataError(f"{archive}: {name} is stored without its zeros; unpack the archive by hand")
                yield _Member(name, info.size, content=tar.extractfile(info))
            elif info.islnk():
                yield _Member(name, 0, target=_name(archive, info.linkname))
            elif info.issym():
                yield _Member(name, 0, target=_linked(archive, name, info.linkname))
            elif not info.isdir():
                raise DataError(f"{archive}: refused to unpack it: {info.name} is a device or a pipe")
        end = tar.offset
    # The checksum of gzip is at the very end, so everything is read. tarfile stops without an error
    # where the file was cut between two members, or where the head of a member is damaged; an archive ends
    # with zeros.
    marked = stream.is_zero(end)
    while stream.read(_BLOCK):
        pass
    cut = stream.position <= end
    if stream.last <= end and not cut:
        return
    # With a checksum that holds, it is as its publisher made it.
    if not isinstance(handle, gzip.GzipFile) or not (marked or cut):
        raise EOFError("the end of the archive is missing")
    found = "no end marker" if cut else f"{stream.last - end} bytes after its last file, which are left out"
    _log.warning("%s: has %s; its checksum is right, so it was made so and is used", archive, found)


class _Header(tarfile.TarInfo):
    """The header of a member, of bounded size: tarfile reads all of it into memory and searches it for numbers."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        """Read the header; a name that is longer than its place has a header of its own before it."""
        header = super().frombuf(buf, encoding, errors)
        if header.type in _HEADERS_OF_NAMES and not 0 <= header.size <= _LARGEST_HEADER:
            raise EOFError(f"a header of {header.size} bytes")
        return header

    def _proc_pax(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        stream: Any = tar.fileobj
        content = stream.read(self._block(self.size))  # type: ignore[attr-defined]
        # Searching it takes the square of the length of its longest number.
        if _LONG_NUMBER.search(content):
            raise EOFError("a number of a header is too long")
        tar.fileobj = cast(Any, _ReadAhead(tar, content))
        return super()._proc_pax(tar)  # type: ignore[misc]


class _ReadAhead:
    """Gives what was read ahead in place of the next read of a tar file, and steps aside."""

    def __init__(self, tar: tarfile.TarFile, content: bytes) -> None:
        self._tar, self._stream, self._content = tar, tar.fileobj, content

    def read(self, count: int) -> bytes:
        """Return the content, of the size that is expected."""
        self._tar.fileobj = self._stream
        return self._content


class _Watched:
    """A stream that counts its bytes and remembers the latest, and where the last one that is not zero ended."""

    def __init__(self, handle: BinaryIO | gzip.GzipFile) -> None:
        self._handle = handle
        self.position = 0
        self.last = 0
        self._latest = b""

    def read(self, count: int, /) -> bytes:
        data = self._handle.read(count)
        content = data.rstrip(b"\0")
        if content:
            self.last = self.position + len(content)
        self.position += len(data)
        self._latest = (self._latest + data)[-2 * tarfile.RECORDSIZE :]
        return data

    def is_zero(self, place: int) -> bool:
        """Whether the block of an archive that was read last, at ``place``, is an end marker."""
        start = place - (self.position - len(self._latest))
        block = self._latest[start : start + tarfile.BLOCKSIZE] if start >= 0 else b""
        return len(block) == tarfile.BLOCKSIZE and not any(block)


def _zip_members(archive: Path, handle: BinaryIO, stage: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(handle) as bundle:
        infos = [info for info in bundle.infolist() if not info.is_dir()]
        needed, free = sum(info.file_size for info in infos), shutil.disk_usage(stage).free
        if needed > free:
            raise DataError(f"{archive}: needs {needed} bytes unpacked, but {free} bytes are free; free some space")
        for info in infos:
            name = _name(archive, info.filename)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.flag_bits & 1:
                raise DataError(f"{archive}: {name} is encrypted; unpack the archive by hand")
            if kind not in (0, stat.S_IFREG, stat.S_IFLNK):
                raise DataError(f"{archive}: refused to unpack it: {name} is a device or a pipe")
            if kind == stat.S_IFLNK:
                if info.file_size > _LONGEST_LINK:
                    raise EOFError(f"a link to a name of {info.file_size} bytes")
                yield _Member(name, 0, target=_linked(archive, name, bundle.read(info).decode("utf-8")))
                continue
            with bundle.open(info) as content:
                yield _Member(name, info.file_size, content=content)


def _name(archive: Path, name: str) -> str:
    """Return the name of a member in its shortest form; names that lead outside the destination are refused."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    drive = len(name) > 1 and name[1] == ":"
    if not parts or name.startswith("/") or drive or ".." in parts or "\\" in name:
        raise DataError(f"{archive}: refused to unpack it: {name!r:.80} leads out of the destination")
    if any(ord(character) < 32 for character in name):
        raise DataError(f"{archive}: refused to unpack it: {name!r:.80} has control characters in its name")
    if any(len(part.encode()) > _LONGEST_NAME for part in parts):
        raise DataError(f"{archive}: refused to unpack it: {name!r:.80} is longer than {_LONGEST_NAME} bytes")
    return "/".join(parts)


def _linked(archive: Path, name: str, target: str) -> str:
    """Return the member that a symbolic link leads to; its target is relative to the folder of the link."""
    parts = name.split("/")[:-1]
    for part in target.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if target.startswith("/") or len(target) > _LONGEST_LINK:
        raise DataError(
            f"{archive}: refused to unpack it: the link {name:.80} leads to {target!r:.80}, out of the archive"
        )
    return _name(archive, "/".join(parts))

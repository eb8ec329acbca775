"""The members of tar and zip archives from other people: what a reader of archives would believe is checked here."""

import gzip
import logging
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)

_BLOCK = 1 << 20
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
class Member:
    """A file of an archive: its content, or the name of the member that it links to."""

    name: str
    size: int
    content: IO[bytes] | None = None
    target: str | None = None


def read_members(archive: Path, stage: Path) -> Iterator[Member]:
    """Iterate over the files of a tar, tar.gz or zip archive, and over the links to them.

    The content of a file has to be read before the next member is asked for. Damaged bytes raise whatever their readers
    make of them.

    Args:
        archive: the archive
        stage: the folder that it is unpacked into, whose disk has to have room for the files of a zip archive

    Raises:
        DataError: members that lead out of the archive, that no folder may have, or that the disk has no room for
    """
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


def _tar_members(archive: Path, handle: BinaryIO | gzip.GzipFile) -> Iterator[Member]:
    stream = _Watched(handle)
    options: dict[str, Any] = {"tarinfo": _Header, "encoding": "utf-8", "errors": "strict"}
    with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|", **options) as tar:
        for info in tar:
            name = _name(archive, info.name) if not info.isdir() else ""
            if info.isreg():
                if info.sparse is not None:
                    raise DataError(f"{archive}: {name} is stored without its zeros; unpack the archive by hand")
                yield Member(name, info.size, content=tar.extractfile(info))
            elif info.islnk():
                yield Member(name, 0, target=_name(archive, info.linkname))
            elif info.issym():
                yield Member(name, 0, target=_linked(archive, name, info.linkname))
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


def _zip_members(archive: Path, handle: BinaryIO, stage: Path) -> Iterator[Member]:
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
                yield Member(name, 0, target=_linked(archive, name, bundle.read(info).decode("utf-8")))
                continue
            with bundle.open(info) as content:
                yield Member(name, info.file_size, content=content)


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

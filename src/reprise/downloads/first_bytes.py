"""What files of each kind begin with, by which a web page in place of a file is recognised."""

import codecs
import os
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePath

_HEAD = 1 << 16  # bytes that are looked at
_TAR = 512  # bytes of the head of a member of a tar archive
_SHOWN = 40

_MARKUP = re.compile(rb"\s*<(!doctype|html|head|body|\?xml|!--|script|error)", re.IGNORECASE)
_JSON = re.compile(rb'\s*(\{\s*["}]|\[\s*["{\]])')
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
# Protocols 0 and 1 have no mark: a container, or the global of an array.
_PICKLE = re.compile(rb"\x80[\x02-\x05]|[(}\]]|c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def what_is_wrong(path: str | os.PathLike, name: str) -> str | None:
    """Compare the first bytes of a file with what files of its kind begin with.

    Args:
        path: the file
        name: the name whose suffix says the kind; of an unknown kind, the file may be anything but empty or a page

    Returns:
        what the file seems to be in place of that, with its first bytes; None where it fits
    """
    with Path(path).open("rb") as handle:
        head = handle.read(_HEAD)
    if not head:
        return "it is empty"
    kind, fits = _expected(name)
    if fits(head):
        return None
    return f"it is no {kind}: it begins with {head[:_SHOWN]!r}{_looks_like(head)}"


def _expected(name: str) -> tuple[str, Callable[[bytes], bool]]:
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    for suffix in ("".join(suffixes[-2:]), suffixes[-1] if suffixes else ""):
        if suffix in _KINDS:
            return _KINDS[suffix]
    return "file of any kind but a web page", lambda head: not _is_page(head)


def _looks_like(head: bytes) -> str:
    likely = {
        "a web page or a message in XML": _MARKUP.match(head) is not None,
        "a message in JSON": _JSON.match(head) is not None,
        "something compressed with gzip": head[:2] == b"\x1f\x8b",
        "a zip archive": head.startswith(_ZIP),
    }
    return next((f", as {kind} does" for kind, found in likely.items() if found), "")


def _is_page(head: bytes) -> bool:
    """Whether it is a web page or a message of a server, compressed or not."""
    plain = _unzipped(head) or head
    return bool(_MARKUP.match(plain) or _JSON.match(plain))


def _unzipped(head: bytes) -> bytes:
    """Return what the first bytes of gzip data hold; nothing where they are something else."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    except zlib.error:
        return b""


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head[:_TAR], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _is_text(head: bytes) -> bool:
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    return not _MARKUP.match(head) and not set(head) & set(_CONTROL)


def _is_json(head: bytes) -> bool:
    return _is_text(head) and re.match(rb'(\xef\xbb\xbf)?\s*[{\["\d-]', head) is not None


def _begins_with(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


# Some publishers, and some servers, leave out the compression that the name promises.
_tgz = ("tar archive compressed with gzip", lambda head: _is_tar(_unzipped(head) or head))
# Zip since torch 1.6, a pickle before, and tar in its first months.
_checkpoint = ("checkpoint of torch", lambda head: head.startswith((_ZIP[0], b"\x80")) or _is_tar(head))
_hdf5 = ("HDF5 file", _begins_with(_HDF5))
_jpeg = ("JPEG image", _begins_with(b"\xff\xd8\xff"))
_tiff = ("TIFF image", _begins_with(b"II*\0", b"MM\0*"))
_text = ("text", lambda head: _is_text(head) and not _JSON.match(head))
_pickle = ("pickle", lambda head: bool(_PICKLE.match(head)) or head.startswith(_ZIP[0]))

# Suffix -> the kind, and whether first bytes are those of one.
_KINDS: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    ".tar": ("tar archive", _is_tar),
    ".tgz": _tgz,
    ".tar.gz": _tgz,
    ".gz": ("gzip data", lambda head: head[:2] == b"\x1f\x8b" and not _is_page(head)),
    ".zip": ("zip archive", _begins_with(*_ZIP)),
    ".pkl": _pickle,
    ".pickle": _pickle,
    ".pth": _checkpoint,
    ".pt": _checkpoint,
    ".pyth": _checkpoint,
    ".pth.tar": _checkpoint,
    ".params": _checkpoint,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".npy": ("array of numpy", _begins_with(b"\x93NUMPY")),
    ".npz": ("archive of numpy", _begins_with(*_ZIP)),
    ".mat": ("file of MATLAB", _begins_with(b"MATLAB", _HDF5)),
    ".db": ("database of SQLite", _begins_with(b"SQLite format 3\0")),
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".png": ("PNG image", _begins_with(b"\x89PNG\r\n\x1a\n")),
    ".bmp": ("BMP image", _begins_with(b"BM")),
    ".gif": ("GIF image", _begins_with(b"GIF8")),
    ".tif": _tiff,
    ".tiff": _tiff,
    ".webp": ("WebP image", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    ".ppm": ("PPM image", _begins_with(b"P3", b"P6")),
    ".pgm": ("PGM image", _begins_with(b"P2", b"P5")),
    ".txt": _text,
    ".csv": _text,
    ".tsv": _text,
    ".json": ("text in JSON", _is_json),
    ".yaml": ("text in YAML", _is_text),
    ".yml": ("text in YAML", _is_text),
}

"""Files of an inverted file: one .npy for each array, and their sizes and checksums in index.json."""

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from reprise.formats.array_folders import as_buffer, open_array
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.storage.json_files import load_json

FORMAT, VERSION = "reprise inverted file", 1

#: Arrays and their dtypes on disk; None: uint32 for a binary index, else float32. Only ``weights`` may be absent.
DTYPES = {"offsets": "<i8", "image_ids": "<u4", "vectors": None, "norms": "<f8", "weights": "<f4"}

#: Keys of index.json beside format, version and crc32.
_FIELDS = {"words": int, "images": int, "postings": int, "width": int, "binary": bool, "idf": bool}


class IndexWriter:
    """Writes the files of an inverted file, postings first; made by :func:`create`.

    Args:
        folder: the folder
        n_postings: number of postings that will be written
        kind: width and dtype of the vectors
        stack: closes the files
    """

    def __init__(self, folder: Path, n_postings: int, kind: tuple[int, np.dtype], stack: ExitStack):
        self._folder = folder
        self._kind = kind
        self._n_postings = n_postings
        self._shapes = {"image_ids": (n_postings,), "vectors": (n_postings, kind[0])}
        self._files = {key: stack.enter_context((folder / f"{key}.npy").open("wb")) for key in self._shapes}
        self._checksums = dict.fromkeys(self._shapes, 0)
        for key, dtype in (("image_ids", np.dtype("u4")), ("vectors", kind[1])):
            _write_header(self._files[key], dtype, self._shapes[key])

    def append(self, image_ids: np.ndarray, vectors: np.ndarray) -> None:
        """Write the next postings.

        Args:
            image_ids: (P,) uint32
            vectors: (P, width), in the dtype of the file
        """
        for key, array in (("image_ids", image_ids), ("vectors", vectors)):
            array.tofile(self._files[key])
            self._checksums[key] = zlib.crc32(as_buffer(array), self._checksums[key])

    def finish(self, offsets: np.ndarray, norms: np.ndarray, weights: np.ndarray | None) -> None:
        """Write the arrays that are known at the end.

        Args:
            offsets: (n_words + 1,) int64
            norms: (n_images,) float64
            weights: (n_words,) float32, or None
        """
        for key, array in (("offsets", offsets), ("norms", norms), ("weights", weights)):
            if array is not None:
                np.save(self._folder / f"{key}.npy", array)
                self._checksums[key] = zlib.crc32(as_buffer(array))
        header = {
            "format": FORMAT,
            "version": VERSION,
            "words": len(offsets) - 1,
            "images": len(norms),
            "postings": self._n_postings,
            "width": self._kind[0],
            "binary": self._kind[1] == np.uint32,
            "idf": weights is not None,
            "crc32": {key: self._checksums[key] for key in sorted(self._checksums)},
        }
        (self._folder / "index.json").write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


@contextmanager
def create(folder: str | os.PathLike, n_postings: int, kind: tuple[int, np.dtype]) -> Iterator[IndexWriter]:
    """Open the files of an inverted file for writing; ``folder`` appears when the block ends without an error.

    Args:
        folder: the folder
        n_postings: number of postings that will be written
        kind: width and dtype of the vectors

    Yields:
        the writer
    """
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        with ExitStack() as stack:
            yield IndexWriter(temporary, n_postings, kind, stack)


def read(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """Open the arrays of ``folder``, memory-mapped but for the offsets; without idf there are no ``weights``.

    Raises:
        DataError: all errors that can be found without reading the postings: files that are missing, truncated, of a
            wrong size, type or byte order, or of a foreign version, offsets that do not ascend, and norms and weights
            that are no positive numbers
    """
    folder = Path(folder)
    arrays = {}
    for key, (dtype, shape) in _expected(_read_header(folder / "index.json")).items():
        arrays[key] = open_array(folder / f"{key}.npy", dtype, shape, "build the index again")
    # In memory, so that they stay what is checked here, whatever becomes of the file.
    offsets = arrays["offsets"] = np.array(arrays["offsets"])
    # Compared and not subtracted: differences of numbers that are too large begin again from below.
    if offsets[0] != 0 or offsets[-1] != len(arrays["image_ids"]) or (offsets[1:] < offsets[:-1]).any():
        raise DataError(
            f"{folder / 'offsets.npy'}: no ascending offsets of {len(arrays['image_ids'])} postings; "
            "build the index again"
        )
    for key in ("norms", "weights"):
        if key in arrays and not (np.isfinite(arrays[key]) & (arrays[key] >= 0)).all():
            raise DataError(f"{folder / key}.npy: holds negative, infinite or undefined {key}; build the index again")
    return arrays


def check(folder: str | os.PathLike) -> None:
    """Read every byte of ``folder`` and compare it with its checksum.

    Raises:
        DataError: a wrong checksum, and what :func:`read` finds
    """
    folder = Path(folder)
    header, arrays = _read_header(folder / "index.json"), read(folder)
    for key, array in arrays.items():
        if zlib.crc32(as_buffer(array)) != header["crc32"].get(key):
            raise DataError(f"{folder / key}.npy: its checksum is not the one in index.json; build the index again")


def _expected(header: dict) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """Return dtype and shape of every array."""
    words, images, postings = header["words"], header["images"], header["postings"]
    shapes = {
        "offsets": (words + 1,),
        "image_ids": (postings,),
        "vectors": (postings, header["width"]),
        "norms": (images,),
        "weights": (words,),
    }
    vectors = "<u4" if header["binary"] else "<f4"
    return {
        key: (np.dtype(dtype or vectors), shapes[key])
        for key, dtype in DTYPES.items()
        if key != "weights" or header["idf"]
    }


def _read_header(path: Path) -> dict:
    if not path.is_file():
        raise DataError(f"{path}: no such file, so its folder is no inverted file; build the index first")
    header = load_json(path, "build the index again")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise DataError(f"{path}: 'format' is not '{FORMAT}'; this is no inverted file")
    if header.get("version") != VERSION:
        raise DataError(f"{path}: 'version' {header.get('version')!r} cannot be read, only {VERSION}; build it again")
    for key, kind in _FIELDS.items():
        if type(header.get(key)) is not kind or header[key] < (key == "width"):
            raise DataError(f"{path}: {key!r} is {header.get(key)!r}, expected {kind.__name__}; build the index again")
    if not isinstance(header.get("crc32"), dict):
        raise DataError(f"{path}: 'crc32' is {header.get('crc32')!r}, expected checksums; build the index again")
    return header


def _write_header(file: BinaryIO, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    """Write the header that ``numpy.save`` writes before the data of a C-ordered array."""
    fields = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, fields)

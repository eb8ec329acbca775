"""Folders of arrays that open memory-mapped: one .npy file each, and what they are, with checksums, in index.json."""

import json
import os
import tokenize
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.storage.json_files import load_json

HEADER = "index.json"
_REMEDY = "build the index again"

Header = Mapping[str, Any]
Shapes = Mapping[str, tuple[str, tuple[int, ...]]]


@dataclass(frozen=True)
class FolderKind:
    """What the folders of one kind hold.

    Attributes:
        format: the name of the kind
        version: of its layout
        fields: keys of index.json and their types; numbers are not negative
        arrays: header -> the dtype on disk, such as "<i8", and the shape of each array
    """

    format: str
    version: int
    fields: Mapping[str, type]
    arrays: Callable[[Header], Shapes]

    def write(self, folder: str | os.PathLike, header: Header, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a folder, which appears when it is complete.

        Args:
            folder: the folder
            header: the values of ``fields``
            arrays: name -> array, of the dtype and shape that the header asks for
        """
        checksums = {}
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            for key, (dtype, shape) in self.arrays(header).items():
                array = np.ascontiguousarray(arrays[key], dtype)
                if array.shape != shape:
                    raise ValueError(f"{key}: has shape {array.shape}, its header says {shape}")
                np.save(temporary / f"{key}.npy", array)
                checksums[key] = zlib.crc32(as_buffer(array))
            content = {"format": self.format, "version": self.version, **header, "crc32": checksums}
            (temporary / HEADER).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def read(self, folder: str | os.PathLike, *, check: bool = False) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Open a folder; the arrays are memory-mapped.

        Args:
            folder: the folder
            check: read every byte and compare it with its checksum

        Returns:
            header and arrays

        Raises:
            DataError: files that are missing, truncated, of a wrong size, type or byte order, or of a foreign version
        """
        folder = Path(folder)
        header = self._header(folder / HEADER)
        arrays = {
            key: open_array(folder / f"{key}.npy", np.dtype(dtype), shape, _REMEDY)
            for key, (dtype, shape) in self.arrays(header).items()
        }
        for key, array in arrays.items() if check else ():
            if zlib.crc32(as_buffer(array)) != header["crc32"].get(key):
                raise DataError(f"{folder / key}.npy: its checksum is not the one in {HEADER}; {_REMEDY}")
        return header, arrays

    def _header(self, path: Path) -> dict[str, Any]:
        if not path.is_file():
            raise DataError(f"{path}: no such file, so its folder is no {self.format}; build the index first")
        header = load_json(path, _REMEDY)
        if not isinstance(header, dict) or header.get("format") != self.format:
            raise DataError(f"{path}: 'format' is not '{self.format}'; name another folder")
        if header.get("version") != self.version:
            raise DataError(
                f"{path}: 'version' {header.get('version')!r} cannot be read, only {self.version}; {_REMEDY}"
            )
        for key, kind in self.fields.items():
            value = header.get(key)
            if type(value) is not kind or (isinstance(value, int) and value < 0):
                raise DataError(f"{path}: {key!r} is {value!r}, expected {kind.__name__}; {_REMEDY}")
        if not isinstance(header.get("crc32"), dict):
            raise DataError(f"{path}: 'crc32' is {header.get('crc32')!r}, expected checksums; {_REMEDY}")
        return header


def check_lists(folder: str | os.PathLike, offsets: np.ndarray, postings: int, name: str = "offsets") -> None:
    """Check the offsets (K + 1,) of lists of so many postings, of the array ``name``; DataError where they are none."""
    # Compared and not subtracted: differences of numbers that are too large begin again from below.
    if offsets[0] != 0 or offsets[-1] != postings or (offsets[1:] < offsets[:-1]).any():
        raise DataError(f"{Path(folder) / f'{name}.npy'}: no ascending offsets of {postings} postings; {_REMEDY}")


def as_buffer(array: np.ndarray) -> memoryview:
    """Return the bytes of a contiguous array, also of one without entries."""
    return array.reshape(-1).view(np.uint8).data


def open_array(path: Path, dtype: np.dtype, shape: tuple[int, ...], remedy: str) -> np.ndarray:
    """Open a .npy file, memory-mapped.

    Args:
        path: the file
        dtype: that it has to have, byte order included
        shape: that it has to have
        remedy: the end of messages

    Raises:
        DataError: a file that is missing, incomplete, or of another dtype or shape
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; {remedy}")
    try:
        with path.open("rb") as file:
            if np.lib.format.read_magic(file) != (1, 0):
                raise DataError(f"{path}: not written by this program; {remedy}")
            found_shape, fortran_order, found_dtype = np.lib.format.read_array_header_1_0(file)
            start = file.tell()
    # Errors that numpy may raise on a header that is not Python, or that is nested a thousand times.
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise DataError(f"{path}: truncated or no .npy file ({error!s:.200}); {remedy}") from error
    if found_dtype.str != dtype.str:
        raise DataError(f"{path}: dtype {found_dtype.str}, expected {dtype.str}; {remedy} on this machine")
    if found_shape != shape or (fortran_order and len(shape) > 1):
        raise DataError(f"{path}: shape {found_shape}, expected {shape} in C order; {remedy}")
    size, expected = path.stat().st_size, start + dtype.itemsize * int(np.prod(shape, dtype=object))
    if size != expected:
        raise DataError(f"{path}: truncated or too long, {size} bytes instead of {expected}; {remedy}")
    if size == start:
        return np.empty(shape, dtype)  # nothing to map
    return np.memmap(path, dtype, mode="r", offset=start, shape=shape)

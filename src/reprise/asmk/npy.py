"""Single arrays in .npy files, written piece by piece and opened memory-mapped."""

import tokenize
from pathlib import Path
from typing import BinaryIO

import numpy as np

from reprise.storage.errors import DataError


def write_header(file: BinaryIO, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    """Write what ``numpy.save`` writes before the data of a C-ordered array."""
    fields = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, fields)


def as_buffer(array: np.ndarray) -> memoryview:
    """The bytes of a contiguous array, also of one without entries."""
    return array.reshape(-1).view(np.uint8).data


def open_array(path: Path, dtype: np.dtype, shape: tuple[int, ...], remedy: str) -> np.ndarray:
    """The array of ``path``, memory-mapped; DataError unless it is whole and of this dtype and shape."""
    if not path.is_file():
        raise DataError(f"{path}: no such file; {remedy}")
    try:
        with path.open("rb") as file:
            if np.lib.format.read_magic(file) != (1, 0):
                raise DataError(f"{path}: not written by this program; {remedy}")
            found_shape, fortran_order, found_dtype = np.lib.format.read_array_header_1_0(file)
            start = file.tell()
    # What numpy may raise on its way through a header that is not Python.
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError) as error:
        raise DataError(f"{path}: truncated or no .npy file ({error}); {remedy}") from error
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

"""One large array in a pickle, of numpy or torch, that is read in parts and never as a whole."""

import math
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error
from reprise.untrusted.outline import Call, Name, Reference, Stored, UnknownLayoutError, outline
from reprise.untrusted.tensors import MAGIC, STORAGES

_CODE = re.compile(r"[<=|]?([iu][1248]|f[248])")


@dataclass(frozen=True)
class StoredArray:
    """An array whose items lie in a file, row after row.

    Attributes:
        path: the file
        place: where the items start
        dtype: their type
        shape: the shape of the array
    """

    path: Path
    place: int
    dtype: np.dtype
    shape: tuple[int, ...]

    def rows(self, plane: int, start: int, stop: int) -> np.ndarray:
        """Read ``array[plane, start:stop]`` of an array of three dimensions.

        Raises:
            DataError: the file ends early, or cannot be read
        """
        width = self.shape[2]
        place = self.place + (plane * self.shape[1] + start) * width * self.dtype.itemsize
        try:
            values = np.fromfile(self.path, self.dtype, (stop - start) * width, offset=place)
            return values.reshape(stop - start, width)
        except (OSError, ValueError) as error:
            raise system_error(self.path, error) or DataError(
                f"{self.path}: ends early ({error}). Delete it and fetch or write it again."
            ) from error


def find_array(path: str | os.PathLike) -> StoredArray | None:
    """Find the array that a pickle consists of, without reading it and without running anything of the pickle.

    Args:
        path: the file

    Returns:
        the array; None where the pickle holds something else, or an array in another order, of another protocol or of
        damaged parts, which :func:`reprise.untrusted.pickles.load_pickle` reads or names
    """
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as handle:
        try:
            value = outline(handle)
            if handle.tell() != size:
                return None
            place, dtype, shape, available = _located(handle, value)
        except (UnknownLayoutError, ValueError, TypeError, LookupError, struct.error):
            return None
    counts = all(type(count) is int and count >= 0 for count in shape)
    if not counts or math.prod(shape) * dtype.itemsize != available or place + available > size:
        return None
    return StoredArray(path, place, dtype, tuple(shape))


def _located(handle: BinaryIO, value: Any) -> tuple[int, np.dtype, tuple, int]:
    """Return place, dtype, shape and number of bytes of the items of an array."""
    function = _function(value)
    if function == "numpy._core.numeric._frombuffer":
        stored, dtype, shape, order = value.arguments
        if order != "C":
            raise UnknownLayoutError("another order")
        return stored.place, _dtype(dtype), shape, stored.length
    if function == "numpy._core.multiarray._reconstruct":
        _, shape, dtype, by_columns, stored = value.state
        if by_columns:
            raise UnknownLayoutError("another order")
        return stored.place, _dtype(dtype), shape, stored.length
    if function == "torch._utils._rebuild_tensor_v2":
        storage, offset, shape, strides = value.arguments[:4]
        if offset != 0 or strides != _strides(shape) or _function(storage) != "torch.storage._load_from_bytes":
            raise UnknownLayoutError("a part of a tensor")
        place, kind = _storage(handle, storage.arguments[0], math.prod(shape))
        return place, kind, shape, math.prod(shape) * kind.itemsize
    raise UnknownLayoutError(f"{function}")


def _function(value: Any) -> str:
    if not isinstance(value, Call) or not isinstance(value.function, Name):
        raise UnknownLayoutError("no array")
    return value.function.full.replace("numpy.core.", "numpy._core.")


def _dtype(value: Any) -> np.dtype:
    code, order = value.arguments[0], value.state[1]
    if _function(value) != "numpy.dtype" or not _CODE.fullmatch(code) or order not in ("<", "=", "|"):
        raise UnknownLayoutError("another type of items")
    return np.dtype(code).newbyteorder("<")


def _strides(shape: tuple) -> tuple:
    return tuple(math.prod(shape[dimension + 1 :]) for dimension in range(len(shape)))


def _storage(handle: BinaryIO, stored: Stored, items: int) -> tuple[int, np.dtype]:
    """Return place and dtype of a storage of torch, which is a file of ``torch.save`` within the pickle."""
    handle.seek(stored.place)
    magic, protocol, system, reference, keys = (outline(handle) for _ in range(5))
    if not isinstance(reference, Reference):
        raise UnknownLayoutError("another storage")
    kind, storage_type, key, _, length, view = reference.identity
    dtype = np.dtype(STORAGES[storage_type.full.removeprefix("torch.")])
    (written,) = struct.unpack("<q", handle.read(8))
    place = handle.tell()
    whole = (magic, protocol, system["little_endian"], kind, keys, view) == (MAGIC, 1001, True, "storage", [key], None)
    if (
        not whole
        or length != items
        or written != items
        or place + items * dtype.itemsize != stored.place + stored.length
    ):
        raise UnknownLayoutError("another storage")
    return place, dtype

"""torch tensors from the parts that a pickle holds, with every part checked before torch uses it.

Where arrays are asked for, numpy takes the place of torch, which costs more to import than most of these files to read.
"""

import math
import pickle
import struct
from typing import Any, BinaryIO

import numpy as np

# Name of the storage class in a file -> torch dtype.
STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
# The number with which files of torch.save begin (the format before zip).
MAGIC = 0x1950A86A20F9469CFC6C


class Storage:
    """The flat memory of torch tensors, whose data follow at the end of a file, after the tensors.

    Args:
        dtype: the name of a torch dtype
        length: number of items
    """

    def __init__(self, dtype: str, length: int, *, as_array: bool = False) -> None:
        if as_array and dtype == "bfloat16":
            raise pickle.UnpicklingError("numpy has no bfloat16")
        self.dtype = dtype
        self.length = length
        self.as_array = as_array
        self.values: Any = None

    def read(self, handle: BinaryIO) -> None:
        """Read the items from a file at its current position; EOFError where they end early."""
        (length,) = struct.unpack("<q", handle.read(8))
        library = np if self.as_array else _torch()
        dtype = np.dtype(self.dtype) if self.as_array else getattr(library, self.dtype)
        data = bytearray(handle.read(length * dtype.itemsize) if length > 0 else b"")
        if length != self.length or len(data) != length * dtype.itemsize:
            raise EOFError("the data of a torch tensor end early")
        self.values = library.frombuffer(data, dtype=dtype) if data else library.empty(0, dtype=dtype)


def tensor(storage: Any, offset: int, size: tuple, stride: tuple, *_: Any) -> Any:
    """Build a tensor, in place of ``torch._utils._rebuild_tensor_v2``, or a numpy array of its own.

    Args:
        storage: the :class:`Storage` that holds the data, read already
        offset: position of the first item in the storage
        size: the shape
        stride: distance of neighbouring items in the storage, per dimension

    Returns:
        a tensor on the CPU that shares the memory of the storage, or the array

    Raises:
        pickle.UnpicklingError: parts of another form, or a tensor that reaches beyond its storage
    """
    counts = (offset, *size, *stride)
    if not isinstance(storage, Storage) or storage.values is None or len(size) != len(stride):
        raise pickle.UnpicklingError("a torch tensor is not of the known form")
    if not all(type(count) is int and count >= 0 for count in counts):
        raise pickle.UnpicklingError("a torch tensor has a negative size")
    last = offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True))
    if math.prod(size) > storage.length or (math.prod(size) and last >= storage.length):
        raise pickle.UnpicklingError("a torch tensor reaches beyond its data")
    if not storage.as_array:
        return _torch().as_strided(storage.values, size, stride, offset)
    steps = [step * storage.values.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage.values[offset:], size, steps).copy()


def _torch() -> Any:
    # Only where there are tensors, so that files without any need no torch.
    import torch

    return torch

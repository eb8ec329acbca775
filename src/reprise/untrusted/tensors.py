"""torch tensors from the parts that a pickle holds, with every part checked before torch uses it.

Where arrays are asked for, numpy takes the place of torch, which costs more to import than most of these files to read.
"""

import math
import pickle
import struct
from typing import IO, Any, BinaryIO

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
ITEM_SIZES = {dtype: 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize for dtype in STORAGES.values()}
_MOST_DIMENSIONS = 64
_BLOCK = 1 << 24
# The number with which files of torch.save begin (the format before zip).
MAGIC = 0x1950A86A20F9469CFC6C


class Storage:
    """The flat memory of torch tensors, whose data follow at the end of a file, after the tensors.

    Args:
        dtype: the name of a torch dtype
        length: number of items; their memory is reserved at once, so that the caller bounds it before
        as_array: hold a numpy array in place of a tensor

    Attributes:
        values: (length,) the items, a tensor or an array; random until they are read
    """

    def __init__(self, dtype: str, length: int, *, as_array: bool = False) -> None:
        if as_array and dtype == "bfloat16":
            raise pickle.UnpicklingError("numpy has no bfloat16")
        self.dtype = dtype
        self.length = length
        self.as_array = as_array
        self.complete = False
        # By torch, whose memory is aligned as its kernels like it.
        count = length * ITEM_SIZES[dtype]
        raw: Any = np.empty(count, np.uint8) if as_array else _torch().empty(count, dtype=_torch().uint8)
        self._bytes: np.ndarray = raw if as_array else raw.numpy()
        self.values: Any = raw.view(np.dtype(dtype) if as_array else getattr(_torch(), dtype))

    def read(self, handle: BinaryIO | IO[bytes]) -> None:
        """Read the items from a file at its current position; EOFError where they end early."""
        rest = self._bytes.data
        while rest:
            count = handle.readinto(rest[:_BLOCK])  # type: ignore[union-attr]
            if not count:
                raise EOFError("the data of a torch tensor end early")
            rest = rest[count:]
        if self.dtype == "bool" and self._bytes.max(initial=0) > 1:
            raise pickle.UnpicklingError("a torch tensor of bool holds other numbers than 0 and 1")
        self.complete = True

    def read_after_length(self, handle: BinaryIO) -> None:
        """Read the items behind their number, as files of the format before zip hold them."""
        (length,) = struct.unpack("<q", handle.read(8))
        if length != self.length:
            raise EOFError("the data of a torch tensor end early")
        self.read(handle)


def parameter(data: Any, requires_grad: Any = True, *_: Any) -> Any:
    """Build a parameter of a network, in place of ``torch._utils._rebuild_parameter``: its tensor."""
    if type(data).__name__ != "Tensor":
        raise pickle.UnpicklingError("a torch parameter is not of the known form")
    return data


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
    parts = isinstance(size, tuple) and isinstance(stride, tuple) and len(size) == len(stride) <= _MOST_DIMENSIONS
    if not isinstance(storage, Storage) or not parts or (storage.as_array and not storage.complete):
        raise pickle.UnpicklingError("a torch tensor is not of the known form")
    if not all(type(count) is int and 0 <= count < 1 << 63 for count in (offset, *size, *stride)):
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

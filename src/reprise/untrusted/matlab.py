"""MAT files of MATLAB from other people (version 5, what MATLAB saves unless it is told otherwise): data, and no code.

The format has no instructions, but the reader of scipy follows nested cells on the stack of C, and a file of a few
megabytes of them ends the process. This one reads what networks are made of, numbers, texts, cells and structures, to a
depth and a size that they need.
"""

import math
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np

from reprise.storage.errors import DataError

_HEADER = 128
_DEEPEST = 32
_LARGEST = 1 << 30  # bytes of one variable after decompression
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_COMPLEX = 0x800
# Types of stored values, and of arrays, by their numbers in the format.
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_ENCODINGS = {1: "latin1", 2: "latin1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_ARRAYS = dict(zip(range(6, 16), ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"), strict=True))
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"IM": "<", b"MI": ">"}
_REFUSED = {3: "an object", 5: "a sparse matrix", 16: "a function", 17: "an object"}
_DAMAGE = (struct.error, zlib.error, UnicodeDecodeError, ValueError, LookupError, OverflowError)


def load_matlab(path: str | os.PathLike) -> dict[str, Any]:
    """Read the variables of a MAT file.

    Args:
        path: a file of version 5 (MATLAB's ``-v6`` and ``-v7``)

    Returns:
        variable -> value: numbers as (rows, columns, ...) arrays, texts as str, cells as lists in MATLAB's order, a
        structure as a dictionary, and an array of structures as a list of them

    Raises:
        DataError: another version, a damaged file, or values of other kinds (objects, functions, sparse or complex
            matrices)
    """
    return read_matlab(Path(path).read_bytes(), path)


def read_matlab(content: bytes, path: str | os.PathLike) -> dict[str, Any]:
    """Read the variables of a MAT file that is in memory, as :func:`load_matlab`; ``path`` is for messages."""
    if content[:8] == b"\x89HDF\r\n\x1a\n" or content[512:520] == b"\x89HDF\r\n\x1a\n":
        raise DataError(f"{path}: is of version 7.3; save it from MATLAB with '-v7'")
    order = _ORDERS.get(content[_HEADER - 2 : _HEADER])
    if order is None:
        raise DataError(f"{path}: is no MAT file of version 5; give one, as MATLAB's save writes it with '-v7'")
    try:
        return dict(_Reader(order).variables(content[_HEADER:]))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except _DAMAGE as error:
        raise DataError(f"{path}: damaged ({type(error).__name__}: {error}); fetch or write it again") from error


@dataclass(frozen=True)
class _Element:
    kind: int
    data: memoryview


@dataclass(frozen=True)
class _Reader:
    """Reads elements of one byte order; ValueError and its like for damage, DataError for what is refused."""

    order: Literal["<", ">"]

    def variables(self, content: bytes) -> Iterator[tuple[str, Any]]:
        for element in self._elements(memoryview(content)):
            if element.kind == _COMPRESSED:
                element = _next(self._elements(memoryview(_inflated(element.data))))
            if element.kind != _MATRIX:
                raise ValueError(f"an element of type {element.kind} where a variable is expected")
            yield self._matrix(element.data, 0)

    def _elements(self, data: memoryview) -> Iterator[_Element]:
        start = 0
        while start + 8 <= len(data):
            kind, size = struct.unpack_from(f"{self.order}II", data, start)
            begin = start + 8
            if kind >> 16:  # a short element, whose data stand in its tag
                kind, size, begin = kind & 0xFFFF, kind >> 16, start + 4
                if size > 4:
                    raise ValueError(f"a short element of {size} bytes")
                start += 8
            else:
                start = begin + size + (0 if kind == _COMPRESSED else -size % 8)
            if begin + size > len(data):
                raise ValueError("the end of the file is missing")
            yield _Element(kind, data[begin : begin + size])
        if start < len(data):
            raise ValueError("bytes follow the last element")

    def _matrix(self, data: memoryview, depth: int) -> tuple[str, Any]:
        """Read the name and the value of a matrix."""
        if depth > _DEEPEST:
            raise DataError(f"its cells are nested more than {_DEEPEST} deep, which no network needs")
        if not len(data):  # how an empty cell is written
            return "", np.zeros((0, 0))
        parts = self._elements(data)
        flags = int(self._numbers(_next(parts))[0])
        shape = tuple(int(size) for size in self._numbers(_next(parts)))
        name = bytes(_next(parts).data).decode("ascii")
        if len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"{name or 'a matrix'} has the dimensions {shape}")
        return name, self._value(flags, shape, parts, len(data), depth)

    def _value(self, flags: int, shape: tuple[int, ...], parts: Iterator[_Element], size: int, depth: int) -> Any:
        kind, count = flags & 0xFF, math.prod(shape)
        if count > size:
            raise ValueError(f"{count} values in {size} bytes")
        if kind == _CELL:
            return [self._inner(parts, depth) for _ in range(count)]
        if kind == _STRUCT:
            return self._structure(count, parts, size, depth)
        if kind == _CHAR:
            return self._text(_next(parts))
        if kind not in _ARRAYS:
            _refuse(_REFUSED.get(kind, f"a value of class {kind}"))
        if flags & _COMPLEX:
            _refuse("a complex matrix")
        values = self._numbers(_next(parts))
        return values.astype(_ARRAYS[kind]).reshape(shape, order="F")

    def _structure(self, count: int, parts: Iterator[_Element], size: int, depth: int) -> Any:
        width = int(self._numbers(_next(parts))[0])
        names = bytes(_next(parts).data)
        if width < 1 or len(names) % width or count * (len(names) // width) > size:
            raise ValueError(f"names of fields of {width} bytes")
        fields = [names[i : i + width].split(b"\0")[0].decode("ascii") for i in range(0, len(names), width)]
        structures = [{field: self._inner(parts, depth) for field in fields} for _ in range(count)]
        return structures[0] if count == 1 else structures

    def _inner(self, parts: Iterator[_Element], depth: int) -> Any:
        element = _next(parts)
        if element.kind != _MATRIX:
            raise ValueError(f"an element of type {element.kind} in a cell or a field")
        return self._matrix(element.data, depth + 1)[1]

    def _numbers(self, element: _Element) -> np.ndarray:
        return np.frombuffer(element.data, np.dtype(_STORED[element.kind]).newbyteorder(self.order))

    def _text(self, element: _Element) -> str:
        encoding = _ENCODINGS[element.kind]
        little = "-le" if self.order == "<" else "-be"
        return bytes(element.data).decode(encoding + little if encoding in ("utf-16", "utf-32") else encoding)


def _next(elements: Iterator[_Element]) -> _Element:
    element = next(elements, None)
    if element is None:
        raise ValueError("an element is missing")
    return element


def _refuse(what: str) -> NoReturn:
    raise DataError(f"refused to read it: it holds {what}, and networks are made of numbers, texts, cells, structures")


def _inflated(data: memoryview) -> bytes:
    decompressor = zlib.decompressobj()
    content = decompressor.decompress(data, _LARGEST)
    if decompressor.unconsumed_tail:
        raise DataError(f"a variable has more than {_LARGEST >> 20} MiB, which no network needs")
    if not decompressor.eof:
        raise ValueError("the end of a compressed variable is missing")
    return content

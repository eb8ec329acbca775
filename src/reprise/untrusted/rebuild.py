"""numpy values from the parts that a pickle holds, with every part checked before numpy uses it.

numpy trusts the state that it unpickles: a wrong item size, or a number where an object is expected, crashes
the process or reads foreign memory. The functions here build the same values from the same parts, but compare
each part with what the others imply. They raise ``pickle.UnpicklingError``; the readers of files add the name
of the file.
"""

import math
import pickle
import re
import sys
from typing import Any

import numpy as np

# No long double: its layout differs between machines. No datetime: no file of this field holds one.
_CODE = re.compile(r"[|<>=]?(b1|\?|[iu][1248]|f[248]|c8|c16|[SUV]\d{1,9}|O[48]?)")
_MOST_DIMENSIONS = 64  # of numpy
_MOST_FIELDS = 1000
_DEEPEST_RECORD = 8


class BytesText(str):
    """A string of Python 2 that is not ASCII, as text: in UTF-8 if it is that, else in latin1.

    Args:
        content: its bytes, which are what is meant where it holds the data of an array

    Attributes:
        content: as given
    """

    content: bytes

    def __new__(cls, content: bytes) -> "BytesText":
        """Decode the bytes."""
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("latin1")
        value = super().__new__(cls, text)
        value.content = content
        return value


class Dtype:
    """A dtype in a pickle, in place of ``numpy.dtype(code)``, and the state that may follow it.

    Attributes:
        dtype: the dtype
        fields: number of fields of a record, those of records within it included
        depth: number of records within each other
    """

    def __init__(self, code: Any, align: Any = False, copy: Any = True) -> None:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            shown = code[:20] if isinstance(code, str) else type(code).__name__
            raise pickle.UnpicklingError(f"numpy dtype {shown} is none of numbers, strings and records")
        self.dtype = np.dtype("O" if "O" in code else code)
        self.fields, self.depth = 1, 0
        self._complete = False

    def __setstate__(self, state: Any) -> None:
        if self._complete or not isinstance(state, tuple) or len(state) != 8 or state[0] != 3:
            raise pickle.UnpicklingError("the state of a numpy dtype is not of the known form")
        _, order, subarray, names, fields, item_size, _, _ = state
        if not isinstance(order, str) or order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("the byte order of a numpy dtype is unknown")
        if names is not None:
            dtype = self._record(names, fields, item_size)
        elif subarray is not None:
            base, shape = subarray
            dtype = np.dtype((plain_dtype(base), _shape(shape)))
            self.fields, self.depth = base.fields, base.depth
        else:
            dtype = self.dtype.newbyteorder(order)  # type: ignore[arg-type]
        if type(item_size) is not int or item_size not in (-1, dtype.itemsize):
            raise pickle.UnpicklingError(f"items of a numpy dtype have {dtype.itemsize} bytes, not what it states")
        self.dtype = dtype
        self._complete = True

    def _record(self, names: Any, fields: Any, item_size: Any) -> np.dtype:
        if not isinstance(names, tuple) or not isinstance(fields, dict) or not _is_count(item_size):
            raise pickle.UnpicklingError("the fields of a numpy record are not of the known form")
        if not all(isinstance(name, str) for name in names) or len(names) > _MOST_FIELDS:
            raise pickle.UnpicklingError(f"a numpy record has over {_MOST_FIELDS} fields, or names that are no text")
        parts = [fields[name] for name in names]
        if not all(isinstance(part, tuple) and len(part) == 2 and _is_count(part[1]) for part in parts):
            raise pickle.UnpicklingError("the fields of a numpy record are not of the known form")
        # Records that share a record are small in a file and large when numpy compares or prints them.
        formats = [plain_dtype(part[0]) for part in parts]
        self.fields = sum(part[0].fields for part in parts)
        self.depth = 1 + max((part[0].depth for part in parts), default=0)
        if self.fields > _MOST_FIELDS or self.depth > _DEEPEST_RECORD:
            raise pickle.UnpicklingError(f"a numpy record has more than {_MOST_FIELDS} fields, or {self.depth} levels")
        # numpy compares offsets and item size with the sizes of the fields itself and raises ValueError.
        return np.dtype(
            {"names": list(names), "formats": formats, "offsets": [part[1] for part in parts], "itemsize": item_size}
        )


def plain_dtype(value: Any) -> np.dtype:
    """Return the numpy dtype of a :class:`Dtype`."""
    if not isinstance(value, Dtype):
        raise pickle.UnpicklingError(f"a numpy dtype was expected, not {type(value).__name__}")
    return value.dtype


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple) or len(value) > _MOST_DIMENSIONS or not all(map(_is_count, value)):
        raise pickle.UnpicklingError("the shape of a numpy array is not a tuple of counts")
    return value


def as_bytes(text: Any, encoding: Any = "latin1") -> bytes:
    """Encode text as bytes, in place of ``_codecs.encode(text, "latin1")``: protocols 0 to 2 write bytes so."""
    if not isinstance(text, str) or not isinstance(encoding, str) or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("_codecs.encode is read for bytes written as latin1 only")
    return text.content if isinstance(text, BytesText) else text.encode("latin1")


def _raw(data: Any, dtype: np.dtype, count: int) -> bytes | bytearray:
    """Return the bytes of ``count`` items; refused where they would be taken for the addresses of objects."""
    # Python 2 wrote the bytes of arrays as a string.
    data = as_bytes(data) if isinstance(data, str) else data
    if dtype.hasobject or not isinstance(data, (bytes, bytearray)) or len(data) != count * dtype.itemsize:
        raise pickle.UnpicklingError(f"the data of a numpy value do not fill {count} items of {dtype.itemsize} bytes")
    # numpy itself writes neither; items without bytes would be as many as one likes.
    if dtype.subdtype is not None or (count > 1 and not dtype.itemsize):
        raise pickle.UnpicklingError("the items of a numpy array are arrays, or have no bytes")
    return data


def scalar(dtype: Any, data: Any = b"") -> Any:
    """Build a numpy scalar, in place of ``numpy.core.multiarray.scalar``."""
    plain = plain_dtype(dtype)
    return _readable(np.ndarray((), plain, bytearray(_raw(data, plain, 1)) or bytearray(1)))[()]


def empty_array(*parts: Any) -> np.ndarray:
    """Build an array that :func:`fill_array` completes, in place of ``numpy.core.multiarray._reconstruct``."""
    if len(parts) != 3 or parts[1:] not in (((0,), b"b"), ((0,), "b")):
        raise pickle.UnpicklingError("a numpy array does not begin in the known way")
    return np.ndarray((0,), np.int8)


def fill_array(array: np.ndarray, state: Any) -> None:
    """Complete an array of :func:`empty_array`, in place because the pickle may already refer to it elsewhere.

    Args:
        array: the array, without data
        state: version, shape, dtype, order and data, as numpy pickles them

    Raises:
        pickle.UnpicklingError: parts of another form, or that contradict each other
    """
    if not isinstance(state, tuple) or len(state) != 5 or state[0] != 1:
        raise pickle.UnpicklingError("the state of a numpy array is not of the known form")
    _, shape, dtype, fortran, data = state
    shape, plain = _shape(shape), plain_dtype(dtype)
    if type(fortran) not in (bool, int):
        raise pickle.UnpicklingError("the order of a numpy array is not known")
    if plain == np.dtype(object):
        if not isinstance(data, list) or len(data) != math.prod(shape):
            raise pickle.UnpicklingError("the items of a numpy object array do not fill its shape")
    else:
        data = bytes(_raw(data, plain, math.prod(shape)))
    array.__setstate__((1, shape, plain, bool(fortran), data))  # type: ignore[arg-type]
    _readable(array)


def array_from_buffer(buffer: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    """Build an array from its bytes, in place of ``numpy._core.numeric._frombuffer`` (protocol 5)."""
    shape, plain = _shape(shape), plain_dtype(dtype)
    if not isinstance(order, str) or order not in ("C", "F"):
        raise pickle.UnpicklingError("the order of a numpy array is neither C nor F")
    return _readable(np.ndarray(shape, plain, _raw(buffer, plain, math.prod(shape)), order=order))  # type: ignore[arg-type]


def _readable(array: np.ndarray) -> np.ndarray:
    """Return an array after checking its texts: numpy takes any number for a character, and fails when one is used."""
    if array.dtype.names is not None:
        for name in array.dtype.names:
            _readable(array[name])
    elif array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        characters = np.ascontiguousarray(array).view(np.dtype("u4").newbyteorder(array.dtype.byteorder))
        if characters.max() > sys.maxunicode:
            raise pickle.UnpicklingError("a text of a numpy array holds numbers that are no characters")
    return array

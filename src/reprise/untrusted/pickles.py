"""Pickles from other people: their data are returned, and no code that they name is run.

A pickle is a small program that may call anything. :func:`load_pickle` runs it on an interpreter that looks
globals up in a short table by their names. Nothing is ever imported, and every name outside of it is refused.
"""

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np

from reprise.storage.errors import DataError
from reprise.untrusted.tensors import MAGIC
from reprise.untrusted.unpickler import SCALARS, Global, Interpreter, RefusedError, leaves

# Everything that a broken stream makes the interpreter of the standard library or numpy raise.
_DAMAGE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
)


def load_pickle(path: str | os.PathLike, *, tensors_as_arrays: bool = False) -> Any:
    """Read a pickle of protocol 0 to 5 that holds data only.

    Data are None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, OrderedDict, set and
    frozenset; numpy scalars and arrays, written by numpy 1 or 2 (numbers, strings, records, and objects that
    are again such data); and torch tensors. Strings of Python 2 are decoded as UTF-8, those that are
    not UTF-8 as latin1.

    Args:
        path: the file
        tensors_as_arrays: torch tensors come back as numpy arrays, and torch is not loaded; there is no array for
            bfloat16, which is an error then

    Returns:
        the value; tensors are on the CPU and without gradient

    Raises:
        DataError: the file is damaged, holds more than one pickle, or names any other global; no code of the file is
            run, and nothing is imported
    """
    path = Path(path)
    size = path.stat().st_size
    try:
        if size == 0:
            raise EOFError("it is empty")
        with path.open("rb") as handle:
            if handle.peek(4)[:4] == b"PK\x03\x04":
                raise RefusedError("is a torch checkpoint; read it with load_checkpoint")
            value = Interpreter(handle, size, tensors_as_arrays=tensors_as_arrays).load()
            if type(value) is int and value == MAGIC:
                raise RefusedError("is a torch checkpoint; read it with load_checkpoint")
            if handle.read(1):
                raise pickle.UnpicklingError("more bytes follow the end of the pickle")
        _refuse_leftovers(value)
    except RefusedError as error:
        raise DataError(f"{path}: {error}") from error
    except _DAMAGE as error:
        raise DataError(
            f"{path}: damaged or not a pickle of plain data ({type(error).__name__}: {error}). "
            "Delete it and fetch or write it again."
        ) from error
    return value


def _refuse_leftovers(value: Any) -> None:
    """Refuse a value that holds a name, a dtype or a storage where data are expected."""
    for item in leaves(value):
        if not isinstance(item, (*SCALARS, bytearray, np.ndarray)) and type(item).__name__ != "Tensor":
            name = item.name if isinstance(item, Global) else type(item).__name__
            raise RefusedError(f"refused to read it: it holds {name}, which is not data")

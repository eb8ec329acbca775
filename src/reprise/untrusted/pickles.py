"""Pickles from other people: their data are returned, and no code that they name is run.

A pickle is a small program that may call anything. :func:`load_pickle` runs it on an interpreter that looks
globals up in a short table by their names. Nothing is ever imported, and every name outside of it is refused. What it
may cost grows with the size of the file (:mod:`reprise.untrusted.budget`).
"""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error
from reprise.untrusted.budget import DAMAGE, Budget, measure, reason
from reprise.untrusted.builders import SCALARS
from reprise.untrusted.tensors import MAGIC
from reprise.untrusted.unpickler import Global, Interpreter, RefusedError, UnknownGlobalError


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
        DataError: the file is damaged, holds more than one pickle, names any other global, nests more than 100
            containers, or is made to cost more time or memory than a file of its size has reason to; no code of the
            file is run, and nothing is imported
    """
    path = Path(path)
    size = path.stat().st_size
    budget = Budget(size)
    interpreter = None
    try:
        if size == 0:
            raise EOFError("it is empty")
        with path.open("rb") as handle:
            if handle.peek(4)[:4] == b"PK\x03\x04":
                raise RefusedError("is a torch checkpoint; read it with load_checkpoint")
            interpreter = Interpreter(handle, size, budget, tensors_as_arrays=tensors_as_arrays)
            value = interpreter.load()
            if type(value) is int and value == MAGIC:
                raise RefusedError("is a torch checkpoint; read it with load_checkpoint")
            if handle.read(1):
                raise pickle.UnpicklingError("more bytes follow the end of the pickle")
        measure(value, budget, _check)
    except (RefusedError, OSError, *DAMAGE) as error:
        if interpreter is not None:
            interpreter.dismantle()
        raise _explained(path, error) from error
    return value


def _explained(path: Path, error: Exception) -> DataError:
    if isinstance(error, UnknownGlobalError):
        return DataError(
            f"{path}: refused to read it: it names {error!s:.100}, and a pickle that names anything but numpy "
            "arrays, torch tensors and containers can run any program. If you trust it, convert it first."
        )
    if isinstance(error, RefusedError):
        return DataError(f"{path}: {error!s:.300}")
    return system_error(path, error) or DataError(
        f"{path}: damaged or not a pickle of plain data ({reason(error)}). Delete it and fetch or write it again."
    )


def _check(item: Any) -> None:
    """Refuse a name, a dtype or a storage where data are expected."""
    if not isinstance(item, (*SCALARS, bytearray, np.ndarray)) and type(item).__name__ != "Tensor":
        name = item.name if isinstance(item, Global) else type(item).__name__
        raise RefusedError(f"refused to read it: it holds {name}, which is not data")

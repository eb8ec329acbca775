"""Checks of arguments: what people pass, numpy's scalars included, as plain values, or an error that names it."""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from reprise.storage.errors import DataError

_QUOTED = 60


def count(name: str, value: Any, minimum: int = 1, maximum: int | None = None) -> int:
    """Return a whole number as an int.

    Args:
        name: the name of the argument, for messages
        value: an integer of Python or numpy, a float without a fraction, or an array of no dimensions with one
        minimum: the smallest number allowed
        maximum: the largest one, None for no limit

    Raises:
        DataError: anything else, True and False included, or a number out of range
    """
    found = _item(value)
    whole = isinstance(found, Integral) or (isinstance(found, Real) and _is_whole(found))
    if isinstance(found, bool) or not whole:
        raise DataError(f"{name}: {quoted(value)} is no whole number")
    result = int(found)
    if result < minimum or (maximum is not None and result > maximum):
        wanted = f"at least {minimum}" if maximum is None else f"{minimum} to {maximum}"
        raise DataError(f"{name}: {quoted(value)} is out of range, expected {wanted}")
    return result


def number(name: str, value: Any) -> float:
    """Return a finite number as a float.

    Args:
        name: the name of the argument, for messages
        value: a real number of Python or numpy, or an array of no dimensions with one

    Raises:
        DataError: anything else, True and False included, NaN and infinity
    """
    found = _item(value)
    if isinstance(found, bool) or not isinstance(found, Real):
        raise DataError(f"{name}: {quoted(value)} is no number")
    try:
        result = float(found)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise DataError(f"{name}: {quoted(value)} is not finite")
    return result


def flag(name: str, value: Any) -> bool:
    """Return a truth value as a bool.

    Args:
        name: the name of the argument, for messages
        value: True or False of Python or numpy, 1 or 0, or an array of no dimensions with one

    Raises:
        DataError: anything else
    """
    found = _item(value)
    if not isinstance(found, Integral) or found not in (0, 1):
        raise DataError(f"{name}: {quoted(value)} is neither True nor False")
    return bool(found)


def array(name: str, values: Any) -> np.ndarray:
    """Return values as an array, without a copy where they are one.

    Args:
        name: the name of the argument, for messages
        values: an array, or sequences of equal lengths

    Returns:
        the array, of any dtype but object; without a mask

    Raises:
        DataError: sequences of different lengths, objects that are no numbers, or masked entries
    """
    if type(values) in (np.ndarray, np.memmap) and not values.dtype.hasobject:
        return values
    if isinstance(values, np.ma.MaskedArray):
        masked = int(np.ma.count_masked(values))
        if masked:
            raise DataError(f"{name}: {masked} of {values.size} entries are masked; leave them out, or fill them")
        values = values.data
    try:
        result = np.asarray(values)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise DataError(f"{name}: {quoted(values)} is no array, with rows of one length ({error})") from error
    if result.dtype.hasobject:
        raise DataError(f"{name}: expected numbers, got objects such as {_example(result)}")
    return result


def quoted(value: Any) -> str:
    """Return a value as it is written in Python, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        text = f"{type(value).__name__} of very many digits"
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "..."


def _item(value: Any) -> Any:
    """Return the number of Python in a scalar of numpy or an array without dimensions; any other value as it is."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        return None
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value


def _is_whole(value: Any) -> bool:
    try:
        return int(value) == value
    except (ValueError, OverflowError):  # NaN and infinity
        return False


def _example(objects: np.ndarray) -> str:
    return quoted(objects.ravel()[0]) if objects.size else "none"

"""Checks of the arguments of metrics: numbers, lists of images and rankings, as people have them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: What pads rankings of different lengths to one array.
NO_IMAGE = -1


def whole_number(name: str, value: Any, minimum: int) -> int:
    """Return an integer of Python or numpy, or a float without a fraction, as an int; ValueError for anything else."""
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise ValueError(f"{name}: expected an integer of at least {minimum}, got {value!r:.60}")
    return value


def cut_offs(kappas: Sequence[int]) -> tuple[int, ...]:
    """Return the cut-offs of the mean precision, one or several; ValueError where one is none."""
    values = kappas if np.ndim(kappas) else [kappas]
    return tuple(whole_number("kappas", value, 1) for value in values)


def checked_rankings(
    rankings: np.ndarray, ground_truth: Sequence[Mapping], database_size: int | None
) -> list[np.ndarray]:
    """Check rankings against ground truth.

    Args:
        rankings: (Q, N) integers, as for :func:`reprise.evaluation.retrieval.evaluate_revisited`
        ground_truth: Q mappings
        database_size: if given, every index has to be below it

    Returns:
        the images of each row, (n,) integers, without what is padding

    Raises:
        ValueError: as :func:`reprise.evaluation.retrieval.evaluate_revisited`
    """
    masked = np.ma.isMaskedArray(rankings) and rankings.dtype.kind in "iu"
    try:
        values = np.ma.filled(rankings.astype(np.int64), NO_IMAGE) if masked else np.asarray(rankings)
    except ValueError as error:
        raise ValueError(f"rankings: rows of different lengths ({error}); pad them with {NO_IMAGE}") from error
    if values.ndim != 2 or values.dtype.kind not in "iu":
        raise ValueError(f"rankings: expected integers of shape (queries, images), got {values.dtype} {values.shape}")
    if len(values) != len(ground_truth):
        raise ValueError(
            f"rankings: {len(values)} rows for {len(ground_truth)} queries of ground_truth; "
            "one row per query is needed, in the same order"
        )
    ordered = np.sort(values, axis=1)
    again = ordered[:, 1:] == ordered[:, :-1]
    padded = masked or bool((again & (ordered[:, 1:] == NO_IMAGE)).any())
    repeated = (again & (ordered[:, 1:] != NO_IMAGE)).any(axis=1)
    if repeated.any():
        raise ValueError(f"rankings: row {int(repeated.argmax())} holds an image more than once")
    if database_size is not None:
        database_size = whole_number("database_size", database_size, 0)
        if values.size and ordered[:, -1].max() >= database_size:
            row = int((ordered[:, -1] >= database_size).argmax())
            held = f"row {row} holds index {ordered[row, -1]}"
            raise ValueError(f"rankings: {held}, the database has {database_size} images")
    return [row[row != NO_IMAGE] for row in values] if padded else list(values)


def checked_lists(
    truth: Mapping, query: int, keys: tuple[str, ...], database_size: int | None
) -> dict[str, np.ndarray]:
    """Check the lists of one query.

    Args:
        truth: the ground truth of the query
        query: its index, for messages
        keys: names of the lists
        database_size: if given, every index has to be below it

    Returns:
        key -> (n,) integers; empty for missing junk

    Raises:
        ValueError: as :func:`reprise.evaluation.retrieval.evaluate_revisited`
    """
    if not isinstance(truth, Mapping):
        raise ValueError(f"ground_truth: query {query} is a {type(truth).__name__}, expected a mapping of lists")
    lists = {}
    for key in keys:
        if key not in truth and key != "junk":
            raise ValueError(
                f"ground_truth: query {query} has no list {key!r}, it has {sorted(map(str, truth))}; "
                "the revisited protocol needs easy and hard, the classic one needs ok"
            )
        indices = _integers(truth.get(key, ()), f"ground_truth: {key!r} of query {query}")
        if len(indices) and (indices.min() < 0 or (database_size is not None and indices.max() >= database_size)):
            outside = indices.min() if indices.min() < 0 else indices.max()
            raise ValueError(f"ground_truth: {key!r} of query {query} holds {outside}, outside the database")
        lists[key] = indices
    return lists


def _integers(values: Any, where: str) -> np.ndarray:
    """Return a list of integers as an array (n,); ValueError beginning with ``where`` for anything else."""
    if np.ma.is_masked(values):
        raise ValueError(f"{where} has masked entries; leave them out")
    try:
        indices = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{where} is no list of integers: {error}") from error
    if not indices.size:
        return np.empty(0, np.int64)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise ValueError(f"{where} is no list of integers but {indices.dtype} {indices.shape}")
    return indices

"""Average precision of the Oxford and Paris buildings as their authors compute it (Philbin et al., CVPR 2007)."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.arguments import checked_lists, checked_rankings

_LISTS = ("good", "ok", "junk")


def evaluate_oxford(
    rankings: np.ndarray | Sequence[Sequence[int]],
    ground_truth: Sequence[Mapping],
    *,
    database_size: int | None = None,
) -> np.ndarray:
    """Compute the average precision of every query by the rules of the program compute_ap of the benchmark.

    Good and ok images are positive, junk images are taken out of the ranking, and all others are negative. The average
    precision is the area under the curve of precision over recall by the trapezoid rule, which starts at precision 1.
    An image that is positive and junk at once counts as junk, but is expected to be found, as in the program; it is the
    only case in which :func:`reprise.evaluation.evaluate_classic` gives another number.

    Source: Philbin, Chum, Isard, Sivic, Zisserman, "Object retrieval with large vocabularies and fast spatial
    matching", CVPR 2007; the program is published with the benchmark.

    Args:
        rankings: (Q, N) integers, database indices, best first; or Q rows of different lengths. Rows may be cut: a
            positive that is not in its row was not retrieved. Negative indices, such as the -1 that fills the end of
            short rows, are images that are neither positive nor junk
        ground_truth: Q mappings with the list ``ok`` and, if any, ``good`` and ``junk`` of database indices; where
            there is no ``good``, as in pickles of the benchmark, ``ok`` holds all positives
        database_size: if given, every index has to be below it

    Returns:
        (Q,) float64 in [0, 1], nan where a query has no positive image

    Raises:
        ValueError: rankings that are not integer or repeat an image, a number of rows that differs from the number of
            queries, ground truth without ``ok`` or with indices outside of the database
    """
    rows = checked_rankings(_as_table(rankings), ground_truth, database_size)
    found = np.full(len(rows), np.nan)
    for query, (ranking, truth) in enumerate(zip(rows, ground_truth, strict=True)):
        lists = checked_lists({"good": (), **truth}, query, _LISTS, database_size)
        positives = np.union1d(lists["good"], lists["ok"])
        if len(positives):
            kept = ranking[~np.isin(ranking, lists["junk"])]
            found[query] = _average_precision(np.isin(kept, positives), len(positives))
    return found


def _as_table(rankings: np.ndarray | Sequence[Sequence[int]]) -> np.ndarray:
    """Return rows as (Q, N) integers in which no negative index, which stands for no image, occurs twice."""
    if not isinstance(rankings, np.ndarray) and len({len(row) for row in rankings}) > 1:
        longest = max(len(row) for row in rankings)
        rankings = np.stack([np.pad(np.asarray(row), (0, longest - len(row)), constant_values=-1) for row in rankings])
    table = np.array(rankings)
    if table.ndim == 2 and np.issubdtype(table.dtype, np.signedinteger):
        table = np.where(table < 0, -1 - np.arange(table.shape[1]), table)
    return table


def _average_precision(positive: np.ndarray, count: int) -> float:
    """Compute the area below the curve of a ranking: (n,) bool without junk, of ``count`` positives in all."""
    places = np.flatnonzero(positive)
    found = np.arange(len(places))
    before = np.where(places == 0, 1.0, found / np.maximum(places, 1))
    return float((before + (found + 1) / (places + 1)).sum() / (2 * count))

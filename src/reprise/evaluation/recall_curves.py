"""Precision over recall of the Oxford and Paris benchmarks: the curves whose areas are the average precisions."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.arguments import checked_lists, checked_rankings
from reprise.evaluation.retrieval import PROTOCOLS

_CLASSIC = (("ok",), ("junk",))
#: Kind of ground truth -> group -> the lists of positives, and those of junk.
KINDS: Mapping[str, Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "revisited": PROTOCOLS,
    "classic": {"classic": _CLASSIC},
    "oxford": {"classic": (("good", "ok"), ("junk",))},
}


def precision_by_recall(
    rankings: np.ndarray,
    ground_truth: Sequence[Mapping],
    kind: str,
    group: str,
    *,
    bins: int = 50,
    database_size: int | None = None,
) -> np.ndarray:
    """Compute the mean precision of every query in equal parts of the recall.

    The curve is the one that the benchmarks integrate, which goes straight from the precision before a positive to
    that after it, and is 0 beyond the last positive that was retrieved. Its means over the parts are exact, so that
    the mean of a row is the average precision of the query, and the mean of all rows is the curve whose area is mAP.

    Args:
        rankings: (Q, N) integers, as for :func:`reprise.evaluation.evaluate_revisited`
        ground_truth: Q mappings with the lists of its kind
        kind: one of ``KINDS``: "revisited", "classic" or "oxford"
        group: a group of the kind, such as "medium"; of the others "classic"
        bins: number of parts
        database_size: if given, every index has to be below it

    Returns:
        (Q, bins) float64 from 0 to 1; nan where a query has no positive

    Raises:
        ValueError: an unknown kind or group, and as :func:`reprise.evaluation.evaluate_revisited`
    """
    if group not in KINDS.get(kind, {}):
        raise ValueError(f"kind, group: there are no curves of {kind!r} and {group!r}")
    positive_keys, junk_keys = KINDS[kind][group]
    rows = checked_rankings(rankings, ground_truth, database_size)
    curves = np.full((len(rows), bins), np.nan)
    for query, (ranking, truth) in enumerate(zip(rows, ground_truth, strict=True)):
        lists = checked_lists({"good": (), **truth}, query, (*positive_keys, *junk_keys), database_size)
        positives, junk = (np.unique(np.concatenate([lists[key] for key in keys])) for keys in KINDS[kind][group])
        if len(positives):
            # In the program of the Oxford buildings, what is positive and junk is junk; elsewhere it is positive.
            found = np.setdiff1d(positives, junk) if kind == "oxford" else positives
            curves[query] = _means(_ranks(ranking, found, junk), len(positives), bins)
    return curves


def _ranks(ranking: np.ndarray, positives: np.ndarray, junk: np.ndarray) -> np.ndarray:
    """Compute the ranks (from 0) of the retrieved positives without the junk before them."""
    is_junk, found = np.isin(ranking, junk), np.flatnonzero(np.isin(ranking, positives))
    return found - (np.cumsum(is_junk) - is_junk)[found]


def _means(ranks: np.ndarray, positives: int, bins: int) -> np.ndarray:
    """Compute the means of a curve of straight parts between the recalls of 0, 1, 2 ... positives."""
    found = np.arange(len(ranks))
    # A part without anything after the last, for what was not retrieved.
    before = np.append(np.where(ranks == 0, 1.0, found / np.maximum(ranks, 1)), 0.0)
    after = np.append((found + 1) / (ranks + 1), 0.0)
    areas = np.append(0.0, np.cumsum((before + after) / 2))
    edges = np.arange(bins + 1) * positives / bins
    part = np.minimum(edges.astype(int), len(ranks))
    within = np.minimum(edges - part, 1.0)
    integral = areas[part] + before[part] * within + (after - before)[part] * within**2 / 2
    return np.diff(integral) * bins / positives

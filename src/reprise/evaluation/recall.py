"""Recall of place recognition: whether an image taken nearby is among the first ones of a ranking.

The protocol of Tokyo 24/7 (Torii et al., CVPR 2015) as NetVLAD evaluates it (Arandjelovic et al., CVPR 2016).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reprise.evaluation.arguments import NO_IMAGE, whole_number

#: The cut-offs that are published.
CUT_OFFS = (1, 2, 3, 4, 5, *range(10, 101, 5))


def recall_at(rankings: np.ndarray, positives: Sequence[Any] | np.ndarray, n: Sequence[int] = CUT_OFFS) -> np.ndarray:
    """Compute the share of the queries that have a positive image among their first n.

    A query without a positive counts as one that found none, as published.

    Args:
        rankings: (Q, M) integers, database images, best first; -1 is no image
        positives: (Q, N) bool, or Q lists of images
        n: cut-offs; one beyond M takes the M images that there are

    Returns:
        (len(n),) float64 in [0, 1]; NaN without a query

    Raises:
        ValueError: as :func:`found_at`
    """
    found = found_at(rankings, positives, n)
    return found.mean(axis=0) if len(found) else np.full(found.shape[1], np.nan)


def found_at(rankings: np.ndarray, positives: Sequence[Any] | np.ndarray, n: Sequence[int] = CUT_OFFS) -> np.ndarray:
    """Tell which queries have a positive image among their first n.

    Args:
        rankings: as for :func:`recall_at`
        positives: as for :func:`recall_at`
        n: as for :func:`recall_at`

    Returns:
        (Q, len(n)) bool

    Raises:
        ValueError: rankings that are not (Q, M) integers, another number of queries, an image that ``positives`` has
            not, a cut-off below 1, or positives that are neither bool nor lists of integers
    """
    ranks = _ranks(rankings)
    cuts = [whole_number("n", value, 1) for value in n]
    if len(ranks) != len(positives):
        raise ValueError(f"rankings: {len(ranks)} rows for {len(positives)} queries of positives; one for each query")
    right = np.zeros(ranks.shape, bool)
    for query, row in enumerate(ranks):
        right[query] = _is_positive(row, positives[query], query)
    until = np.concatenate([np.zeros((len(ranks), 1), bool), np.logical_or.accumulate(right, axis=1)], axis=1)
    return until[:, np.minimum(np.array(cuts, np.int64), ranks.shape[1])]


def positives_within(queries: np.ndarray, database: np.ndarray, distance: float = 25.0) -> np.ndarray:
    """Tell which database images were taken near a query.

    Args:
        queries: (Q, 2) positions in metres, such as UTM
        database: (N, 2)
        distance: in metres, itself included

    Returns:
        (Q, N) bool

    Raises:
        ValueError: other shapes, or positions that are not finite
    """
    first, second = (np.asarray(values, np.float64) for values in (queries, database))
    for name, values in (("queries", first), ("database", second)):
        if values.ndim != 2 or values.shape[1] != 2 or not np.isfinite(values).all():
            raise ValueError(f"{name}: of shape {values.shape}; give (N, 2) finite positions in metres")
    east, north = (first[:, None, axis] - second[None, :, axis] for axis in (0, 1))
    return np.square(east) + np.square(north) <= distance**2


def first_of_groups(rankings: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Keep the first image of each group in a ranking: of each panorama that several images were cut out of.

    Args:
        rankings: (Q, M) integers, database images, best first; -1 is no image
        groups: (N,) integers, the group of each database image
        count: images that are kept of each row

    Returns:
        (Q, count), with -1 behind the last one

    Raises:
        ValueError: rankings that are not (Q, M) integers, or an image without a group
    """
    ranks, owners = _ranks(rankings), np.asarray(groups)
    if ranks.size and ranks.max() >= len(owners):
        raise ValueError(f"rankings: hold image {ranks.max()}, and groups has {len(owners)} images")
    kept = np.full((len(ranks), whole_number("count", count, 1)), NO_IMAGE, np.int64)
    for row, output in zip(ranks, kept, strict=True):
        images = row[row >= 0]
        firsts = np.sort(np.unique(owners[images], return_index=True)[1])[:count]
        output[: len(firsts)] = images[firsts]
    return kept


def _ranks(rankings: np.ndarray) -> np.ndarray:
    ranks = np.asarray(rankings)
    if ranks.ndim != 2 or (ranks.size and ranks.dtype.kind not in "iu"):
        raise ValueError(f"rankings: expected integers of shape (queries, images), got {ranks.dtype} {ranks.shape}")
    return ranks.astype(np.int64)


def _is_positive(row: np.ndarray, positives: Any, query: int) -> np.ndarray:
    """Tell which images of a row are positive."""
    own = np.asarray(positives)
    if own.ndim != 1 or (own.size and own.dtype.kind not in "iub"):
        raise ValueError(f"positives: of query {query} are {own.dtype} {own.shape}; give bool, or a list of integers")
    if own.dtype.kind != "b":
        return np.isin(row, own[own >= 0])
    if row.size and row.max() >= len(own):
        raise ValueError(f"rankings: row {query} holds image {row.max()}, and positives has {len(own)} images")
    return own[row] & (row >= 0) if len(own) else np.zeros(len(row), bool)

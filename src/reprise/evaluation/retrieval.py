"""Mean average precision and precision at k of the Oxford and Paris benchmarks, classic and revisited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: Positive and junk lists of each difficulty (Radenovic et al., "Revisiting Oxford and Paris", CVPR 2018).
PROTOCOLS = {
    "easy": (("easy",), ("junk", "hard")),
    "medium": (("easy", "hard"), ("junk",)),
    "hard": (("hard",), ("junk", "easy")),
}


@dataclass(frozen=True)
class RetrievalScores:
    """Scores of one protocol, as fractions of one.

    Attributes:
        map: mean of the average precisions; nan if no query has a positive
        average_precisions: (Q,) float64, nan where a query has no positive image, 0 where none was retrieved
        precision_at: k -> mean precision at k over the queries that have a positive; nan if there is none
    """

    map: float
    average_precisions: np.ndarray
    precision_at: dict[int, float]


def evaluate_revisited(
    rankings: np.ndarray,
    ground_truth: Sequence[Mapping],
    kappas: Sequence[int] = (1, 5, 10),
    *,
    protocols: Sequence[str] = tuple(PROTOCOLS),
    database_size: int | None = None,
) -> dict[str, RetrievalScores]:
    """Score rankings under the easy, medium and hard protocols (Radenovic et al., CVPR 2018).

    An image that is positive and junk at once counts as positive, and as junk for the positives behind it.

    Args:
        rankings: (Q, N) integers, database indices, best first. Rows may be cut (top k): a positive that is not in the
            row was not retrieved. Negative indices are distractors, which are never positive nor junk
        ground_truth: Q mappings with the lists ``easy``, ``hard`` and, if any, ``junk`` of database indices
        kappas: the cut-offs of the mean precision
        protocols: the protocols to evaluate
        database_size: if given, every index has to be below it

    Returns:
        ``{"easy": ..., "medium": ..., "hard": ...}``, or those of ``protocols``

    Raises:
        ValueError: rankings that are not two-dimensional, not integer or repeat an image in a row, a number of rows
            that differs from the number of queries, ground truth without one of the lists or with indices outside the
            database, or an unknown protocol
    """
    unknown = [name for name in protocols if name not in PROTOCOLS]
    if unknown:
        raise ValueError(f"protocols: {unknown[0]!r} is unknown; known are {', '.join(PROTOCOLS)}")
    rankings, kappas = checked_rankings(rankings, ground_truth, kappas, database_size)
    keys = ("easy", "hard", "junk")
    lists = [checked_lists(truth, query, keys, database_size) for query, truth in enumerate(ground_truth)]
    return {name: _evaluate(rankings, lists, *PROTOCOLS[name], kappas) for name in protocols}


def evaluate_classic(
    rankings: np.ndarray,
    ground_truth: Sequence[Mapping],
    kappas: Sequence[int] = (1, 5, 10),
    *,
    database_size: int | None = None,
) -> RetrievalScores:
    """Score rankings under the original Oxford and Paris protocol (Philbin et al., CVPR 2007).

    Args:
        rankings: (Q, N) integers, as for :func:`evaluate_revisited`
        ground_truth: Q mappings with the lists ``ok`` and, if any, ``junk`` of database indices
        kappas: the cut-offs of the mean precision
        database_size: if given, every index has to be below it

    Returns:
        the scores

    Raises:
        ValueError: as :func:`evaluate_revisited`
    """
    rankings, kappas = checked_rankings(rankings, ground_truth, kappas, database_size)
    keys = ("ok", "junk")
    lists = [checked_lists(truth, query, keys, database_size) for query, truth in enumerate(ground_truth)]
    return _evaluate(rankings, lists, ("ok",), ("junk",), kappas)


def _evaluate(
    rankings: np.ndarray,
    lists: list[dict[str, np.ndarray]],
    positive_keys: tuple[str, ...],
    junk_keys: tuple[str, ...],
    kappas: tuple[int, ...],
) -> RetrievalScores:
    average_precisions = np.full(len(rankings), np.nan)
    precisions = np.full((len(rankings), len(kappas)), np.nan)
    for query, (ranking, truth) in enumerate(zip(rankings, lists, strict=True)):
        positives = np.unique(np.concatenate([truth[key] for key in positive_keys]))
        if len(positives):
            ranks = _ranks_without_junk(ranking, positives, np.concatenate([truth[key] for key in junk_keys]))
            average_precisions[query] = _average_precision(ranks, len(positives))
            precisions[query] = [_precision_at(ranks, kappa) for kappa in kappas]
    valid = ~np.isnan(average_precisions)
    if not valid.any():
        return RetrievalScores(float("nan"), average_precisions, dict.fromkeys(kappas, float("nan")))
    means = precisions[valid].mean(axis=0)
    return RetrievalScores(
        float(average_precisions[valid].mean()),
        average_precisions,
        {kappa: float(mean) for kappa, mean in zip(kappas, means, strict=True)},
    )


def _ranks_without_junk(ranking: np.ndarray, positives: np.ndarray, junk: np.ndarray) -> np.ndarray:
    """Compute the ranks (from 0) of the retrieved positives after the junk images before them are removed."""
    is_junk = np.isin(ranking, junk)
    found = np.flatnonzero(np.isin(ranking, positives))
    return found - (np.cumsum(is_junk) - is_junk)[found]


def _average_precision(ranks: np.ndarray, n_positives: int) -> float:
    """Compute the area under the precision-recall curve by the trapezoid rule; images never retrieved add nothing."""
    found = np.arange(len(ranks))
    after = (found + 1) / (ranks + 1)
    before = np.where(ranks == 0, 1.0, found / np.maximum(ranks, 1))
    return float((before + after).sum() / (2 * n_positives))


def _precision_at(ranks: np.ndarray, kappa: int) -> float:
    """Compute the precision at ``kappa``, or at the last retrieved positive where that comes earlier."""
    if not len(ranks):
        return 0.0
    kappa = min(kappa, int(ranks[-1]) + 1)
    return float(np.count_nonzero(ranks < kappa) / kappa)


def checked_rankings(
    rankings: np.ndarray, ground_truth: Sequence[Mapping], kappas: Sequence[int], database_size: int | None
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Check rankings, ground truth and cut-offs.

    Args:
        rankings: (Q, N) integers, as for :func:`evaluate_revisited`
        ground_truth: Q mappings
        kappas: cut-offs
        database_size: if given, every index has to be below it

    Returns:
        ``rankings`` as an array of integers, and ``kappas`` as a tuple

    Raises:
        ValueError: as :func:`evaluate_revisited`
    """
    rankings = np.asarray(rankings)
    if rankings.ndim != 2 or not np.issubdtype(rankings.dtype, np.integer):
        raise ValueError(
            f"rankings: expected integers of shape (queries, images), got {rankings.dtype} {rankings.shape}"
        )
    if len(rankings) != len(ground_truth):
        raise ValueError(
            f"rankings: {len(rankings)} rows for {len(ground_truth)} queries of ground_truth; "
            "one row per query is needed, in the same order"
        )
    ordered = np.sort(rankings, axis=1)
    repeated = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if repeated.any():
        raise ValueError(f"rankings: row {int(repeated.argmax())} holds an image more than once")
    if database_size is not None and rankings.size and ordered[:, -1].max() >= database_size:
        row = int((ordered[:, -1] >= database_size).argmax())
        raise ValueError(f"rankings: row {row} holds index {ordered[row, -1]}, the database has {database_size} images")
    for kappa in kappas:
        if not isinstance(kappa, int | np.integer) or kappa < 1:
            raise ValueError(f"kappas: expected integers of at least 1, got {kappa!r}")
    return rankings, tuple(int(kappa) for kappa in kappas)


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
        ValueError: as :func:`evaluate_revisited`
    """
    lists = {}
    for key in keys:
        if key not in truth and key != "junk":
            raise ValueError(
                f"ground_truth: query {query} has no list {key!r}, it has {sorted(map(str, truth))}; "
                "the revisited protocol needs easy and hard, the classic one needs ok"
            )
        indices = np.asarray(truth.get(key, ()))
        if indices.size == 0:
            indices = np.empty(0, np.int64)
        if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
            raise ValueError(
                f"ground_truth: {key!r} of query {query} is no list of integers but {indices.dtype} {indices.shape}"
            )
        if len(indices) and (indices.min() < 0 or (database_size is not None and indices.max() >= database_size)):
            outside = indices.min() if indices.min() < 0 else indices.max()
            raise ValueError(f"ground_truth: {key!r} of query {query} holds {outside}, outside the database")
        lists[key] = indices
    return lists

"""Mean average precision and precision at k of the Oxford and Paris benchmarks, classic and revisited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reprise.evaluation.arguments import checked_lists, checked_rankings, cut_offs

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

    def __repr__(self) -> str:
        precisions = "".join(f", mP@{kappa}={value:.4f}" for kappa, value in self.precision_at.items())
        return f"RetrievalScores({len(self.average_precisions)} queries, mAP={self.map:.4f}{precisions})"


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
            row was not retrieved. Negative indices are distractors, which are never positive nor junk. Where a row
            holds -1 more than once, -1 is no image in all rows, as searches pad short lists: it is left out, and what
            follows moves up. The same holds for masked entries
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
    rows, kappas = checked_rankings(rankings, ground_truth, database_size), cut_offs(kappas)
    keys = ("easy", "hard", "junk")
    lists = [checked_lists(truth, query, keys, database_size) for query, truth in enumerate(ground_truth)]
    return {name: _evaluate(rows, lists, *PROTOCOLS[name], kappas) for name in protocols}


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
    rows, kappas = checked_rankings(rankings, ground_truth, database_size), cut_offs(kappas)
    keys = ("ok", "junk")
    lists = [checked_lists(truth, query, keys, database_size) for query, truth in enumerate(ground_truth)]
    return _evaluate(rows, lists, ("ok",), ("junk",), kappas)


def _evaluate(
    rankings: list[np.ndarray],
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

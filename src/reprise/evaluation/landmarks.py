"""Mean average precision at 100 of Google Landmarks v2 (Weyand et al., CVPR 2020)."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.arguments import checked_lists, checked_rankings, cut_offs, whole_number
from reprise.evaluation.retrieval import RetrievalScores

#: The group of all queries.
COMBINED = "combined"


def evaluate_landmarks(
    rankings: np.ndarray,
    ground_truth: Sequence[Mapping],
    kappas: Sequence[int] = (1, 5, 10),
    *,
    cutoff: int = 100,
    groups: Mapping[str, np.ndarray] | None = None,
    database_size: int | None = None,
) -> dict[str, RetrievalScores]:
    """Compute mAP@100 of every group of queries.

    The average precision of a query is the sum of the precisions at the ranks of its positives among the first
    ``cutoff``, divided by the number of its positives or by ``cutoff``, whichever is smaller.

    Args:
        rankings: (Q, N) integers, as for :func:`reprise.evaluation.retrieval.evaluate_revisited`
        ground_truth: Q mappings with the list ``ok``; there is no junk, but an empty list is allowed
        kappas: the cut-offs of the mean precision, whose denominator is the cut-off itself
        cutoff: number of images of each ranking that are used
        groups: name -> (Q,) bool, the queries of the group; None takes all queries as one group, ``combined``
        database_size: if given, every index has to be below it

    Returns:
        group -> its scores, with the average precisions (Q,) of all queries, nan for those that are not in the group
        and for those without a positive, which are in no mean

    Raises:
        ValueError: as :func:`reprise.evaluation.retrieval.evaluate_revisited`; a cutoff below 1, or a group of another
            number of queries
    """
    rows, kappas = checked_rankings(rankings, ground_truth, database_size), cut_offs(kappas)
    cutoff = whole_number("cutoff", cutoff, 1)
    lists = [checked_lists(truth, query, ("ok", "junk"), database_size) for query, truth in enumerate(ground_truth)]
    if any(len(truth["junk"]) for truth in lists):
        raise ValueError("ground_truth: this protocol has no junk; use evaluate_classic")
    precisions = np.full(len(rows), np.nan)
    at = np.full((len(rows), len(kappas)), np.nan)
    for query, (ranking, truth) in enumerate(zip(rows, lists, strict=True)):
        positives = np.unique(truth["ok"])
        if len(positives):
            ranks = np.flatnonzero(np.isin(ranking, positives))
            precisions[query] = _average_precision(ranks, len(positives), cutoff)
            at[query] = [np.count_nonzero(ranks < kappa) / kappa for kappa in kappas]
    if groups is None:
        groups = {COMBINED: np.ones(len(rows), bool)}
    groups = {name: np.asarray(members) for name, members in groups.items()}
    for name, members in groups.items():
        if members.dtype != bool or members.shape != (len(rows),):
            raise ValueError(f"groups: {name!r} is {members.dtype} {members.shape}, expected bool ({len(rows)},)")
    return {name: _scores(np.where(members, precisions, np.nan), at, kappas) for name, members in groups.items()}


def _average_precision(ranks: np.ndarray, num_positives: int, cutoff: int) -> float:
    """Sum the precisions at the ranks (from 0) of the positives, by the rectangle rule."""
    ranks = ranks[ranks < cutoff]
    return float(((np.arange(len(ranks)) + 1) / (ranks + 1)).sum() / min(num_positives, cutoff))


def _scores(precisions: np.ndarray, at: np.ndarray, kappas: tuple[int, ...]) -> RetrievalScores:
    valid = ~np.isnan(precisions)
    if not valid.any():
        return RetrievalScores(float("nan"), precisions, dict.fromkeys(kappas, float("nan")))
    means = at[valid].mean(axis=0)
    return RetrievalScores(
        float(precisions[valid].mean()), precisions, {k: float(mean) for k, mean in zip(kappas, means, strict=True)}
    )

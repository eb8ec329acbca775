"""Mean average precision at 100 of Google Landmarks v2 (Weyand et al., CVPR 2020)."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.retrieval import RetrievalScores, checked_lists, checked_rankings

#: The last queries of the test are private, those before them public (the validation set).
PRIVATE_QUERIES = 750


def evaluate_landmarks(
    rankings: np.ndarray,
    ground_truth: Sequence[Mapping],
    kappas: Sequence[int] = (1, 5, 10),
    *,
    cutoff: int = 100,
    private_queries: int = PRIVATE_QUERIES,
    database_size: int | None = None,
) -> dict[str, RetrievalScores]:
    """mAP@100 of all queries, and of the public and the private ones.

    The average precision of a query is the sum of the precisions at the ranks of its positives among the first
    ``cutoff``, divided by the number of its positives or by ``cutoff``, whichever is smaller.

    rankings         (Q, N) integers, as for :func:`evaluate_revisited`
    ground_truth     Q mappings with the list ``ok``; there is no junk, but one of zero length is allowed
    kappas           the cut-offs of the mean precision, whose denominator is the cut-off itself
    private_queries  so many of the queries, the last ones, are private; without that many, all are public

    Returns ``{"public": ..., "private": ..., "combined": ...}``; only ``public`` where no query is private. Each has
    the average precisions of all Q queries, nan for those of the other part. Queries without a positive are left out.
    Raises ValueError as :func:`evaluate_revisited`, and for a cutoff below 1.
    """
    rankings, kappas = checked_rankings(rankings, ground_truth, kappas, database_size)
    if cutoff < 1:
        raise ValueError(f"cutoff: expected at least 1, got {cutoff}")
    lists = [checked_lists(truth, query, ("ok", "junk"), database_size) for query, truth in enumerate(ground_truth)]
    if any(len(truth["junk"]) for truth in lists):
        raise ValueError("ground_truth: this protocol has no junk; use evaluate_classic")
    precisions = np.full(len(rankings), np.nan)
    at = np.full((len(rankings), len(kappas)), np.nan)
    for query, (ranking, truth) in enumerate(zip(rankings, lists, strict=True)):
        positives = np.unique(truth["ok"])
        if len(positives):
            ranks = np.flatnonzero(np.isin(ranking, positives))
            precisions[query] = _average_precision(ranks, len(positives), cutoff)
            at[query] = [np.count_nonzero(ranks < kappa) / kappa for kappa in kappas]
    private = np.arange(len(rankings)) >= len(rankings) - private_queries
    if private.all() or not private.any():
        return {"public": _scores(precisions, at, kappas)}
    parts = {"public": ~private, "private": private, "combined": np.ones_like(private)}
    return {name: _scores(np.where(part, precisions, np.nan), at, kappas) for name, part in parts.items()}


def _average_precision(ranks: np.ndarray, num_positives: int, cutoff: int) -> float:
    """Sum of the precisions at the ranks (from 0) of the positives, by the rectangle rule."""
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

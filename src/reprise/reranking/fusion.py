"""Re-ranking by pair scores: the mixture of similarities and logits, its evaluation, and sweeps over its parameters."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.landmarks import PRIVATE_QUERIES, evaluate_landmarks
from reprise.evaluation.retrieval import RetrievalScores, evaluate_classic, evaluate_revisited
from reprise.formats.neighbors import Neighbors
from reprise.formats.pair_scores import PairScores
from reprise.reranking.shortlists import head
from reprise.storage.errors import DataError


def mix(similarities: np.ndarray, logits: np.ndarray, lam: float, gamma: float) -> np.ndarray:
    """lam * similarity + (1 - lam) * sigmoid(gamma * logit), of arrays of one shape, float64.

    DataError: ``lam`` outside [0, 1] or ``gamma`` not above 0.
    """
    if not 0 <= lam <= 1:
        raise DataError(f"lambda: is {lam}, expected 0 (logits alone) to 1 (similarities alone)")
    if not 0 < gamma < np.inf:
        raise DataError(f"gamma: is {gamma}, expected a number above 0")
    # The logistic function by the hyperbolic tangent, which does not overflow.
    probabilities = 0.5 * (1 + np.tanh(0.5 * gamma * logits.astype(np.float64)))
    return lam * similarities.astype(np.float64) + (1 - lam) * probabilities


def fuse(ranking: Neighbors, logits: np.ndarray, lam: float, gamma: float) -> Neighbors:
    """The ranking with its first K images in the order of their mixed scores; the others keep their places.

    logits: (Q, K) of the first K images. Equal scores keep their order. The similarities of the first K are their mixed
    scores, those of the others what they were, so that the two are not comparable.
    """
    first = head(ranking, logits.shape[1])
    mixed = mix(first.similarities, logits, lam, gamma)
    order = np.argsort(-mixed, axis=1, kind="stable")
    indices, similarities = ranking.indices.copy(), ranking.similarities.astype(np.float64)
    indices[:, : logits.shape[1]] = np.take_along_axis(first.indices, order, axis=1)
    similarities[:, : logits.shape[1]] = np.take_along_axis(mixed, order, axis=1)
    return Neighbors(similarities.astype(np.float32), indices)


def rerank(
    rankings: Mapping[str, Neighbors], scores: PairScores, num_rerank: int, lam: float, gamma: float
) -> dict[str, Neighbors]:
    """The re-ranked ranking of every protocol; ``rankings`` as :func:`reprise.reranking.shortlists.shortlists` made.

    DataError: pairs that were not scored, or parameters outside of their ranges.
    """
    return {
        name: fuse(ranking, scores.of(head(ranking, num_rerank).indices), lam, gamma)
        for name, ranking in rankings.items()
    }


def evaluate(
    rankings: Mapping[str, Neighbors],
    ground_truth: Sequence[Mapping],
    kappas: Sequence[int] = (1, 5, 10),
    *,
    private_queries: int = PRIVATE_QUERIES,
    database_size: int | None = None,
) -> dict[str, RetrievalScores]:
    """The scores of every protocol, each on its own ranking.

    Of the ranking ``all``, those of Google Landmarks v2 (public, private, combined), or with junk ``classic``.
    """
    scores: dict[str, RetrievalScores] = {}
    for name, ranking in rankings.items():
        if name != "all":
            found = evaluate_revisited(ranking.indices, ground_truth, kappas, database_size=database_size)
            scores[name] = found[name]
        elif any("junk" in truth for truth in ground_truth):
            scores["classic"] = evaluate_classic(ranking.indices, ground_truth, kappas, database_size=database_size)
        else:
            scores |= evaluate_landmarks(
                ranking.indices, ground_truth, kappas, private_queries=private_queries, database_size=database_size
            )
    return scores


def sweep(
    rankings: Mapping[str, Neighbors],
    scores: PairScores,
    ground_truth: Sequence[Mapping],
    *,
    num_rerank: Sequence[int],
    lam: Sequence[float],
    gamma: Sequence[float],
    private_queries: int = PRIVATE_QUERIES,
) -> list[dict[str, float]]:
    """A row {num_rerank, lambda, gamma, <protocol>: mAP} for each combination, in the order of the grids.

    Pair scores are looked up once; the mAP is a fraction of one.
    """
    longest = {name: scores.of(head(ranking, max(num_rerank)).indices) for name, ranking in rankings.items()}
    rows = []
    for count, share, slope in itertools.product(num_rerank, lam, gamma):
        fused = {name: fuse(rankings[name], logits[:, :count], share, slope) for name, logits in longest.items()}
        found = evaluate(fused, ground_truth, private_queries=private_queries)
        maps = {name: result.map for name, result in found.items()}
        rows.append({"num_rerank": count, "lambda": share, "gamma": slope, **maps})
    return rows

"""Re-ranking by scores of pairs: reordering a short list, the mixture of AMES, and sweeps over its parameters."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.landmarks import evaluate_landmarks
from reprise.evaluation.retrieval import RetrievalScores, evaluate_classic, evaluate_revisited
from reprise.formats.pair_scores import PairScores
from reprise.formats.rankings import ALL, RankedList
from reprise.reranking.shortlists import PUSHED_BACK, has_protocols
from reprise.storage.errors import DataError


def reorder(ranked: RankedList, scores: np.ndarray) -> RankedList:
    """The list with its first K images in the descending order of ``scores``; the others keep their places.

    Equal scores keep their order. The scores of the first K become the new ones, those of the others stay what they
    were, so that the two do not compare. What pads the list, -1, goes behind the images, whatever its scores.

    Args:
        ranked: the list
        scores: (Q, K) floats
    """
    count = scores.shape[1]
    scores = np.where(ranked.ranks[:, :count] < 0, -np.inf, scores)
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks, all_scores = ranked.ranks.copy(), ranked.scores.astype(np.float64)
    ranks[:, :count] = np.take_along_axis(ranked.ranks[:, :count], order, axis=1)
    all_scores[:, :count] = np.take_along_axis(scores, order, axis=1)
    return RankedList(ranks, all_scores.astype(np.float32))


def mix(similarities: np.ndarray, logits: np.ndarray, lam: float, gamma: float) -> np.ndarray:
    """Mix similarities and logits: lam * similarity + (1 - lam) * sigmoid(gamma * logit) (Suma et al., ECCV 2024).

    Where an image has no descriptor, its similarity or its logit is minus infinity: the sigmoid is 0 then, and so is
    the share of similarities that do not count (lam 0).

    Args:
        similarities: floats of any shape
        logits: of the same shape
        lam: share of the similarities, 0 to 1
        gamma: factor of the logits, above 0

    Returns:
        float64 of the same shape

    Raises:
        DataError: ``lam`` or ``gamma`` outside of its range
    """
    if not 0 <= lam <= 1:
        raise DataError(f"lambda: is {lam}, expected 0 (logits alone) to 1 (similarities alone)")
    if not 0 < gamma < np.inf:
        raise DataError(f"gamma: is {gamma}, expected a number above 0")
    # The logistic function by the hyperbolic tangent, which does not overflow.
    probabilities = 0.5 * (1 + np.tanh(0.5 * gamma * logits.astype(np.float64)))
    shares = lam * similarities.astype(np.float64) if lam else 0.0
    return shares + (1 - lam) * probabilities


def fuse(ranked: RankedList, logits: np.ndarray, lam: float, gamma: float) -> RankedList:
    """The list with its first K images in the order of their mixed scores; see :func:`mix` and :func:`reorder`.

    Args:
        ranked: the list
        logits: (Q, K) of the first K images
        lam: see :func:`mix`
        gamma: see :func:`mix`

    Raises:
        DataError: as :func:`mix`, and a list of fewer than K images
    """
    return reorder(ranked, mix(ranked.first(logits.shape[1]).scores, logits, lam, gamma))


def evaluate(
    lists: Mapping[str, RankedList],
    ground_truth: Sequence[Mapping],
    kappas: Sequence[int] = (1, 5, 10),
    *,
    groups: Mapping[str, np.ndarray] | None = None,
    database_size: int | None = None,
) -> dict[str, RetrievalScores]:
    """The scores of every protocol, each on its own list, without a file.

    Args:
        lists: as :func:`reprise.reranking.shortlists.shortlists` gives them
        ground_truth: one mapping per query
        kappas: cut-offs of the mean precision
        groups: of queries, of Google Landmarks v2; None takes all queries as ``combined``
        database_size: if given, every index has to be below it

    Returns:
        protocol -> its scores; of the list ``all``, those of all protocols, of the groups, or with junk ``classic``
    """
    scores: dict[str, RetrievalScores] = {}
    for name, ranked in lists.items():
        if name != ALL or has_protocols(ground_truth):
            protocols = tuple(PUSHED_BACK) if name == ALL else [name]
            scores |= evaluate_revisited(
                ranked.ranks, ground_truth, kappas, protocols=protocols, database_size=database_size
            )
        elif any("junk" in truth for truth in ground_truth):
            scores["classic"] = evaluate_classic(ranked.ranks, ground_truth, kappas, database_size=database_size)
        else:
            scores |= evaluate_landmarks(
                ranked.ranks, ground_truth, kappas, groups=groups or None, database_size=database_size
            )
    return scores


def sweep(
    lists: Mapping[str, RankedList],
    scores: PairScores,
    ground_truth: Sequence[Mapping],
    *,
    shortlist: Sequence[int],
    lam: Sequence[float],
    gamma: Sequence[float],
    groups: Mapping[str, np.ndarray] | None = None,
) -> list[dict[str, float]]:
    """The mAP of every combination of the parameters of AMES; pair scores are looked up once.

    Args:
        lists: as :func:`reprise.reranking.shortlists.shortlists` gives them
        scores: logits, of the longest short list at least
        ground_truth: one mapping per query
        shortlist: numbers of re-ranked images
        lam: see :func:`mix`
        gamma: see :func:`mix`
        groups: see :func:`evaluate`

    Returns:
        a row {shortlist, lambda, gamma, <protocol>: mAP as a fraction} for each combination, in the order of the grids
    """
    longest = {name: scores.of(ranked.first(max(shortlist)).ranks) for name, ranked in lists.items()}
    rows = []
    for count, share, slope in itertools.product(shortlist, lam, gamma):
        fused = {name: fuse(lists[name], logits[:, :count], share, slope) for name, logits in longest.items()}
        found = evaluate(fused, ground_truth, groups=groups)
        maps = {name: result.map for name, result in found.items()}
        rows.append({"shortlist": count, "lambda": share, "gamma": slope, **maps})
    return rows

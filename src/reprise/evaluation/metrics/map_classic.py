"""mAP and mP@k of the original Oxford and Paris protocol: positives and junk."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.retrieval import evaluate_classic
from reprise.evaluation.scores import Evaluation, ranks_of, retrieval_evaluation

TAKES = "classic"
GROUP = "classic"


def evaluate(
    ranks: Mapping[str, np.ndarray],
    ground_truth: Sequence[Mapping],
    *,
    groups: Mapping[str, np.ndarray],
    kappas: Sequence[int],
    database_size: int | None = None,
) -> Evaluation:
    """Score the one group ``classic``.

    Args:
        ranks: "classic" or "all" -> (Q, M) integers
        ground_truth: Q mappings with the lists ``ok`` and, if any, ``junk``
        groups: not used
        kappas: cut-offs of the mean precision
        database_size: if given, every index has to be below it

    Returns:
        mAP and mP@k

    Raises:
        ValueError: as :func:`reprise.evaluation.retrieval.evaluate_classic`
    """
    found = evaluate_classic(ranks_of(ranks, GROUP), ground_truth, kappas, database_size=database_size)
    return retrieval_evaluation({GROUP: found}, {GROUP: np.ones(len(ground_truth), bool)})

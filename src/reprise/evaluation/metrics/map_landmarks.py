"""mAP@100 and precision at k of Google Landmarks v2, of the public, the private and all queries."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.landmarks import COMBINED, evaluate_landmarks
from reprise.evaluation.scores import ALL, Evaluation, ranks_of, retrieval_evaluation

TAKES = "landmarks"


def evaluate(
    ranks: Mapping[str, np.ndarray],
    ground_truth: Sequence[Mapping],
    *,
    groups: Mapping[str, np.ndarray],
    kappas: Sequence[int],
    database_size: int | None = None,
) -> Evaluation:
    """Score every group of queries.

    Args:
        ranks: "all" -> (Q, M) integers; the first 100 of each row are used
        ground_truth: Q mappings with the list ``ok``
        groups: such as public, private and combined; without any, all queries are ``combined``
        kappas: cut-offs of the mean precision
        database_size: if given, every index has to be below it

    Returns:
        mAP and mP@k of every group

    Raises:
        ValueError: as :func:`reprise.evaluation.landmarks.evaluate_landmarks`
    """
    groups = dict(groups) or {COMBINED: np.ones(len(ground_truth), bool)}
    found = evaluate_landmarks(ranks_of(ranks, ALL), ground_truth, kappas, groups=groups, database_size=database_size)
    return retrieval_evaluation(found, groups)

"""mAP and mP@k of the revisited Oxford and Paris benchmarks, under the easy, medium and hard protocols."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.retrieval import PROTOCOLS, evaluate_revisited
from reprise.evaluation.scores import ALL, Evaluation, ranks_of, retrieval_evaluation

TAKES = "revisited"


def evaluate(
    ranks: Mapping[str, np.ndarray],
    ground_truth: Sequence[Mapping],
    *,
    groups: Mapping[str, np.ndarray],
    kappas: Sequence[int],
    database_size: int | None = None,
) -> Evaluation:
    """Score each protocol on its own list, those without one on the list for all.

    Args:
        ranks: protocol or "all" -> (Q, M) integers
        ground_truth: Q mappings with the lists ``easy``, ``hard`` and, if any, ``junk``
        groups: not used; the protocols are groups of positives, not of queries
        kappas: cut-offs of the mean precision
        database_size: if given, every index has to be below it

    Returns:
        mAP and mP@k of every protocol

    Raises:
        ValueError: as :func:`reprise.evaluation.retrieval.evaluate_revisited`
    """
    protocols = [name for name in PROTOCOLS if ALL in ranks or name in ranks]
    if not protocols:
        raise ValueError(f"ranks: there are lists for {', '.join(ranks)}, expected {', '.join(PROTOCOLS)} or {ALL}")
    shared = [name for name in protocols if name not in ranks]
    found = (
        evaluate_revisited(ranks[ALL], ground_truth, kappas, protocols=shared, database_size=database_size)
        if shared
        else {}
    )
    for name in set(protocols) - set(shared):
        found |= evaluate_revisited(
            ranks_of(ranks, name), ground_truth, kappas, protocols=[name], database_size=database_size
        )
    every = np.ones(len(ground_truth), bool)
    return retrieval_evaluation({name: found[name] for name in protocols}, dict.fromkeys(protocols, every))

"""mAP of the original Oxford and Paris protocol, of ground truth with good, ok and junk images."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.oxford import evaluate_oxford
from reprise.evaluation.scores import PERCENT, Evaluation, Score, ranks_of

TAKES = "oxford"
#: The protocol is that of the pickles with ok and junk, so that tables show both in one column.
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
        ground_truth: Q mappings with the lists ``good``, ``ok`` and ``junk``
        groups: not used
        kappas: not used
        database_size: if given, every index has to be below it

    Returns:
        mAP

    Raises:
        ValueError: as :func:`reprise.evaluation.oxford.evaluate_oxford`
    """
    found = 100.0 * evaluate_oxford(ranks_of(ranks, GROUP), ground_truth, database_size=database_size)
    measured = found[np.isfinite(found)]
    value = float(measured.mean()) if len(measured) else float("nan")
    score = Score("mAP", GROUP, value, PERCENT, True, len(measured))
    return Evaluation([score], {"mAP": {GROUP: found}}, {GROUP: len(found) - len(measured)})

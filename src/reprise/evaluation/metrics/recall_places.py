"""Recall of place recognition at the published cut-offs, of all queries and of those of each time of day.

``recall@N`` takes a ranking as it is. ``panorama recall@N`` counts the images that were cut out of one panorama once,
the first of them (Torii et al., CVPR 2015, as NetVLAD evaluates it): N of 12 N images, as published.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.evaluation.recall import CUT_OFFS, first_of_groups, found_at
from reprise.evaluation.scores import ALL, PERCENT, Evaluation, Score, ranks_of

TAKES = "places"


def evaluate(
    ranks: Mapping[str, np.ndarray],
    ground_truth: Sequence[Mapping],
    *,
    groups: Mapping[str, np.ndarray],
    kappas: Sequence[int],
    database_size: int | None = None,
) -> Evaluation:
    """Score every group of queries. A query without an image near it counts as not found, as published.

    Args:
        ranks: "all" -> (Q, M) integers
        ground_truth: Q mappings with the list ``ok``, and ``cutouts``, the images of each panorama, which follow each
            other in the database
        groups: such as day and night; without any, all queries are ``all``
        kappas: not used; the cut-offs are the published ones
        database_size: not used

    Returns:
        recall@N of every group, and panorama recall@N where panoramas have more than one image; of each query, 100 or 0

    Raises:
        ValueError: as :func:`reprise.evaluation.recall.found_at`
    """
    listed = ranks_of(ranks, ALL)
    groups = dict(groups) or {ALL: np.ones(len(ground_truth), bool)}
    positives = [truth["ok"] for truth in ground_truth]
    kinds = {"recall": listed}
    cutouts = int(ground_truth[0].get("cutouts", 1)) if ground_truth else 1
    if cutouts > 1:
        most = max(CUT_OFFS)
        panoramas = np.arange(int(listed.max(initial=-1)) + 1) // cutouts
        kinds["panorama recall"] = first_of_groups(listed[:, : cutouts * most], panoramas, most)
    scores: list[Score] = []
    per_query: dict[str, Mapping[str, np.ndarray]] = {}
    for kind, order in kinds.items():
        found = 100.0 * found_at(order, positives)
        for column, n in enumerate(CUT_OFFS):
            metric, values = f"{kind}@{n}", found[:, column]
            per_query[metric] = {name: np.where(rows, values, np.nan) for name, rows in groups.items()}
            for name, rows in groups.items():
                mean = float(values[rows].mean()) if rows.any() else float("nan")
                scores.append(Score(metric, name, mean, PERCENT, True, int(rows.sum())))
    return Evaluation(scores, per_query)

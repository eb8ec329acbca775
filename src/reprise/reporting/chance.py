"""The chance level: what random rankings of the same images would score."""

from collections.abc import Sequence

import numpy as np

from reprise.datasets.images import Dataset
from reprise.evaluation.scores import ALL
from reprise.reporting.metrics import load_metric

_DRAWS = 5
_SEED = 0
# Of all draws together. Random rankings of a million images score next to nothing, and take longer than the search.
_MOST_RANKS = 10**8


def chance_level(dataset: Dataset, metrics: Sequence[str], images: int | None = None) -> dict[str, float]:
    """Compute the mean mAP of random rankings.

    Args:
        dataset: its queries and ground truth
        metrics: names of metrics that take its kind of ground truth; none for a dataset without
        images: number of images that are searched, with distractors; None: those of the dataset

    Returns:
        group -> mAP in percent, the mean of some draws; groups in which there is nothing to measure are left out, and
        all where there are too many images for it
    """
    if dataset.queries is None or dataset.ground_truth is None:
        return {}
    images = len(dataset.database) if images is None else images
    if _DRAWS * len(dataset.queries) * images > _MOST_RANKS:
        return {}
    random = np.random.default_rng(_SEED)
    found: dict[str, list[float]] = {}
    for _ in range(_DRAWS):
        order = np.arange(images, dtype=np.int32)
        ranks = np.stack([random.permutation(order) for _ in range(len(dataset.queries))])
        for name in metrics:
            scores = (
                load_metric(name)
                .evaluate({ALL: ranks}, dataset.ground_truth, groups=dataset.groups, kappas=(1,), database_size=images)
                .scores
            )
            for score in scores:
                if score.metric == "mAP" and np.isfinite(score.value):
                    found.setdefault(score.group, []).append(score.value)
    return {group: float(np.mean(values)) for group, values in found.items()}

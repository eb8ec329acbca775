"""What a batch of HNDesc costs: the loss of the paper, and the others that its code offers, but one.

The one that is left out takes negatives also from images that a global descriptor finds, whose published lists of
neighbours were never released ("GD").
"""

from collections.abc import Sequence
from typing import Literal

import torch

from reprise.training.hndesc.average_precision import average_precision, average_precision_loss, compared

Criterion = Literal["in_batch", "within_pair", "all_negatives", "triplet"]
#: Crops of at least two points that a batch needs.
CROPS_NEEDED: dict[Criterion, int] = {"in_batch": 2, "within_pair": 1, "all_negatives": 1, "triplet": 1}
_MARGIN = 1.0
_SMALLEST = 1e-12  # of squared distances, whose roots have no gradient at 0


def criterion_loss(
    criterion: Criterion,
    anchors: torch.Tensor,
    positives: torch.Tensor,
    points_per_crop: Sequence[int] | torch.Tensor,
    negatives: int = 20,
) -> torch.Tensor:
    """Compute the loss of a batch.

    Args:
        criterion: ``in_batch``, see :func:`reprise.training.hndesc.average_precision.average_precision_loss`;
            ``within_pair``, the average precision among all points of the same crop; ``all_negatives``, among all
            points of the batch; ``triplet``, a margin of 1 between the distances of the positive and of the nearest
            other point of the same crop
        anchors: (N, D) float, rows of unit norm, those of a crop one after the other
        positives: (N, D) float, of the same points in the other crop
        points_per_crop: numbers of points, N in all; crops with a single one are left out
        negatives: of each anchor, for ``in_batch``

    Returns:
        () tensor, in [0, 1]; for ``triplet`` at least 0

    Raises:
        DataError: shapes that do not fit, or fewer crops with at least two points than ``CROPS_NEEDED``
    """
    if criterion == "in_batch":
        return average_precision_loss(anchors, positives, points_per_crop, negatives)
    products, crops = compared(anchors, positives, points_per_crop, CROPS_NEEDED[criterion])
    own = torch.eye(len(crops), dtype=torch.bool, device=crops.device)
    others = ~own if criterion == "all_negatives" else (crops[:, None] == crops) & ~own
    if criterion == "triplet":
        distances = (2 - 2 * products).clamp(min=_SMALLEST).sqrt()
        nearest = distances.masked_fill(~others, torch.inf).min(dim=1).values
        return (_MARGIN + distances.diagonal() - nearest).clamp(min=0).mean()
    similarities = torch.cat([products.diagonal()[:, None], products], dim=1)
    counted = torch.cat([torch.ones_like(own[:, :1]), others], dim=1)
    return (1 - average_precision(similarities, counted=counted)).mean()


def usable(criterion: Criterion, points_per_crop: Sequence[int]) -> bool:
    """Tell whether a batch has the crops with at least two points that a criterion needs."""
    return sum(points > 1 for points in points_per_crop) >= CROPS_NEEDED[criterion]

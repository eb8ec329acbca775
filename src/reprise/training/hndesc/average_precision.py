"""The loss of HNDesc: average precision that can be differentiated, with negatives of other crops of the batch.

Average precision by soft bins is that of R2D2 (Revaud, Weinzaepfel et al., NeurIPS 2019), after He, Lu and Sclaroff
(CVPR 2018).
"""

from collections.abc import Sequence

import torch

from reprise.storage.arguments import count
from reprise.storage.errors import DataError

BINS = 20
_SMALLEST = 1e-16
_WORDS = {1: "one crop needs", 2: "two crops need"}


def average_precision_loss(
    anchors: torch.Tensor, positives: torch.Tensor, points_per_crop: Sequence[int] | torch.Tensor, negatives: int = 20
) -> torch.Tensor:
    """One minus the average precision of each anchor, in the mean: its positive among the hardest negatives.

    Negatives are the most similar positives of other crops. Those of the same crop are left out, as published, so that
    neighbouring points of one image are never told apart. Where other crops have fewer points than ``negatives``, the
    least similar one counts several times.

    Source: Melekhov et al., 3DV 2021, "in-batch".

    Args:
        anchors: (N, D) float, rows of unit norm, those of a crop one after the other
        positives: (N, D) float, of the same points in the other crop
        points_per_crop: numbers of points, N in all; crops with a single one are left out
        negatives: of each anchor

    Returns:
        () tensor, in [0, 1]

    Raises:
        DataError: shapes that do not fit, or fewer than two crops with at least two points
    """
    products, crops = compared(anchors, positives, points_per_crop, crops_needed=2)
    own = products.diagonal()[:, None]
    others = products.masked_fill(crops[:, None] == crops, -torch.inf)
    hardest = _largest(others, count("negatives", negatives))
    return (1 - average_precision(torch.cat([own, hardest], dim=1))).mean()


def compared(
    anchors: torch.Tensor, positives: torch.Tensor, points_per_crop: Sequence[int] | torch.Tensor, crops_needed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the similarities of all points of a batch, without those of crops with a single one.

    Args:
        anchors: as for :func:`average_precision_loss`
        positives: the same
        points_per_crop: the same
        crops_needed: with at least two points

    Returns:
        similarities (n, n) of anchors and positives, and the crop (n,) of each point

    Raises:
        DataError: as :func:`average_precision_loss`
    """
    sizes = torch.as_tensor(points_per_crop, dtype=torch.long, device=anchors.device).flatten()
    shape = tuple(anchors.shape)
    if anchors.dim() != 2 or shape != tuple(positives.shape) or int(sizes.sum()) != len(anchors) or (sizes < 0).any():
        raise DataError(
            f"anchors {shape}, positives {tuple(positives.shape)}, points_per_crop {sizes.tolist()}: give the same "
            "(N, D) for both, and numbers of points that add up to N"
        )
    if int((sizes > 1).sum()) < crops_needed:
        raise DataError(
            f"points_per_crop: {sizes.tolist()}; at least {_WORDS[crops_needed]} two points or more, because "
            "negatives come from there; enlarge the batch"
        )
    crops = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes)
    kept = (sizes > 1)[crops]
    return anchors[kept] @ positives[kept].T, crops[kept]


def average_precision(
    similarities: torch.Tensor, bins: int = BINS, counted: torch.Tensor | None = None
) -> torch.Tensor:
    """Compute the average precision of rankings with one positive, by soft assignment of similarities to bins.

    The bins are triangles whose centres divide 1 to 0 evenly; similarities beyond 1 or below 0 belong to the outermost.

    Args:
        similarities: (N, K), that of the positive first
        bins: how many
        counted: (N, K) bool, which of them are in the ranking, that of the positive always; None for all

    Returns:
        (N,) in [0, 1]
    """
    width = 1 / (bins - 1)
    centres = torch.arange(bins, dtype=similarities.dtype, device=similarities.device)
    offsets = similarities[..., None] / width + centres - (bins - 1)  # in bins, positive above the centre
    above, below = 1 - offsets, 1 + offsets
    above = torch.cat([torch.ones_like(above[..., :1]), above[..., 1:]], dim=-1)
    below = torch.cat([below[..., :-1], torch.ones_like(below[..., :1])], dim=-1)
    shares = torch.minimum(above, below).clamp(min=0)
    if counted is not None:
        shares = shares * counted[..., None]
    everything, positive = shares.sum(dim=1), shares[:, 0]
    precision = positive.cumsum(dim=1) / (_SMALLEST + everything.cumsum(dim=1))
    return (precision * positive).sum(dim=1) / positive.sum(dim=1)


def _largest(values: torch.Tensor, number: int) -> torch.Tensor:
    """The largest values of each row, (N, number); the last one again where a row has fewer that are finite."""
    found = values.topk(min(number, values.shape[1]), dim=1).values
    last = torch.isfinite(found).sum(dim=1, keepdim=True) - 1
    places = torch.arange(number, device=values.device).expand(len(values), number)
    return found.gather(1, torch.minimum(places, last))

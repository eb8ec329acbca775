"""Losses on pairs of patches (Mishchuk, Mishkin, Radenovic and Matas, NIPS 2017, section 3), and regularisation.

Anchors and positives are descriptors of unit norm, row i of both of the same point. Negatives come from the batch
itself: the positives of other rows. All constants are those of the published code.
"""

from typing import Literal, get_args

import torch

from reprise.storage.errors import DataError

Mining = Literal["min", "average", "random"]
Loss = Literal["triplet_margin", "softmax", "contrastive"]

_FAR = 10.0  # added to distances that are no negatives
_SAME = 0.008  # a smaller distance is that of the same patch, drawn under two labels
_SOFTMAX = 2.0  # the largest distance of unit vectors


def hardnet_loss(
    anchors: torch.Tensor,
    positives: torch.Tensor,
    *,
    mining: Mining = "min",
    loss: Loss = "triplet_margin",
    margin: float = 1.0,
    anchor_swap: bool = False,
    permutation: torch.Tensor | None = None,
) -> torch.Tensor:
    """The loss of a batch of matching pairs, each against negatives of the batch.

    Args:
        anchors: (n, D) float, rows of unit norm
        positives: (n, D) float, the other patch of each pair
        mining: ``min`` takes the closest positive of another pair; ``average`` every combination, the pair itself
            included, which costs nothing; ``random`` the positive at the same place of ``permutation``
        loss: ``triplet_margin``, max(0, margin + d(positive) - d(negative)); ``softmax`` of 2 - d over both;
            ``contrastive``, d(positive) + max(0, margin - d(negative))
        margin: not used by ``softmax``
        anchor_swap: the closer one of the two distances anchor - other positive and other anchor - positive counts
        permutation: (n,) integers for ``random``; drawn where it is None

    Returns:
        () tensor, the mean

    Raises:
        DataError: shapes that differ or have fewer than two rows, or an unknown name
    """
    distances = distance_matrix(anchors, positives)
    own = distances.diagonal()
    others = _without_matches(distances)
    others = torch.minimum(others, others.T) if anchor_swap and mining == "average" else others
    if mining == "min":
        negative = others.min(dim=1).values
        negative = torch.minimum(negative, others.min(dim=0).values) if anchor_swap else negative
    elif mining == "average":
        own, negative = own.expand_as(others), others
    elif mining == "random":
        order = torch.randperm(len(own), device=own.device) if permutation is None else permutation.to(own.device)
        rows = torch.arange(len(own), device=own.device)
        negative = others[rows, order]
        negative = torch.minimum(negative, others[order, rows]) if anchor_swap else negative
    else:
        raise DataError(f"mining: {mining!r} is unknown; choose one of {', '.join(get_args(Mining))}")
    return _cost(own, negative, loss, margin).mean()


def explicit_negatives_loss(
    anchors: torch.Tensor,
    positives: torch.Tensor,
    negatives: torch.Tensor,
    *,
    loss: Loss = "triplet_margin",
    margin: float = 1.0,
    anchor_swap: bool = False,
) -> torch.Tensor:
    """The loss against negatives that were drawn from all of the data, one for each pair (published as random_global).

    Args:
        anchors: (n, D) float, rows of unit norm
        positives: (n, D) float
        negatives: (n, D) float
        loss: as for :func:`hardnet_loss`
        margin: as for :func:`hardnet_loss`
        anchor_swap: the closer one of the distances anchor - negative and positive - negative counts

    Returns:
        () tensor, the mean

    Raises:
        DataError: as :func:`hardnet_loss`
    """
    _check(anchors, positives, negatives)
    own, negative = _row_distances(anchors, positives), _row_distances(anchors, negatives)
    if anchor_swap:
        negative = torch.minimum(negative, _row_distances(positives, negatives))
    return _cost(own, negative, loss, margin).mean()


def l2net_loss(anchors: torch.Tensor, positives: torch.Tensor, *, anchor_swap: bool = False) -> torch.Tensor:
    """The relative loss of L2-Net (Tian, Fan and Wu, CVPR 2017): softmax of 2 - d over all positives of a batch.

    Args:
        anchors: (n, D) float, rows of unit norm
        positives: (n, D) float
        anchor_swap: adds the same over all anchors

    Returns:
        () tensor, the mean

    Raises:
        DataError: as :func:`hardnet_loss`
    """
    similar = (_SOFTMAX - distance_matrix(anchors, positives)).exp()
    own = similar.diagonal()
    cost = -(own / (similar.sum(dim=1) + 1e-8)).log()
    if anchor_swap:
        cost = cost - (own / (similar.sum(dim=0) + 1e-8)).log()
    return cost.mean()


def correlation_penalty(descriptors: torch.Tensor) -> torch.Tensor:
    """The norm of the covariances of different dimensions (CPR): the decorrelation of L2-Net.

    Args:
        descriptors: (n, D) float

    Returns:
        () tensor
    """
    centred = descriptors - descriptors.mean(dim=0, keepdim=True)
    products = centred.T @ centred
    return (products - products.diagonal().diag()).norm() / len(descriptors)


def global_orthogonal(anchors: torch.Tensor, negatives: torch.Tensor, weight: float = 1.0) -> torch.Tensor:
    """The spread-out regularisation (GOR; Zhang, Yu, Kumar and Chang, ICCV 2017): products of other pairs as at random.

    Args:
        anchors: (n, D) float, rows of unit norm
        negatives: (n, D) float, of other points
        weight: alpha

    Returns:
        () tensor

    Raises:
        DataError: shapes that differ
    """
    _check(anchors, negatives)
    products = (anchors * negatives).sum(dim=1)
    spread = (products.square().mean() - 1 / anchors.shape[1]).clamp(min=0)
    return weight * (products.mean().square() + spread)


def distance_matrix(anchors: torch.Tensor, positives: torch.Tensor) -> torch.Tensor:
    """Euclidean distances of all anchors and positives, (n, n); never below 1e-3, so that the gradient stays finite."""
    _check(anchors, positives)
    squares = anchors.square().sum(dim=1)[:, None] + positives.square().sum(dim=1)
    return (squares - 2 * anchors @ positives.T + 1e-6).sqrt() + 1e-8


def _row_distances(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    squares = first.square().sum(dim=1) + second.square().sum(dim=1) - 2 * (first * second).sum(dim=1)
    return (squares + 1e-8).sqrt()


def _without_matches(distances: torch.Tensor) -> torch.Tensor:
    """The distances, far where a pair meets itself and where two patches are the same."""
    others = distances + _FAR * torch.eye(len(distances), dtype=distances.dtype, device=distances.device)
    return others + _FAR * (others.detach() < _SAME)


def _cost(positive: torch.Tensor, negative: torch.Tensor, loss: str, margin: float) -> torch.Tensor:
    if loss == "triplet_margin":
        return (margin + positive - negative).clamp(min=0)
    if loss == "softmax":
        own, other = (_SOFTMAX - positive).exp(), (_SOFTMAX - negative).exp()
        return -(own / (own + other + 1e-8)).log()
    if loss == "contrastive":
        return (margin - negative).clamp(min=0) + positive
    raise DataError(f"loss: {loss!r} is unknown; choose one of {', '.join(get_args(Loss))}")


def _check(*descriptors: torch.Tensor) -> None:
    shapes = [tuple(each.shape) for each in descriptors]
    if len(set(shapes)) > 1 or len(shapes[0]) != 2 or shapes[0][0] < 2:
        raise DataError(f"anchors, positives: the shapes are {shapes}; give the same (n, D) for all, n at least 2")

"""Losses."""

import torch

from reprise.storage.errors import DataError


def contrastive_loss(vectors: torch.Tensor, labels: torch.Tensor, margin: float) -> torch.Tensor:
    """The contrastive loss of one tuple of images, summed over them (Tolias, Jenicek and Chum, ECCV 2020, section 4).

    A positive at the distance d of the query costs d^2 / 2, a negative max(0, margin - d)^2 / 2. As published, 1e-6 is
    added to every difference of coordinates, which keeps the gradient finite at distance 0.

    Args:
        vectors: (D, n) float, a descriptor in each column; column 0 is the query
        labels: (n,) -1 for the query, 1 for each positive, 0 for each negative
        margin: distance from which on a negative costs nothing

    Returns:
        () tensor of the type of ``vectors``

    Raises:
        DataError: shapes that do not fit, a first label other than -1, or another label that is neither 0 nor 1
    """
    if vectors.dim() != 2 or labels.shape != vectors.shape[1:] or len(labels) < 2:
        raise DataError(
            f"vectors: {tuple(vectors.shape)} with labels {tuple(labels.shape)}; give (D, n) and (n,), n at least 2"
        )
    if labels[0] != -1 or not bool(((labels[1:] == 0) | (labels[1:] == 1)).all()):
        raise DataError(f"labels: {labels.tolist()}; they are -1 for the query in front, then 1 or 0")
    distances = (vectors[:, :1] - vectors[:, 1:] + 1e-6).square().sum(dim=0).sqrt()
    positive = labels[1:].to(distances.dtype)
    costs = positive * distances.square() + (1 - positive) * (margin - distances).clamp(min=0).square()
    return costs.sum() / 2

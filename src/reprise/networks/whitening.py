"""PCA whitening, and the reduction of HOW that is initialised with it (Tolias, Jenicek and Chum, ECCV 2020)."""

from collections.abc import Iterable

import numpy as np
import torch

from reprise.networks.how import HOW
from reprise.storage.errors import DataError


def whitening(X: np.ndarray, shrinkage: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Learn a PCA whitening of the rows of ``X``.

    Variances are taken with divisor n and not below 1e-14.

    Args:
        X: (n, D) float
        shrinkage: 1 whitens fully, 0 only rotates: the axes are divided by their variance to the power shrinkage / 2

    Returns:
        the mean (1, D) and the projection P (D, D), float64: ``(X - mean) @ P`` has uncorrelated columns, by descending
        variance of X; the sign of a column of P is arbitrary

    Raises:
        DataError: X that is not (n, D) with n > 1, or not finite
    """
    X = np.asarray(X, np.float64)
    if X.ndim != 2 or len(X) < 2:
        raise DataError(f"X: the shape is {X.shape}; whitening needs (n, D) with at least two rows")
    mean = X.mean(axis=0, keepdims=True)
    centred = X - mean
    return mean, _projection(centred.T @ centred / len(X), shrinkage)


def reduction(mean: np.ndarray, P: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the weights of the 1x1 convolution x -> (x - mean) @ P[:, :dim].

    Args:
        mean: (1, D), as from :func:`whitening`
        P: (D, D), as from :func:`whitening`
        dim: dimensions that are kept

    Returns:
        weights (dim, D, 1, 1) and biases (dim,), float32
    """
    W = P.T[:dim]
    return W[:, :, None, None].astype(np.float32), (-W @ mean.ravel()).astype(np.float32)


def initialise_reduction(network: HOW, images: Iterable[torch.Tensor], num_features: int | None = 1000) -> None:
    """Set the reduction of ``network`` to the whitening of its own smoothed features, before any training.

    Only sums over the features are kept, in float64.

    Args:
        network: a network with a reduction; changed in place
        images: normalised images (1, 3, H, W) float32, taken one by one; the paper uses 5,000
        num_features: number of strongest features of each image, at scale 1, that are learned from; None takes all

    Raises:
        DataError: a network without reduction, or not more features than its dimensions
    """
    if network.dim_reduction is None:
        raise DataError("network: has no reduction to initialise; build it with a dim")
    settings = network.settings
    trunk = HOW(settings.backbone, settings.skip_stages, None, settings.smoothing)
    trunk.features = network.features
    device = network.dim_reduction.weight.device
    count, total, products = 0, np.zeros(trunk.dim), np.zeros((trunk.dim, trunk.dim))
    for image in images:
        X = trunk.forward_local(image.to(device), num_features, (1.0,)).descriptors.astype(np.float64)
        count += len(X)
        total += X.sum(axis=0)
        products += X.T @ X
    if count <= network.dim:
        raise DataError(f"images: gave {count} features, too few to whiten {network.dim} dimensions; give more images")
    mean = total / count
    P = _projection(products / count - np.outer(mean, mean), shrinkage=1.0)
    W, b = reduction(mean, P, network.dim)
    network.dim_reduction.load_state_dict({"weight": torch.from_numpy(W), "bias": torch.from_numpy(b)})


def _projection(covariance: np.ndarray, shrinkage: float) -> np.ndarray:
    if not np.isfinite(covariance).all():
        raise DataError("X: holds values that are not finite or too large; check the descriptors")
    variances, axes = np.linalg.eigh(covariance)
    variances, axes = variances[::-1], axes[:, ::-1]
    return axes / np.maximum(variances, 1e-14) ** (shrinkage / 2)

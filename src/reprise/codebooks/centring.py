"""Descriptors around their mean, on which Hamming embedding is published (Tolias and Jegou, 2014)."""

import numpy as np

from reprise.codebooks.descriptors import BLOCK, as_descriptors
from reprise.storage.errors import DataError


def centred(descriptors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Subtract the mean of training descriptors, and normalise what is left.

    Args:
        descriptors: (n, D) numbers, such as RootSIFT of unit length
        mean: (D,) numbers, of the descriptors that the codebook is trained on

    Returns:
        (n, D) float32 of unit length; a descriptor that equals the mean stays zero

    Raises:
        DataError: other dimensions, or values that are not finite
    """
    mean = checked_mean(mean, None)
    shifted = as_descriptors(descriptors, len(mean)) - mean
    lengths = np.linalg.norm(shifted, axis=1, keepdims=True)
    return shifted / np.where(lengths > 0, lengths, 1.0).astype(np.float32)


def checked_mean(mean: np.ndarray, dim: int | None) -> np.ndarray:
    """Return a mean as (D,) float32; DataError for another shape, or values that are not finite."""
    mean = np.asarray(mean, np.float32)
    if mean.ndim != 1 or (dim is not None and len(mean) != dim) or not np.isfinite(mean).all():
        raise DataError(
            f"mean: expected {'D' if dim is None else dim} finite numbers, got shape {mean.shape}; compute it of the "
            "training set"
        )
    return mean


def mean_of(descriptors: np.ndarray) -> np.ndarray:
    """Return the mean (D,) float32 of descriptors (n, D) float32, at least one, summed in float64 in their order."""
    blocks = (descriptors[start : start + BLOCK] for start in range(0, len(descriptors), BLOCK))
    total = sum((block.sum(axis=0, dtype=np.float64) for block in blocks), np.zeros(descriptors.shape[1]))
    return np.asarray(total / len(descriptors), np.float32)

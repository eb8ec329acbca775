"""Descriptors around their mean, on which Hamming embedding is published (Tolias and Jegou, 2014)."""

import numpy as np

from reprise.codebooks.descriptors import as_descriptors
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
    mean = np.asarray(mean, np.float32)
    if mean.ndim != 1 or not np.isfinite(mean).all():
        raise DataError(f"mean: expected D finite numbers, got shape {mean.shape}; compute it of the training set")
    shifted = as_descriptors(descriptors, len(mean)) - mean
    lengths = np.linalg.norm(shifted, axis=1, keepdims=True)
    return shifted / np.where(lengths > 0, lengths, 1.0).astype(np.float32)

"""Normalisations of descriptors before the HPatches tasks are scored: whitening, power law, unit norm.

Two are published. That of the Python evaluation (its option for PCA and power law) learns from the reference images and
centres each file of descriptors by its own mean; that of the MATLAB evaluation, with which the paper's "+" rows were
made, learns from all images and keeps the mean of what it learned from. Both train on the other sequences of a split.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_CLIPPED = 0.6  # share of the smallest eigenvalues that the Python evaluation raises
_EPSILON = 1e-6  # added to eigenvalues by the MATLAB evaluation


@dataclass(frozen=True)
class Normalisation:
    """Whitening, then signed powers and unit norm.

    Attributes:
        mean: (D,) float64, subtracted; None for the mean of the descriptors that are normalised
        whitening: (D, D) float64
        power: exponent of the absolute values; 1 leaves them as they are
    """

    mean: np.ndarray | None
    whitening: np.ndarray
    power: float

    def apply(self, descriptors: np.ndarray) -> np.ndarray:
        """Normalise descriptors.

        Args:
            descriptors: (n, D), those of one file: of one type of one sequence

        Returns:
            (n, D) float32; zeros where nothing is left to normalise

        Raises:
            ValueError: another dimension, or values that are not finite
        """
        if descriptors.ndim != 2 or descriptors.shape[1] != len(self.whitening):
            raise ValueError(f"descriptors: the shape is {descriptors.shape}, expected (n, {len(self.whitening)})")
        values = np.asarray(descriptors, np.float64)
        if not np.isfinite(values).all():
            raise ValueError("descriptors: are not all finite; describe these patches again")
        values = (values - (values.mean(axis=0) if self.mean is None else self.mean)) @ self.whitening
        values = np.sign(values) * np.abs(values) ** self.power
        norms = np.linalg.norm(values, axis=1, keepdims=True)
        return np.divide(values, norms, out=np.zeros_like(values), where=norms > 0).astype(np.float32)


def python_normalisation(references: Iterable[np.ndarray]) -> Normalisation:
    """Learn the normalisation of the published Python evaluation.

    All eigenvalues up to the one at 60% of their ascending order are raised to it; the square root is taken after ZCA.

    Args:
        references: (n, D) descriptors of the ``ref`` images of the training sequences

    Raises:
        ValueError: no descriptors, or fewer directions than the kept ones need
    """
    _, values, vectors = _spectrum(references)
    return Normalisation(None, _zca(np.maximum(values, values[int(_CLIPPED * len(values))]), vectors), 0.5)


def matlab_normalisation(
    descriptors: Iterable[np.ndarray], clipped_energy: float = 0.0, power: float = 0.5
) -> Normalisation:
    """Learn the normalisation of the published MATLAB evaluation, by ZCA.

    Args:
        descriptors: (n, D) of all 16 types of the training sequences
        clipped_energy: the smallest eigenvalues that hold this share of their sum are raised to the next one. The paper
            takes 0.25 for SIFT and RootSIFT, 0.40 for TFeat with the margin loss, 0.15 with the ratio loss
        power: exponent of the absolute values

    Raises:
        ValueError: no descriptors, or a share outside [0, 1)
    """
    if not 0 <= clipped_energy < 1:
        raise ValueError(f"clipped_energy: {clipped_energy} is not in [0, 1)")
    mean, values, vectors = _spectrum(descriptors)
    first = int(np.searchsorted(np.cumsum(values), clipped_energy * values.sum()))
    return Normalisation(mean, _zca(np.maximum(values, values[first]) + _EPSILON, vectors), power)


def _spectrum(blocks: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, eigenvalues (ascending, not negative) and eigenvectors of the covariance of all rows."""
    count, total, products = 0, np.zeros(1), np.zeros((1, 1))
    for block in blocks:
        rows = np.asarray(block, np.float64)
        count += len(rows)
        total = total + rows.sum(axis=0)
        products = products + rows.T @ rows
    if not count:
        raise ValueError("descriptors: there are none to learn a normalisation from")
    mean = total / count
    values, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    return mean, np.maximum(values, 0), vectors


def _zca(values: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    if values.min() <= 0:
        raise ValueError(
            f"descriptors: {int((values <= 0).sum())} of {len(values)} directions have no variance; give more of them"
        )
    return (vectors / np.sqrt(values)) @ vectors.T

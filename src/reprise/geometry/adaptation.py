"""Affine adaptation: the shape of a keypoint from the second moments of the gradients around it.

Baumberg, Reliable feature matching across widely separated views, CVPR 2000, with the window and the test of
convergence of the published Hessian-affine detector (Perdoch, Chum and Matas, CVPR 2009).
"""

from dataclasses import dataclass

import numpy as np

from reprise.geometry import _kernels
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class Adaptation:
    """How shapes are adapted; the defaults are published.

    Attributes:
        window: side of the window around a keypoint, in samples; odd
        iterations: at most so many; keypoints that have not converged then are dropped
        convergence: the smaller eigenvalue of the last two corrections may differ from the larger by this share
        anisotropy: the largest ratio of the axes of a shape; keypoints with longer ones are dropped
    """

    window: int = 19
    iterations: int = 16
    convergence: float = 0.05
    anisotropy: float = 6.0

    def __post_init__(self) -> None:
        if self.window % 2 == 0 or not 3 <= self.window <= _kernels.MAX_WINDOW:
            raise DataError(f"window: {self.window} is not odd, or not from 3 to {_kernels.MAX_WINDOW}")


def adapt_shapes(
    image: np.ndarray, points: np.ndarray, steps: np.ndarray, how: Adaptation
) -> tuple[np.ndarray, np.ndarray]:
    """Find the affine shapes around points of an image.

    Args:
        image: (H, W) float32, blurred as far as the scale of the points asks for
        points: (N, 2) x, y in pixels, the centre of the first pixel at (0, 0)
        steps: (N,) distances of the samples of the window, in pixels
        how: the parameters

    Returns:
        shapes (N, 2, 2) float64 of determinant 1, and the iterations (N,) int32 at which they converged, from 0; -1
        where they did not
    """
    return _kernels.adapt_shapes(
        np.ascontiguousarray(image, np.float32),
        np.ascontiguousarray(points, np.float32),
        np.ascontiguousarray(steps, np.float32),
        window_weights(how.window),
        how.iterations,
        how.convergence,
        how.anisotropy,
        _kernels.max_threads(),
    )


def window_weights(side: int) -> np.ndarray:
    """Compute the weights of a window: a Gaussian whose standard deviation is a third of half the window.

    What the window cuts off, up to five standard deviations, is folded back from its border.

    Args:
        side: of the window, odd

    Returns:
        (side, side) float64
    """
    half = side // 2
    sigma = half / 3
    beyond = np.arange(1, int(np.ceil(5 * sigma)) - half)
    weights = np.exp(-(np.arange(half + 1) ** 2) / (2 * sigma**2))
    weights[half - beyond] += np.exp(-((half + beyond) ** 2) / (2 * sigma**2))
    whole = np.concatenate([weights[:0:-1], weights])
    return np.outer(whole, whole)

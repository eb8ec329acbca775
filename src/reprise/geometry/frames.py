"""Affine frames: the shape of the region around a keypoint.

A frame is a matrix A (2, 2) that maps the unit circle to the ellipse around a keypoint, in pixels, x right and y down:
a point u of the normalised region is the point ``keypoint + A u`` of the image. Columns are the images of (1, 0) and
(0, 1). Upright means that (0, 1) stays vertical, so that A is lower triangular with a positive diagonal, as Perdoch,
Chum and Matas, Efficient representation of local geometry for large scale object retrieval, CVPR 2009, have it.
"""

import numpy as np

from reprise.storage.errors import DataError


def frames_from_scales(scales: np.ndarray, angles: np.ndarray | None = None) -> np.ndarray:
    """Build the frames of circles.

    Args:
        scales: (N,) radii in pixels
        angles: (N,) in radians, from x towards y, which is clockwise on the screen; None: upright

    Returns:
        (N, 2, 2) float64
    """
    scales = np.asarray(scales, np.float64)
    angles = np.zeros(len(scales)) if angles is None else np.asarray(angles, np.float64)
    cosines, sines = np.cos(angles), np.sin(angles)
    rotations = np.stack([np.stack([cosines, -sines], -1), np.stack([sines, cosines], -1)], axis=1)
    return scales[:, None, None] * rotations


def scales_and_angles(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the circle of the same area as a frame, and its rotation against the upright frame of the same ellipse.

    Args:
        frames: (N, 2, 2)

    Returns:
        scales (N,) in pixels, and angles (N,) in radians from -pi to pi, from x towards y; float64

    Raises:
        DataError: a frame that mirrors, or whose area is zero
    """
    frames = np.asarray(frames, np.float64)
    areas = np.linalg.det(frames)
    if not (areas > 0).all():
        raise DataError(f"frame {np.flatnonzero(~(areas > 0))[0]}: its determinant is not positive; drop such regions")
    return np.sqrt(areas), np.arctan2(-frames[:, 0, 1], frames[:, 0, 0])


def frames_from_ellipses(ellipses: np.ndarray) -> np.ndarray:
    """Compute the upright frames of ellipses a x^2 + 2 b x y + c y^2 = 1, as in the files of the Oxford benchmark.

    Args:
        ellipses: (N, 3) a, b, c in 1 / pixels^2

    Returns:
        (N, 2, 2) float64, lower triangular

    Raises:
        DataError: numbers that are no ellipse
    """
    a, b, c = np.asarray(ellipses, np.float64).T
    determinants = a * c - b * b
    if not ((determinants > 0) & (a > 0)).all():
        row = np.flatnonzero(~((determinants > 0) & (a > 0)))[0]
        raise DataError(f"ellipse {row}: a, b, c = {a[row]}, {b[row]}, {c[row]} is no ellipse; drop such regions")
    # The Cholesky factor of the inverse of (a b; b c).
    width = np.sqrt(c / determinants)
    return np.stack(
        [np.stack([width, np.zeros_like(width)], -1), np.stack([-b / (determinants * width), 1 / np.sqrt(c)], -1)],
        axis=1,
    )


def ellipses_from_frames(frames: np.ndarray) -> np.ndarray:
    """Compute the ellipses a x^2 + 2 b x y + c y^2 = 1 that frames map the unit circle to.

    Args:
        frames: (N, 2, 2)

    Returns:
        (N, 3) float64 a, b, c in 1 / pixels^2
    """
    inverses = np.linalg.inv(np.asarray(frames, np.float64))
    shapes = inverses.transpose(0, 2, 1) @ inverses
    return np.stack([shapes[:, 0, 0], shapes[:, 0, 1], shapes[:, 1, 1]], axis=1)


def upright(frames: np.ndarray) -> np.ndarray:
    """Compute the upright frames (N, 2, 2) float64 of the same ellipses as ``frames`` (N, 2, 2)."""
    return frames_from_ellipses(ellipses_from_frames(frames))

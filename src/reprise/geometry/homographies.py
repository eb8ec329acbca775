"""Homographies: estimated from correspondences, applied to points, and of images that were resized."""

import numpy as np

from reprise.storage.arguments import array, number
from reprise.storage.errors import DataError

#: A homography whose smallest singular value is a smaller share of the largest one maps an area to a line or a point.
_DEGENERATE = 1e-7


def estimate_homography(
    points_a: np.ndarray,
    points_b: np.ndarray,
    threshold: float = 5.0,
    *,
    iterations: int = 2000,
    confidence: float = 0.995,
) -> np.ndarray | None:
    """Estimate the homography of correspondences by RANSAC, with OpenCV; equal points give equal results.

    Args:
        points_a: (M, 2) x, y in pixels
        points_b: (M, 2), where they are in the other image
        threshold: largest distance of an inlier in pixels of the other image
        iterations: of RANSAC, at most
        confidence: of RANSAC, after which it stops

    Returns:
        (3, 3) float64 with 1 in its last corner; None where there is none: of fewer than four points, of points that
        lie on a line, or one that maps them to a line

    Raises:
        DataError: other shapes, points that are not finite, or a threshold that is not positive
    """
    first, second = _checked(points_a, "points_a"), _checked(points_b, "points_b")
    if first.shape != second.shape:
        raise DataError(f"points_a, points_b: have the shapes {first.shape} and {second.shape}; give pairs of points")
    if number("threshold", threshold) <= 0:
        raise DataError(f"threshold: is {threshold}, expected a positive number of pixels")
    if len(first) < 4:
        return None
    import cv2

    homography, _ = cv2.findHomography(
        first, second, cv2.RANSAC, float(threshold), maxIters=iterations, confidence=confidence
    )
    if homography is None or _is_degenerate(homography, first, second):
        return None
    return np.asarray(homography, np.float64)


def homography_inliers(
    points_a: np.ndarray, points_b: np.ndarray, threshold: float = 5.0
) -> tuple[int, np.ndarray | None, np.ndarray]:
    """Count the correspondences that agree with one homography.

    An inlier is a correspondence whose point of the first image is mapped to within ``threshold`` of the other one by
    the homography that is returned. The mask of ``cv2.findHomography`` is not used: up to OpenCV 4 it is that of the
    homography before it was refined by all inliers, from OpenCV 5 on that of the refined one, which is this rule.

    Source: the re-ranking of HNDesc (Melekhov et al., 3DV 2021), with OpenCV's defaults of RANSAC.

    Args:
        points_a: (M, 2) x, y in pixels
        points_b: (M, 2), where they are in the other image
        threshold: largest distance of an inlier in pixels of the other image

    Returns:
        the number of inliers, the homography (3, 3) float64 and the mask (M,) bool; 0, None and all False where there
        is no homography, see :func:`estimate_homography`

    Raises:
        DataError: as :func:`estimate_homography`
    """
    homography = estimate_homography(points_a, points_b, threshold)
    if homography is None:
        return 0, None, np.zeros(len(points_a), bool)
    difference = project(homography, _checked(points_a, "points_a")) - _checked(points_b, "points_b")
    mask = np.square(difference).sum(axis=1) <= threshold**2
    return int(mask.sum()), homography, mask


def project(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points (N, 2) by a homography (3, 3): (N, 2) float64; not finite where a point is mapped to infinity."""
    mapped = np.asarray(points, np.float64) @ homography[:, :2].T + homography[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return mapped[:, :2] / mapped[:, 2:]


def resized_homography(
    homography: np.ndarray,
    factors_a: tuple[float, float],
    factors_b: tuple[float, float],
) -> np.ndarray:
    """Return the homography of two images that were resized.

    Args:
        homography: (3, 3), of the images before
        factors_a: (x, y) by which the coordinates of the first image were multiplied
        factors_b: (x, y) of the second image

    Returns:
        (3, 3) float64
    """
    return np.diag([*factors_b, 1.0]) @ np.asarray(homography, np.float64) @ np.linalg.inv(np.diag([*factors_a, 1.0]))


def _checked(points: np.ndarray, name: str) -> np.ndarray:
    """Points as OpenCV takes them: (M, 2) float32, finite."""
    values = np.ascontiguousarray(array(name, points), np.float32)
    if values.ndim != 2 or values.shape[1] != 2:
        raise DataError(f"{name}: have the shape {values.shape}, expected (M, 2)")
    if not np.isfinite(values).all():
        raise DataError(f"{name}: are not all finite; drop those keypoints")
    return values


def _is_degenerate(homography: np.ndarray, points_a: np.ndarray, points_b: np.ndarray) -> bool:
    """Tell whether a homography maps the area of its points to less than an area, or is not finite."""
    if not np.isfinite(homography).all():
        return True
    inside = _normalisation(points_b) @ homography @ np.linalg.inv(_normalisation(points_a))
    sizes = np.linalg.svd(inside, compute_uv=False)
    return bool(sizes[2] <= _DEGENERATE * sizes[0])


def _normalisation(points: np.ndarray) -> np.ndarray:
    """The affine transform that brings points to mean 0 and deviation 1, so that units of pixels do not count."""
    mean = points.mean(axis=0, dtype=np.float64)
    spread = float((points - mean).std()) or 1.0
    return np.array([[1 / spread, 0, -mean[0] / spread], [0, 1 / spread, -mean[1] / spread], [0, 0, 1]])

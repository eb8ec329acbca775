"""Errors of camera poses, and the share of images that are localized within bounds of both errors.

The bounds are those of the long-term visual localization benchmark (Sattler et al., Benchmarking 6DOF Outdoor Visual
Localization in Changing Conditions, CVPR 2018), for day and night alike since 2020.
"""

from collections.abc import Sequence

import numpy as np

#: Metres and degrees that an error may have at most, from fine to coarse.
THRESHOLDS = ((0.25, 2.0), (0.5, 5.0), (5.0, 10.0))


def rotation_matrices(quaternions: np.ndarray) -> np.ndarray:
    """Return the rotations (n, 3, 3) of unit quaternions (n, 4) in the order w x y z, as COLMAP writes them."""
    w, x, y, z = np.asarray(quaternions, np.float64).reshape(-1, 4).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def camera_centres(quaternions: np.ndarray, translations: np.ndarray) -> np.ndarray:
    """Return the positions (n, 3) of cameras, -R'T, from poses that map the world to the camera."""
    return -np.einsum("nji,nj->ni", rotation_matrices(quaternions), np.asarray(translations, np.float64).reshape(-1, 3))


def pose_errors(
    quaternions: np.ndarray, translations: np.ndarray, true_quaternions: np.ndarray, true_translations: np.ndarray
) -> np.ndarray:
    """Compare estimated poses with the true ones.

    The first error is the distance of the positions of the cameras, the second the angle of the rotation from one to
    the other, arccos((trace(R R'^T) - 1) / 2).

    Args:
        quaternions: (n, 4) unit quaternions w x y z, world to camera; NaN for an image without a pose
        translations: (n, 3)
        true_quaternions: (n, 4)
        true_translations: (n, 3)

    Returns:
        (n, 2): distance in the unit of the translations, and degrees; infinite without a pose
    """
    distance = np.linalg.norm(
        camera_centres(quaternions, translations) - camera_centres(true_quaternions, true_translations), axis=1
    )
    # Of a small angle, the sine of its half keeps what the cosine loses.
    w = np.abs((np.asarray(quaternions, np.float64) * np.asarray(true_quaternions, np.float64)).sum(axis=1))
    other = _vector_part(quaternions, true_quaternions)
    degrees = np.degrees(2 * np.arctan2(np.linalg.norm(other, axis=1), w))
    errors = np.stack([distance, degrees], axis=1)
    return np.where(np.isnan(errors).any(axis=1, keepdims=True), np.inf, errors)


def shares_within(errors: np.ndarray, thresholds: Sequence[tuple[float, float]] = THRESHOLDS) -> np.ndarray:
    """Return the share of images whose two errors are both within each pair of bounds, inclusive.

    Args:
        errors: (n, 2) distances and degrees, infinite for images without a pose, which count as wrong
        thresholds: T pairs of a distance and degrees

    Returns:
        (T,) in [0, 1]; NaN without images
    """
    if not len(errors):
        return np.full(len(thresholds), np.nan)
    return np.array([(errors <= np.array(bounds)).all(axis=1).mean() for bounds in thresholds])


def _vector_part(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The vector part (n, 3) of first * conjugate(second)."""
    a, b = (np.asarray(each, np.float64).reshape(-1, 4) for each in (first, second))
    return -a[:, :1] * b[:, 1:] + b[:, :1] * a[:, 1:] - np.cross(a[:, 1:], b[:, 1:])

"""Normalised patches: regions around keypoints, warped to squares of a fixed number of pixels.

The region of a frame A (see :mod:`reprise.geometry.frames`) is the parallelogram A u, -1 <= u <= 1 in both
coordinates, with the radius of the frame, sqrt(det A), rounded up to whole pixels, as published with the Hessian-affine
detector (Perdoch, Chum and Matas, CVPR 2009): half a region is h = ceil(sqrt(det A)) pixels, and the samples of a patch
are (2 h + 1) / size pixels apart. Where that is more than 0.4 pixels, the region is first warped to a square of its own
resolution and blurred by a Gaussian of 1.5 times the distance.
"""

import numpy as np

from reprise.geometry import _kernels
from reprise.geometry.conventions import to_opencv
from reprise.geometry.frames import scales_and_angles
from reprise.storage.errors import DataError

#: The distance of samples above which a region is blurred before it is sampled.
_SHARP = 0.4
#: Border of the image, in pixels, that the published detector keeps free of the samples of patches: before and after.
_BORDER = 1, 3

#: Radius of a region, in times of the longer side of its image, above which it is an error rather than a keypoint.
_LARGEST_REGION = 4


def cut_patches(image: np.ndarray, keypoints: np.ndarray, frames: np.ndarray, size: int) -> np.ndarray:
    """Cut the patches of keypoints.

    Args:
        image: (H, W) float32 grey
        keypoints: (N, 2) x, y in pixels, the centre of the first pixel at (0.5, 0.5)
        frames: (N, 2, 2) of the measurement regions, in pixels
        size: side of the patches in pixels; the published sizes are 41 for SIFT and 32 for networks

    Returns:
        (N, size, size) float32 in the range of the image, y before x; the nearest pixel of the border where a region
        leaves the image

    Raises:
        DataError: a size below 2 or above 512, a frame without an area, or one far larger than the image
    """
    image, keypoints, frames = _checked(image, keypoints, frames)
    if not 2 <= size <= _kernels.MAX_PATCH:
        raise DataError(
            f"size: patches of {size} x {size} pixels cannot be cut; give a size from 2 to {_kernels.MAX_PATCH}"
        )
    units, halves = _regions(frames)
    if halves.max(initial=0) > _LARGEST_REGION * max(image.shape):
        row = halves.argmax()
        raise DataError(
            f"keypoint {row}: its region of {2 * halves[row] + 1:.0f} pixels is far larger than the image of "
            f"{image.shape[1]} x {image.shape[0]}; drop such keypoints"
        )
    return _kernels.cut_patches(
        image,
        to_opencv(keypoints).astype(np.float32),
        units.astype(np.float32),
        halves.astype(np.int64),
        size,
        _kernels.max_threads(),
    )


def are_inside(shape: tuple[int, int], keypoints: np.ndarray, frames: np.ndarray, size: int) -> np.ndarray:
    """Tell of which keypoints the patch does not touch the border of the image, as the published detector does.

    Args:
        shape: (H, W) of the image
        keypoints: (N, 2) as for :func:`cut_patches`
        frames: (N, 2, 2) as for :func:`cut_patches`
        size: side of the patches in pixels

    Returns:
        (N,) bool
    """
    units, halves = _regions(np.asarray(frames, np.float64))
    points = to_opencv(np.asarray(keypoints, np.float64))
    steps = (2 * halves + 1) / size
    inside = _corners_within(points, units, steps * (size // 2), shape, *_BORDER)
    whole = _corners_within(points, units, halves + 1, shape, 0, 1)
    return inside & (whole | (steps <= _SHARP))


def _regions(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split frames into those of determinant 1 and half the sides of their regions in whole pixels."""
    radii, _ = scales_and_angles(frames)
    return frames / radii[:, None, None], np.ceil(radii)


def _corners_within(
    points: np.ndarray, units: np.ndarray, halves: np.ndarray, shape: tuple[int, int], before: int, after: int
) -> np.ndarray:
    """Tell which squares of 2 ``halves`` around ``points`` lie within the pixels of an image without a border."""
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) @ units.transpose(0, 2, 1)
    corners = points[:, None] + halves[:, None, None] * corners
    height, width = shape
    return ((corners >= before) & (corners <= np.array([width, height]) - after)).all(axis=(1, 2))


def _checked(image: np.ndarray, keypoints: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keypoints, frames = np.asarray(keypoints, np.float64), np.asarray(frames, np.float64)
    if image.ndim != 2 or not image.size:
        raise DataError(f"image {image.shape}: patches are cut from grey images (H, W) with at least one pixel")
    if keypoints.shape != (len(frames), 2) or frames.shape[1:] != (2, 2):
        raise DataError(f"keypoints {keypoints.shape}, frames {frames.shape}: expected (N, 2) and (N, 2, 2)")
    for name, values in (("keypoint", keypoints), ("frame", frames)):
        if not np.isfinite(values).all():
            row = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))[0]
            raise DataError(f"{name} {row}: is not finite; drop such keypoints")
    return np.ascontiguousarray(image, np.float32), keypoints, frames

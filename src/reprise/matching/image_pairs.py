"""What is measured of a pair of images whose homography is known: the two published evaluations of HNDesc.

Melekhov et al., 3DV 2021, on the sequences of HPatches (Balntas et al., CVPR 2017). Keypoints are in our convention,
with the centre of the first pixel at (0.5, 0.5); homographies are those of HPatches, where it is at (0, 0).
"""

from dataclasses import dataclass

import numpy as np

from reprise.evaluation.hpatches_matching import nearest_rows
from reprise.evaluation.image_matching import corner_error, matching_score, transfer_errors, visible
from reprise.geometry.conventions import to_opencv
from reprise.geometry.homographies import estimate_homography, resized_homography
from reprise.matching.nearest_neighbors import mutual_nearest_neighbors

#: The second evaluation stretches all images to this size, width and height, whatever their shape.
FRAME = (640, 480)
_RANSAC = 3.0
_ITERATIONS = 5000


@dataclass(frozen=True)
class DescribedImage:
    """The features of an image.

    Attributes:
        keypoints: (N, 2) x, y in pixels
        descriptors: (N, D)
        size: (width, height) in pixels
    """

    keypoints: np.ndarray
    descriptors: np.ndarray
    size: tuple[float, float]


@dataclass(frozen=True)
class PairErrors:
    """What is measured at full size.

    Attributes:
        matches: (M, 2) int64, mutual nearest neighbours
        errors: (M,) distances in pixels of matched points and the places where they should be
        corner_error: of the homography estimated from the matches, in pixels, infinite without one
    """

    matches: np.ndarray
    errors: np.ndarray
    corner_error: float


@dataclass(frozen=True)
class FramedErrors:
    """What is measured in frames of 640 x 480 pixels.

    Attributes:
        corner_error: of the homography estimated from the matches of points that both images show, in pixels, infinite
            without one
        matching_score: see :func:`reprise.evaluation.matching_score`
    """

    corner_error: float
    matching_score: float


def pair_errors(
    first: DescribedImage, second: DescribedImage, homography: np.ndarray, max_distance: float | None = None
) -> PairErrors:
    """Match two images and compare the matches, and the homography estimated from them, with the true one.

    Where there are fewer than four matches, or RANSAC finds nothing, the homography counts as wrong; the published
    program ends there.

    Args:
        first: the reference image
        second: the other one, whose size is that of the corners
        homography: (3, 3), the true one, from the first to the second
        max_distance: largest distance of matched descriptors; None takes all
    """
    matches = mutual_nearest_neighbors(first.descriptors, second.descriptors, max_distance)
    a, b = _points(first)[matches[:, 0]], _points(second)[matches[:, 1]]
    estimated = estimate_homography(a, b, _RANSAC, iterations=_ITERATIONS, confidence=0.9995)
    return PairErrors(matches, transfer_errors(a, b, homography), corner_error(estimated, homography, second.size))


def framed_errors(
    first: DescribedImage,
    second: DescribedImage,
    homography: np.ndarray,
    sizes: tuple[tuple[float, float], tuple[float, float]],
) -> FramedErrors:
    """Match two images that were stretched to 640 x 480 pixels; descriptors are compared without normalisation.

    Args:
        first: features of the stretched reference image
        second: features of the other stretched image
        homography: (3, 3), the true one, of the images in their own sizes
        sizes: (width, height) of both images before
    """
    factors = [(FRAME[0] / width, FRAME[1] / height) for width, height in sizes]
    true = resized_homography(homography, *factors)
    a, b = _points(first), _points(second)
    rows, columns = visible(a, true, FRAME), visible(b, np.linalg.inv(true), FRAME)
    estimated = None
    if rows.any() and columns.any():
        matches = _cross_checked(first.descriptors[rows], second.descriptors[columns])
        matched = a[rows][matches[:, 0]], b[columns][matches[:, 1]]
        estimated = estimate_homography(*matched, _RANSAC, iterations=_ITERATIONS)
    return FramedErrors(corner_error(estimated, true, FRAME), _score(first, second, true))


def _score(first: DescribedImage, second: DescribedImage, homography: np.ndarray) -> float:
    if not len(first.descriptors) or not len(second.descriptors):
        return 0.0
    nearest_a = nearest_rows(first.descriptors, second.descriptors)[0]
    nearest_b = nearest_rows(second.descriptors, first.descriptors)[0]
    return matching_score(_points(first), _points(second), nearest_a, nearest_b, homography, FRAME)


def _cross_checked(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mutual nearest neighbours by the Euclidean distance of descriptors as they are."""
    forward, backward = nearest_rows(a, b)[0], nearest_rows(b, a)[0]
    mutual = np.flatnonzero(backward[forward] == np.arange(len(a)))
    return np.stack([mutual, forward[mutual]], axis=1)


def _points(image: DescribedImage) -> np.ndarray:
    return to_opencv(np.asarray(image.keypoints, np.float64))

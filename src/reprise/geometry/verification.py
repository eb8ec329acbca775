"""Spatial verification of images by single correspondences of affine frames (Philbin et al., CVPR 2007)."""

import math
from dataclasses import dataclass

import numpy as np

from reprise.geometry import _pair_kernels
from reprise.geometry.tentatives import Tentatives, image_bounds, thread_count
from reprise.storage.errors import DataError

#: With fewer trials of a hypothesis on a pair than this, starting another thread takes longer than the trials.
_TRIALS_PER_THREAD = 1 << 20


@dataclass(frozen=True)
class Regions:
    """The regions of images: where features are, and their affine shapes.

    Args:
        keypoints: (F, 2) numbers, x and y in pixels
        frames: (F, 2, 2) numbers, see :mod:`reprise.geometry.frames`; only ratios of frames count, so that any unit of
            scale does that both images share
        offsets: (N + 1,) integers: image i has the regions offsets[i] to offsets[i + 1]; None: one image

    Raises:
        DataError: other shapes, values that are not finite, or frames that mirror or have no area
    """

    keypoints: np.ndarray
    frames: np.ndarray
    offsets: np.ndarray | None = None

    def __post_init__(self) -> None:
        keypoints = np.ascontiguousarray(self.keypoints, np.float64)
        frames = np.ascontiguousarray(self.frames, np.float64)
        if keypoints.ndim != 2 or keypoints.shape[1] != 2 or frames.shape != (len(keypoints), 2, 2):
            raise DataError(
                f"regions: expected keypoints (N, 2) and frames (N, 2, 2), got {keypoints.shape}, {frames.shape}"
            )
        bad = ~(np.isfinite(keypoints).all(axis=1) & np.isfinite(frames).all(axis=(1, 2)))
        bad |= ~(frames[:, 0, 0] * frames[:, 1, 1] - frames[:, 0, 1] * frames[:, 1, 0] > 0)
        if bad.any():
            raise DataError(
                f"regions: number {bad.argmax()} is not finite, or its frame mirrors or has no area; drop it"
            )
        offsets = np.array([0, len(keypoints)]) if self.offsets is None else np.asarray(self.offsets, np.int64)
        if len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != len(keypoints) or (np.diff(offsets) < 0).any():
            raise DataError(f"offsets: do not ascend from 0 to the {len(keypoints)} regions")
        for name, value in (("keypoints", keypoints), ("frames", frames), ("offsets", offsets)):
            object.__setattr__(self, name, value)

    @property
    def starts(self) -> np.ndarray:
        """The offsets, (N + 1,) int64."""
        return np.asarray(self.offsets)


@dataclass(frozen=True)
class Verification:
    """How two images are related.

    Attributes:
        count: number of inliers, one to one; 0 where there are no tentative correspondences
        transform: (2, 3) float64, which maps points of the query to the database image; None where ``count`` is 0
        inliers: (count,) int64, rows of the tentative correspondences, ascending
    """

    count: int
    transform: np.ndarray | None
    inliers: np.ndarray


@dataclass(frozen=True)
class Verifications:
    """How a query and several images are related.

    Attributes:
        counts: (n,) int32, as in :class:`Verification`
        transforms: (n, 2, 3) float64, nan where the count is 0
    """

    counts: np.ndarray
    transforms: np.ndarray


def verify_affine(
    query_keypoints: np.ndarray,
    query_frames: np.ndarray,
    database_keypoints: np.ndarray,
    database_frames: np.ndarray,
    tentatives: np.ndarray,
    *,
    threshold: float = 8.0,
    scale_ratio: float | None = 2.0,
    optimised: int = 5,
    iterations: int = 3,
) -> Verification:
    """Find the affine transform with most inliers among tentative correspondences of two images.

    Every correspondence gives a hypothesis: the transform A = L_d L_q^-1 of its two frames, which maps its point of the
    query to that of the database image. An inlier is a correspondence whose point of the query is mapped to within
    ``threshold`` of the other one, and whose scales are related as A says within ``scale_ratio``. The score of a
    hypothesis is the number of its inliers one to one: in the order of their distances, equal ones in their own, each
    feature counts once. The ``optimised`` hypotheses of the highest scores (of equal ones those with more inliers, then
    the first) are replaced by the affine transform of least squares on these inliers, up to ``iterations`` times, as
    long as the score is not lower. Of equal results the first stays.

    Inliers on one line, fewer than three, or those whose least squares mirror the image have no such transform, and
    leave their hypothesis as it is.

    Source: Philbin, Chum, Isard, Sivic, Zisserman, CVPR 2007; Perdoch, Chum, Matas, CVPR 2009.

    Args:
        query_keypoints: (n, 2) x, y in pixels
        query_frames: (n, 2, 2), see :mod:`reprise.geometry.frames`
        database_keypoints: (m, 2)
        database_frames: (m, 2, 2)
        tentatives: (M, 2) integers, places of features in the query and the database image
        threshold: in pixels of the database image
        scale_ratio: at least 1; None: scales are not compared
        optimised: number of hypotheses that are optimised; 0: none
        iterations: of least squares, at most

    Returns:
        the inliers and their transform

    Raises:
        DataError: arrays of other shapes, values that are not finite, frames without area, or features that are not
            there
    """
    query, database = Regions(query_keypoints, query_frames), Regions(database_keypoints, database_frames)
    pairs = np.asarray(tentatives)
    if not pairs.size:
        pairs = np.zeros((0, 2), np.int32)
    found = _verify(
        query, database, image_bounds(database.starts, None), Tentatives(pairs, np.array([0, len(pairs)])),
        (threshold, scale_ratio, optimised, iterations), with_inliers=True, threads=1,
    )  # fmt: skip
    count = int(found[0][0])
    return Verification(count, found[1][0] if count else None, np.flatnonzero(found[2]))


def verify_images(
    query: Regions,
    database: Regions,
    tentatives: Tentatives,
    images: np.ndarray | None = None,
    *,
    threshold: float = 8.0,
    scale_ratio: float | None = 2.0,
    optimised: int = 5,
    iterations: int = 3,
    threads: int | None = None,
) -> Verifications:
    """Relate a query to several images, each as :func:`verify_affine` does.

    Args:
        query: the regions of one image
        database: the regions of the database
        tentatives: of the query and each of ``images``
        images: (n,) integers, images of the database; all of them if None
        threshold: as in :func:`verify_affine`
        scale_ratio: as in :func:`verify_affine`
        optimised: as in :func:`verify_affine`
        iterations: as in :func:`verify_affine`
        threads: number of threads; default: OMP_NUM_THREADS, else all cores; changes no result

    Raises:
        DataError: as :func:`verify_affine`, several queries, or images that do not exist
    """
    if len(query.starts) != 2:
        raise DataError(f"query: {len(query.starts) - 1} images; verify one after the other")
    settings = threshold, scale_ratio, optimised, iterations
    bounds = image_bounds(database.starts, images)
    work = (np.diff(tentatives.starts).astype(np.float64) ** 2).sum()  # every hypothesis is tried on every pair
    n_threads = thread_count(threads, work / _TRIALS_PER_THREAD)
    found = _verify(query, database, bounds, tentatives, settings, with_inliers=False, threads=n_threads)
    return Verifications(found[0], found[1])


def back_projected(points: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """Map points of a database image to the query.

    Args:
        points: (n, 2) x, y in pixels of the database image
        transform: (2, 3), from the query to the database image, as :func:`verify_affine` returns it

    Returns:
        (n, 2) float64 in pixels of the query
    """
    return np.linalg.solve(transform[:, :2], (np.asarray(points, np.float64) - transform[:, 2]).T).T


def _verify(
    query: Regions,
    database: Regions,
    bounds: np.ndarray,
    tentatives: Tentatives,
    settings: tuple[float, float | None, int, int],
    *,
    with_inliers: bool,
    threads: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    threshold, scale_ratio, optimised, iterations = settings
    _check_settings(threshold, scale_ratio, optimised, iterations)
    pairs, starts = _checked_pairs(tentatives, len(query.keypoints), bounds)
    ratio = math.inf if scale_ratio is None else float(scale_ratio)
    # Without optimisation, the hypothesis of the highest score is the only one that is kept.
    kept, rounds = (optimised, iterations) if optimised else (1, 0)
    return _pair_kernels.verify(
        query.keypoints, query.frames, database.keypoints, database.frames, bounds, pairs, starts, float(threshold),
        ratio, kept, rounds, with_inliers, threads,
    )  # fmt: skip


def _check_settings(threshold: float, scale_ratio: float | None, optimised: int, iterations: int) -> None:
    if not (math.isfinite(threshold) and threshold > 0):
        raise DataError(f"threshold: is {threshold}, expected a positive number of pixels")
    if scale_ratio is not None and not (math.isfinite(scale_ratio) and scale_ratio >= 1):
        raise DataError(f"scale_ratio: is {scale_ratio}, expected a number of at least 1, or None")
    if not 0 <= optimised <= _pair_kernels.LIMIT_OPTIMISED or iterations < 0:
        raise DataError(
            f"optimised, iterations: are {optimised} and {iterations}, expected 0 to {_pair_kernels.LIMIT_OPTIMISED} "
            "and at least 0"
        )


def _checked_pairs(tentatives: Tentatives, n_query: int, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs, starts = np.asarray(tentatives.pairs), np.asarray(tentatives.starts, np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or (pairs.size and pairs.dtype.kind not in "iu"):
        raise DataError(f"tentatives: expected integers of shape (M, 2), got {pairs.dtype} {pairs.shape}")
    if len(starts) != len(bounds) + 1 or starts[0] != 0 or starts[-1] != len(pairs) or (np.diff(starts) < 0).any():
        raise DataError(f"tentatives: starts do not divide {len(pairs)} pairs among {len(bounds)} images")
    sizes = np.repeat(bounds[:, 1] - bounds[:, 0], np.diff(starts))
    if len(pairs) and (pairs.min() < 0 or pairs[:, 0].max() >= n_query or (pairs[:, 1] >= sizes).any()):
        row = int(((pairs < 0).any(axis=1) | (pairs[:, 0] >= n_query) | (pairs[:, 1] >= sizes)).argmax())
        raise DataError(f"tentatives: row {row} is {pairs[row].tolist()}, and there are no such features")
    return np.ascontiguousarray(pairs, np.int32), np.ascontiguousarray(starts)

"""The points of two images by which a scorer counts inliers, for those who want to see them.

The scorers themselves keep only the counts, because short lists have thousands of pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from reprise.formats.regions import RegionFile
from reprise.formats.strongest import StrongestFeatures
from reprise.geometry.conventions import to_opencv
from reprise.geometry.homographies import homography_inliers
from reprise.geometry.tentatives import Words, nearest_tentatives, word_tentatives
from reprise.geometry.verification import verify_affine
from reprise.reranking.inliers import frames_of
from reprise.reranking.scorers import Files

_HALF = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class MatchedPoints:
    """The inliers of a query and an image.

    Attributes:
        query: (M, 2) x, y in pixels of the query, (0.5, 0.5) the centre of its first pixel
        image: (M, 2), where they are in the image
        tentative: number of correspondences that were verified
        transform: (3, 3) float64, from the query to the image; None where there is none
    """

    query: np.ndarray
    image: np.ndarray
    tentative: int
    transform: np.ndarray | None


class Verifier(Protocol):
    """Verifies single pairs of images as a scorer does."""

    def __call__(self, query: int, image: int) -> MatchedPoints:
        """Find the inliers of a query and a database image, by their numbers in the files."""
        ...


class _Homography:
    """As the scorer ``homography``."""

    def __init__(self, files: Files, *, num_features: int | None, max_distance: float | None, threshold: float) -> None:
        self._queries, self._database = _both(files, num_features)
        self._max_distance, self._threshold = max_distance, threshold

    def __call__(self, query: int, image: int) -> MatchedPoints:
        from reprise.matching import mutual_nearest_neighbors  # torch, which planning does without

        asked, found = self._queries.read(query), self._database.read(image)
        pairs = mutual_nearest_neighbors(asked.descriptors, found.descriptors, self._max_distance)
        first, second = asked.keypoints[pairs[:, 0]], found.keypoints[pairs[:, 1]]
        _, homography, inliers = homography_inliers(to_opencv(first), to_opencv(second), self._threshold)
        transform = None if homography is None else _HALF @ homography @ np.linalg.inv(_HALF)
        return MatchedPoints(first[inliers], second[inliers], len(pairs), transform)


class _Affine:
    """As the scorer ``affine``."""

    def __init__(
        self, files: Files, *, num_features: int | None, ratio: float | None, tentatives: int, scales: Any,
        **verification: Any,
    ) -> None:  # fmt: skip
        self._queries, self._database = _both(files, num_features)
        self._ratio, self._limit = ratio, tentatives
        self._scales, self._verification = scales, verification

    def __call__(self, query: int, image: int) -> MatchedPoints:
        asked, found = self._queries.read(query), self._database.read(image)
        pairs = nearest_tentatives(asked.descriptors, found.descriptors, ratio=self._ratio, limit=self._limit)
        frames = [
            frames_of(features.file, number, number + 1, self._scales)[features.read(number).rows]
            for features, number in ((self._queries, query), (self._database, image))
        ]
        return _verified((asked.keypoints, frames[0]), (found.keypoints, frames[1]), pairs, self._verification)


class _AffineWords:
    """As the scorer ``affine_words``."""

    def __init__(self, files: Files, *, tentatives: int, most: int, **verification: Any) -> None:
        self._queries, self._database = RegionFile(files["queries"]), RegionFile(files["database"])
        self._most, self._limit = most, tentatives
        self._verification = verification

    def __call__(self, query: int, image: int) -> MatchedPoints:
        asked, found = self._queries.read(np.array([query])), self._database.read(np.array([image]))
        words = [Words.of(stored.words, stored.offsets) for stored in (asked, found)]
        pairs = word_tentatives(words[0], words[1], most=self._most, limit=self._limit, threads=1).pairs
        return _verified((asked.keypoints, asked.frames), (found.keypoints, found.frames), pairs, self._verification)


_VERIFIERS: Mapping[str, Any] = {"homography": _Homography, "affine": _Affine, "affine_words": _AffineWords}
#: The scorers whose inliers can be looked at.
VERIFYING = tuple(_VERIFIERS)


def open_verifier(scorer: str, files: Files, settings: Mapping[str, Any]) -> Verifier:
    """Open the files of a scorer, to verify single pairs as it does.

    Args:
        scorer: one of ``VERIFYING``
        files: "queries" and "database", as the scorer reads them
        settings: those of its step that change the scores of pairs

    Raises:
        DataError: features without what is needed, or in another convention of keypoints
    """
    verifier: Verifier = _VERIFIERS[scorer](files, **settings)
    return verifier


def _both(files: Files, num_features: int | None) -> tuple[StrongestFeatures, StrongestFeatures]:
    queries, database = (StrongestFeatures(files[key], num_features) for key in ("queries", "database"))
    for features in (queries, database):
        features.file.require("verification", dim=queries.file.dim, convention="colmap")
    return queries, database


def _verified(
    asked: tuple[np.ndarray, np.ndarray],
    found: tuple[np.ndarray, np.ndarray],
    pairs: np.ndarray,
    settings: Mapping[str, Any],
) -> MatchedPoints:
    """Verify tentative correspondences of two images, given as keypoints and frames."""
    result = verify_affine(*asked, *found, pairs, **settings)
    inliers = pairs[result.inliers]
    transform = None if result.transform is None else np.vstack([result.transform, [0.0, 0.0, 1.0]])
    return MatchedPoints(asked[0][inliers[:, 0]], found[0][inliers[:, 1]], len(pairs), transform)

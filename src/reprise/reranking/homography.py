"""The scorer ``homography``: inliers of a homography, among features that are mutual nearest neighbours.

The re-ranking of HNDesc (Melekhov et al., 3DV 2021). Inliers are counted by our own rule
(:func:`reprise.geometry.homography_inliers`), and images with as many inliers keep their order; the published order of
those depends on the version of NumPy.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field
from tqdm import tqdm

from reprise.formats.feature_reader import Features
from reprise.formats.features import open_features
from reprise.reranking.inliers import check_queries, fuse
from reprise.reranking.settings import Count, StepSettings
from reprise.storage.errors import DataError

__all__ = ["NEEDS", "PAIR_SETTINGS", "Step", "fuse", "score_chunk"]

NEEDS = frozenset({"descriptors", "keypoints"})
PAIR_SETTINGS = ("num_features", "max_distance", "threshold")
_DEFAULT_MIB = 1024
_Image = tuple[np.ndarray, np.ndarray]


class Step(StepSettings):
    """Re-ranking by a homography between a query and an image, as HNDesc is evaluated."""

    shortlist: Count = Field(100, description="first images of each ranking that are compared with the query")
    num_features: Count | None = Field(None, description="the strongest features of each image; null takes all")
    max_distance: float | None = Field(
        None, gt=0, le=2, description="largest distance of matched descriptors of unit norm; null takes all"
    )
    threshold: float = Field(5.0, gt=0, description="largest distance of an inlier in pixels of the database image")
    least: Count = Field(
        1,
        description="inliers of an image that moves up; those with fewer keep their order. As published, any number "
        "counts, though unrelated images have 4 to 10",
    )


def score_chunk(
    files: Mapping[str, Any],
    query_ids: np.ndarray,
    image_ids: np.ndarray,
    *,
    num_queries: int,
    engine: Any = None,
    num_features: int | None = None,
    max_distance: float | None = None,
    threshold: float = 5.0,
) -> np.ndarray:
    """Count the inliers of pairs.

    Every image is read once: queries at first, and database images in blocks that half of the memory holds.

    Args:
        files: features: "queries" and "database"
        query_ids: (n,) int
        image_ids: (n,) int
        num_queries: number of queries of the rankings
        engine: how many threads there are, and how much memory
        num_features: the strongest features of each image; None takes all
        max_distance: largest distance of matched descriptors, or None
        threshold: largest distance of an inlier in pixels

    Returns:
        (n,) float32; 0 where fewer than four features match, or no homography relates them

    Raises:
        DataError: features of different descriptors, without what is needed, or of other queries or images
    """
    from reprise.geometry.conventions import to_opencv
    from reprise.geometry.homographies import homography_inliers
    from reprise.matching import mutual_nearest_neighbors, side_by_side

    def inliers(pair: int) -> int:
        (first, a), (second, b) = asked[int(query_ids[pair])], found[int(image_ids[pair])]
        rows = mutual_nearest_neighbors(first, second, max_distance)
        bar.update()
        return homography_inliers(to_opencv(a[rows[:, 0]]), to_opencv(b[rows[:, 1]]), threshold)[0]

    counts = np.zeros(len(query_ids), np.float32)
    with open_features(files["queries"]) as queries, open_features(files["database"]) as database:
        for file in (queries, database):
            file.require("verification by homographies", dim=queries.dim, convention="colmap")
        check_queries(queries.path, len(queries), num_queries)
        queries.check_images(query_ids), database.check_images(image_ids)
        asked = _read(queries, np.unique(query_ids), num_features)
        with tqdm(total=len(query_ids), desc="verify", unit="pair", mininterval=1.0) as bar:
            for block in _blocks(database, image_ids, num_features, getattr(engine, "memory_mib", _DEFAULT_MIB)):
                found = _read(database, block, num_features)
                inside = np.flatnonzero(np.isin(image_ids, block))
                counts[inside] = side_by_side(inliers, inside.tolist(), getattr(engine, "threads", None))
    return counts


def _read(features: Features, images: np.ndarray, num_features: int | None) -> dict[int, _Image]:
    """Read descriptors and keypoints of images, the strongest features of each."""
    rows = features.rows(num_features)
    result = {}
    for image in map(int, images):
        start, stop = features.offsets[image : image + 2]
        own = rows[slice(*np.searchsorted(rows, [start, stop]))] - start
        block = features.block(image, image + 1)
        descriptors = block.descriptors[own].astype(np.float32)
        if not np.isfinite(descriptors).all():
            raise DataError(f"{features.where(image)}: descriptors contain NaN or infinity; extract it again")
        result[image] = descriptors, block.keypoints[own]
    return result


def _blocks(features: Features, images: np.ndarray, num_features: int | None, memory_mib: int) -> list[np.ndarray]:
    """Divide the different ``images`` into blocks that half of the memory holds."""
    unique = np.unique(images)
    sizes = np.cumsum(features.counts(num_features)[unique] * (4 * features.dim + 8))
    return np.split(unique, np.flatnonzero(np.diff(sizes // (memory_mib * 2**19))) + 1)

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

from reprise.reranking.inliers import Threshold, fuse
from reprise.reranking.pair_blocks import pair_blocks
from reprise.reranking.settings import Count, StepSettings

__all__ = ["NEEDS", "PAIR_SETTINGS", "Step", "fuse", "score_chunk"]

NEEDS = frozenset({"descriptors", "keypoints"})
PAIR_SETTINGS = ("num_features", "max_distance", "threshold")
_FEATURE_BYTES = 16  # of its place and its row, beside its descriptor


class Step(StepSettings):
    """Re-ranking by a homography between a query and an image, as HNDesc is evaluated."""

    shortlist: Count = Field(100, description="first images of each ranking that are compared with the query")
    num_features: Count | None = Field(None, description="the strongest features of each image; null takes all")
    max_distance: float | None = Field(
        None, gt=0, le=2, description="largest distance of matched descriptors of unit norm; null takes all"
    )
    threshold: Threshold = 5.0
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
        first, second = block.queries[int(query_ids[pair])], block.images[int(image_ids[pair])]
        rows = mutual_nearest_neighbors(first.descriptors, second.descriptors, max_distance)
        bar.update()
        points = to_opencv(first.keypoints[rows[:, 0]]), to_opencv(second.keypoints[rows[:, 1]])
        return homography_inliers(*points, threshold)[0]

    counts = np.zeros(len(query_ids), np.float32)
    with tqdm(total=len(query_ids), desc="verify", unit="pair", mininterval=1.0) as bar:
        for block in pair_blocks(
            files, query_ids, image_ids, lambda file, image, strongest: strongest,
            purpose="verification by homographies", num_queries=num_queries, num_features=num_features,
            feature_bytes=_FEATURE_BYTES, engine=engine,
        ):  # fmt: skip
            counts[block.pairs] = side_by_side(inliers, block.pairs.tolist(), getattr(engine, "threads", None))
    return counts

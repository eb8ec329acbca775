"""The scorer ``affine``: inliers of an affine transform, among features that are mutual nearest neighbours."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field
from tqdm import tqdm

from reprise.formats.feature_reader import Features
from reprise.formats.strongest import Strongest
from reprise.geometry.tentatives import Tentatives, nearest_tentatives
from reprise.geometry.verification import Regions, verify_images
from reprise.reranking.inliers import PAIR_SETTINGS as _PAIR_SETTINGS
from reprise.reranking.inliers import Scales, VerificationStep, by_query, frames_of, fuse
from reprise.reranking.pair_blocks import pair_blocks
from reprise.reranking.settings import Count

__all__ = ["NEEDS", "PAIR_SETTINGS", "Step", "fuse", "score_chunk"]

NEEDS = frozenset({"descriptors", "keypoints", "scales"})
PAIR_SETTINGS = ("num_features", "ratio", *_PAIR_SETTINGS, "scales")
_FEATURE_BYTES = 64  # of its place, its affine shape and what is made of them, beside its descriptor
_Image = tuple[np.ndarray, np.ndarray, np.ndarray]


class Step(VerificationStep):
    """Re-ranking by spatial verification of mutual nearest neighbours."""

    least: Count = Field(
        5,
        description="inliers of an image that moves up; those with fewer keep their order. Five halve the number of "
        "unrelated images that move up with four",
    )
    num_features: Count | None = Field(None, description="the strongest features of each image; null takes all")
    ratio: float | None = Field(
        0.9,
        gt=0,
        le=1,
        description="largest distance of a neighbour as a share of that of the second nearest; null takes all, of "
        "which so many are wrong that unrelated images have inliers, and least has to be higher",
    )
    scales: Scales = "sizes"


def score_chunk(
    files: Mapping[str, Any],
    query_ids: np.ndarray,
    image_ids: np.ndarray,
    *,
    num_queries: int,
    engine: Any = None,
    num_features: int | None = None,
    ratio: float | None = 0.9,
    tentatives: int = 600,
    threshold: float = 8.0,
    scale_ratio: float | None = 2.0,
    optimised: int = 5,
    iterations: int = 3,
    scales: Scales = "sizes",
) -> np.ndarray:
    """Count the inliers of pairs; see :func:`reprise.geometry.verify_affine`.

    Args:
        files: features: "queries" and "database"
        query_ids: (n,) int
        image_ids: (n,) int
        num_queries: number of queries of the rankings
        engine: how many threads there are, and how much memory
        num_features: the strongest features of each image; None takes all
        ratio: largest distance of a neighbour as a share of that of the second nearest, or None
        tentatives: pairs of mutual nearest neighbours, the nearest ones, at most
        threshold: largest distance of an inlier in pixels
        scale_ratio: largest ratio of scales, or None
        optimised: best transforms that are optimised
        iterations: of least squares
        scales: what the scales of features without affine shapes are

    Returns:
        (n,) float32

    Raises:
        DataError: features of different descriptors, without what is needed, or of other queries or images
    """
    settings = {
        "threshold": threshold, "scale_ratio": scale_ratio, "optimised": optimised, "iterations": iterations,
        "threads": getattr(engine, "threads", None),
    }  # fmt: skip

    def compared(file: Features, image: int, strongest: Strongest) -> _Image:
        frames = frames_of(file, image, image + 1, scales)[strongest.rows]
        return strongest.descriptors, strongest.keypoints, frames

    counts = np.zeros(len(query_ids), np.float32)
    with tqdm(total=len(query_ids), desc="verify", unit="pair", mininterval=1.0) as bar:
        for block in pair_blocks(
            files, query_ids, image_ids, compared, purpose="spatial verification", num_queries=num_queries,
            num_features=num_features, feature_bytes=_FEATURE_BYTES, engine=engine,
        ):  # fmt: skip
            for query, places in by_query(query_ids[block.pairs]):
                pairs = block.pairs[places]
                images = [block.images[image] for image in image_ids[pairs]]
                counts[pairs] = _count(block.queries[query], images, ratio, tentatives, settings)
                bar.update(len(pairs))
    return counts


def _count(
    query: _Image, images: list[_Image], ratio: float | None, limit: int, settings: Mapping[str, Any]
) -> np.ndarray:
    """Count the inliers of a query and each of some images, given as descriptors, keypoints and frames."""
    parts = [nearest_tentatives(query[0], descriptors, ratio=ratio, limit=limit) for descriptors, _, _ in images]
    pairs = Tentatives(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))
    offsets = np.cumsum([0, *(len(keypoints) for _, keypoints, _ in images)])
    keypoints, frames = (np.concatenate([image[part] for image in images]) for part in (1, 2))
    return verify_images(Regions(query[1], query[2]), Regions(keypoints, frames, offsets), pairs, **settings).counts

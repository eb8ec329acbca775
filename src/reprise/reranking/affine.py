"""The scorer ``affine``: inliers of an affine transform, among features that are mutual nearest neighbours."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field
from tqdm import tqdm

from reprise.formats.feature_reader import Features
from reprise.formats.features import open_features
from reprise.geometry.tentatives import Tentatives, nearest_tentatives
from reprise.geometry.verification import Regions, verify_images
from reprise.reranking.inliers import PAIR_SETTINGS as _PAIR_SETTINGS
from reprise.reranking.inliers import Scales, VerificationStep, by_query, check_queries, frames_of, fuse
from reprise.reranking.settings import Count
from reprise.storage.errors import DataError

__all__ = ["NEEDS", "PAIR_SETTINGS", "Step", "fuse", "score_chunk"]

NEEDS = frozenset({"descriptors", "keypoints", "scales"})
PAIR_SETTINGS = ("num_features", "ratio", *_PAIR_SETTINGS, "scales")
_DEFAULT_MIB = 1024


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
    counts = np.zeros(len(query_ids), np.float32)
    with open_features(files["queries"]) as queries, open_features(files["database"]) as database:
        for file in (queries, database):
            file.require("spatial verification", dim=queries.dim, convention="colmap")
        check_queries(queries.path, len(queries), num_queries)
        queries.check_images(query_ids), database.check_images(image_ids)
        asked = _read(queries, np.unique(query_ids), num_features, scales)
        with tqdm(total=len(query_ids), desc="verify", unit="pair", mininterval=1.0) as bar:
            for block in _blocks(database, image_ids, num_features, getattr(engine, "memory_mib", _DEFAULT_MIB)):
                found = _read(database, block, num_features, scales)
                inside = np.flatnonzero(np.isin(image_ids, block))
                for query, places in by_query(query_ids[inside]):
                    images = image_ids[inside[places]]
                    counts[inside[places]] = _count(
                        asked[query], [found[i] for i in images], ratio, tentatives, settings
                    )
                    bar.update(len(places))
    return counts


_Image = tuple[np.ndarray, np.ndarray, np.ndarray]


def _count(
    query: _Image, images: list[_Image], ratio: float | None, limit: int, settings: Mapping[str, Any]
) -> np.ndarray:
    """Count the inliers of a query and each of some images, given as descriptors, keypoints and frames."""
    parts = [nearest_tentatives(query[0], descriptors, ratio=ratio, limit=limit) for descriptors, _, _ in images]
    pairs = Tentatives(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))
    offsets = np.cumsum([0, *(len(keypoints) for _, keypoints, _ in images)])
    keypoints, frames = (np.concatenate([image[part] for image in images]) for part in (1, 2))
    return verify_images(Regions(query[1], query[2]), Regions(keypoints, frames, offsets), pairs, **settings).counts


def _read(features: Features, images: np.ndarray, num_features: int | None, scales: Scales) -> dict[int, _Image]:
    """Read descriptors, keypoints and frames of images, the strongest features of each."""
    rows = features.rows(num_features)
    result = {}
    for image in map(int, images):
        start, stop = features.offsets[image : image + 2]
        own = rows[slice(*np.searchsorted(rows, [start, stop]))] - start
        block = features.block(image, image + 1)
        frames = frames_of(features, image, image + 1, scales)[own]
        descriptors = block.descriptors[own].astype(np.float32)
        if not np.isfinite(descriptors).all():
            raise DataError(f"{features.where(image)}: descriptors contain NaN or infinity; extract it again")
        result[image] = descriptors, block.keypoints[own], frames
    return result


def _blocks(features: Features, images: np.ndarray, num_features: int | None, memory_mib: int) -> list[np.ndarray]:
    """Divide the different ``images`` into blocks that half of the memory holds."""
    unique = np.unique(images)
    sizes = np.cumsum(features.counts(num_features)[unique] * (4 * features.dim + 64))
    return np.split(unique, np.flatnonzero(np.diff(sizes // (memory_mib * 2**19))) + 1)

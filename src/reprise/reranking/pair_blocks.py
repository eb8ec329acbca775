"""Pairs of images that a scorer compares, in blocks whose features memory holds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from reprise.formats.feature_reader import Features
from reprise.formats.features import open_features
from reprise.formats.strongest import Strongest, read_strongest
from reprise.reranking.inliers import check_queries

_DEFAULT_MIB = 1024
Image = TypeVar("Image")


@dataclass(frozen=True)
class PairBlock(Generic[Image]):
    """Some of the pairs, and what is compared of their images.

    Attributes:
        pairs: (m,) int64, their places among all pairs
        queries: what is compared of each query, by its number
        images: what is compared of each image of the database, by its number
    """

    pairs: np.ndarray
    queries: Mapping[int, Image]
    images: Mapping[int, Image]


def pair_blocks(
    files: Mapping[str, Any],
    query_ids: np.ndarray,
    image_ids: np.ndarray,
    compared: Callable[[Features, int, Strongest], Image],
    *,
    purpose: str,
    num_queries: int,
    num_features: int | None,
    feature_bytes: int,
    engine: Any = None,
) -> Iterator[PairBlock[Image]]:
    """Iterate over blocks of pairs, reading every image once.

    Queries are read at first, and database images in blocks that half of the memory holds.

    Args:
        files: features: "queries" and "database"
        query_ids: (n,) int
        image_ids: (n,) int
        compared: makes of a file, the number of an image and its strongest features what is compared of it
        purpose: what the features are needed for, in messages
        num_queries: number of queries of the rankings
        num_features: the strongest features of each image; None takes all
        feature_bytes: what a feature takes in memory beside its descriptor
        engine: how much memory there is

    Raises:
        DataError: features of different descriptors, without what is needed, or of other queries or images
    """
    with open_features(files["queries"]) as queries, open_features(files["database"]) as database:
        for file in (queries, database):
            file.require(purpose, dim=queries.dim, convention="colmap")
        check_queries(queries.path, len(queries), num_queries)
        queries.check_images(query_ids), database.check_images(image_ids)
        asked = _read(queries, np.unique(query_ids), num_features, compared)
        sizes = database.counts(num_features) * (4 * database.dim + feature_bytes)
        for block in _divided(image_ids, sizes, getattr(engine, "memory_mib", _DEFAULT_MIB) * 2**19):
            inside = np.flatnonzero(np.isin(image_ids, block))
            yield PairBlock(inside, asked, _read(database, block, num_features, compared))


def _read(
    file: Features, images: np.ndarray, num_features: int | None, compared: Callable[[Features, int, Strongest], Image]
) -> dict[int, Image]:
    rows = file.rows(num_features)
    return {image: compared(file, image, read_strongest(file, image, rows)) for image in map(int, images)}


def _divided(images: np.ndarray, sizes: np.ndarray, limit: float) -> list[np.ndarray]:
    """Divide the different ``images``, of ``sizes`` bytes each, into blocks of about ``limit`` bytes."""
    unique = np.unique(images)
    return np.split(unique, np.flatnonzero(np.diff(np.cumsum(sizes[unique]) // limit)) + 1)

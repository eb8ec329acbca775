"""The scorer ``affine_words``: inliers of an affine transform, among features of the same visual word."""

import hashlib
import os
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from tqdm import tqdm

from reprise.formats.features import open_features
from reprise.formats.regions import RegionFile, StoredRegions, write_regions
from reprise.geometry.tentatives import Words, word_tentatives
from reprise.geometry.verification import Regions, verify_images
from reprise.reranking.inliers import PAIR_SETTINGS as _PAIR_SETTINGS
from reprise.reranking.inliers import Scales, VerificationStep, by_query, check_queries, frames_of, fuse
from reprise.reranking.settings import Count, RerankerSettings
from reprise.storage.errors import DataError
from reprise.storage.references import Refers

__all__ = ["NEEDS", "PAIR_SETTINGS", "Settings", "Step", "fuse", "project", "score_chunk", "sizes"]

NEEDS = frozenset({"descriptors", "keypoints", "scales"})
PAIR_SETTINGS = (*_PAIR_SETTINGS, "most")
_IMAGES_PER_BLOCK = 64
_BYTES_PER_REGION = 4 + 8 + 16  # as they are stored, in float32


class Settings(RerankerSettings):
    """The regions and visual words of a database, found once; steps compare them."""

    codebooks = ("codebook",)

    codebook: Annotated[str, Refers("codebooks")] = Field(description="the visual words; each feature has the nearest")
    num_features: Count | None = Field(None, description="the strongest features of each image; null takes all")
    scales: Scales = "sizes"


class Step(VerificationStep):
    """Re-ranking by spatial verification of features with the same visual word."""

    most: Count = Field(10, description="pairs of features of one word; words with more are left out")


def project(
    features: str | os.PathLike,
    output: str | os.PathLike,
    *,
    role: str,
    codebook: str | os.PathLike,
    num_features: int | None,
    scales: Scales,
    attributes: Mapping[str, object],
    device: str = "cpu",
) -> None:
    """Find the visual words of the features of every image, and store them with their regions.

    Args:
        features: the file of features
        output: a file of regions (:mod:`reprise.formats.regions`)
        role: "query" or "database"; both are stored alike
        codebook: the file of the codebook
        num_features: the strongest features of each image; None takes all
        scales: what the scales of features without affine shapes are
        attributes: of the file, such as the recipe
        device: not used; faiss takes the GPU that it can use

    Raises:
        DataError: features without what is needed, or of another dimension than the codebook
    """
    del role, device
    # Here, so that planning loads no faiss.
    from reprise.codebooks.codebook import Codebook

    words = Codebook.load(codebook)
    parts: list[tuple[np.ndarray, ...]] = []
    with open_features(features) as file:
        file.require("spatial verification with this codebook", dim=words.dim, convention="colmap")
        rows = file.rows(num_features)
        for start in tqdm(range(0, len(file), _IMAGES_PER_BLOCK), unit="block", mininterval=1.0):
            stop = min(start + _IMAGES_PER_BLOCK, len(file))
            first = file.offsets[start]
            chosen = rows[slice(*np.searchsorted(rows, file.offsets[[start, stop]]))]
            assigned = words.assign(file.gather(chosen), device="auto")[:, 0]
            own = chosen - first
            parts.append((assigned, file.keypoints(start, stop)[own], frames_of(file, start, stop, scales)[own]))
        counts, names = file.counts(num_features), file.names
    nothing = (np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2, 2)))
    found, keypoints, frames = (np.concatenate(part) for part in zip(nothing, *parts, strict=True))
    write_regions(
        output,
        StoredRegions(
            found.astype(np.uint32), keypoints.astype(np.float32), frames.astype(np.float32),
            np.concatenate([[0], np.cumsum(counts)]),
        ),
        n_words=words.size, codebook=hashlib.sha256(words.centroids.tobytes()).hexdigest()[:16], names=names,
        attributes=attributes,
    )  # fmt: skip


def score_chunk(
    files: Mapping[str, Any],
    query_ids: np.ndarray,
    image_ids: np.ndarray,
    *,
    num_queries: int,
    engine: Any = None,
    tentatives: int = 600,
    threshold: float = 8.0,
    scale_ratio: float | None = 2.0,
    optimised: int = 5,
    iterations: int = 3,
    most: int = 10,
) -> np.ndarray:
    """Count the inliers of pairs; see :func:`reprise.geometry.verify_affine`.

    Args:
        files: "queries" and "database", as :func:`project` made them
        query_ids: (n,) int
        image_ids: (n,) int
        num_queries: number of queries of the rankings
        engine: how many threads there are
        tentatives: pairs of features of the same words, those of rare words first, at most
        threshold: largest distance of an inlier in pixels
        scale_ratio: largest ratio of scales, or None
        optimised: best transforms that are optimised
        iterations: of least squares
        most: pairs of features of one word

    Returns:
        (n,) float32

    Raises:
        DataError: files of different codebooks, or of other queries or images
    """
    queries, database = RegionFile(files["queries"]), RegionFile(files["database"])
    check_queries(queries.path, len(queries), num_queries)
    if queries.codebook != database.codebook:
        raise DataError(f"{database.path}: was made with another codebook than {queries.path}; project again")
    threads = getattr(engine, "threads", None)
    needed, place = np.unique(image_ids, return_inverse=True)
    regions, words = _compared(database.read(needed))
    counts = np.zeros(len(query_ids), np.float32)
    with tqdm(total=len(query_ids), desc="verify", unit="pair", mininterval=1.0) as bar:
        for query, places in by_query(query_ids):
            own, own_words = _compared(queries.read(np.array([query])))
            images = place[places]
            pairs = word_tentatives(own_words, words, images, most=most, limit=tentatives, threads=threads)
            counts[places] = verify_images(
                own, regions, pairs, images, threshold=threshold, scale_ratio=scale_ratio, optimised=optimised,
                iterations=iterations, threads=threads,
            ).counts  # fmt: skip
            bar.update(len(places))
    return counts


def sizes(files: Mapping[str, str | os.PathLike], **settings: Any) -> dict[str, dict[str, int]]:
    """The bytes of the regions of a database: a word, a place and an affine shape for each feature."""
    del settings
    file = RegionFile(files["database"])
    return {"region bytes": {file.codebook: int(file.offsets[-1]) * _BYTES_PER_REGION}}


def _compared(stored: StoredRegions) -> tuple[Regions, Words]:
    return Regions(stored.keypoints, stored.frames, stored.offsets), Words.of(stored.words, stored.offsets)

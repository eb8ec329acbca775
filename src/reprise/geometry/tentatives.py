"""Tentative correspondences between the features of two images: by visual words, or by nearest descriptors."""

from dataclasses import dataclass

import numpy as np

from reprise.geometry import _pair_kernels
from reprise.storage.errors import DataError

#: With fewer words to compare than this, starting another thread takes longer than the comparison.
_WORDS_PER_THREAD = 1 << 18


@dataclass(frozen=True)
class Tentatives:
    """Pairs of a feature of a query and one of a database image, of several images one after the other.

    Attributes:
        pairs: (M, 2) int32, places of features in the query and in the database image
        starts: (n + 1,) int64: image i has the pairs starts[i] to starts[i + 1]
    """

    pairs: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class Words:
    """The visual words of images in the order that :func:`word_tentatives` reads; made by :meth:`of`.

    Attributes:
        words: (F,) int64, ascending within an image
        order: (F,) int32, the place within its image of the feature that each word is of
        offsets: (N + 1,) int64: image i has the rows offsets[i] to offsets[i + 1]
    """

    words: np.ndarray
    order: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, words: np.ndarray, offsets: np.ndarray | None = None) -> "Words":
        """Sort the words of images.

        Args:
            words: (F,) integers, the word of each feature
            offsets: (N + 1,) integers: image i has the features offsets[i] to offsets[i + 1]; None: one image

        Raises:
            DataError: no integers, or offsets that do not fit them
        """
        words = np.asarray(words)
        offsets = np.array([0, len(words)]) if offsets is None else np.asarray(offsets, np.int64)
        if words.ndim != 1 or (words.size and words.dtype.kind not in "iu"):
            raise DataError(f"words: expected one integer for each feature, got {words.dtype} {words.shape}")
        if len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != len(words) or (np.diff(offsets) < 0).any():
            raise DataError(f"offsets: do not ascend from 0 to the {len(words)} features")
        image_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        order = np.lexsort((words, image_of))
        return cls(words[order].astype(np.int64), (order - offsets[image_of]).astype(np.int32), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1


def word_tentatives(
    query: Words, database: Words, images: np.ndarray | None = None, *, most: int = 10, limit: int = 600,
    threads: int | None = None,
) -> Tentatives:  # fmt: skip
    """Pair the features of a query and of database images that have the same visual word.

    A word with m features in the query and n in the image gives m * n pairs, or none where these are more than
    ``most``. Words with few pairs come first, equal ones in ascending order, until there are ``limit`` pairs.

    Source: Philbin et al., CVPR 2007; the limits are those of the engine behind the tables of HardNet (Mishchuk et al.,
    NIPS 2017), as far as they are known.

    Args:
        query: the words of one image
        database: the words of the database
        images: (n,) integers, images of the database; all of them if None
        most: pairs of one word
        limit: pairs of one image
        threads: number of threads; default: OMP_NUM_THREADS, else all cores

    Raises:
        DataError: several queries, or images that do not exist
    """
    if len(query) != 1:
        raise DataError(f"query: {len(query)} images; compare one after the other")
    if most < 1 or limit < 1:
        raise DataError(f"most, limit: are {most} and {limit}, expected at least 1")
    bounds = image_bounds(database.offsets, images)
    n_threads = thread_count(threads, (np.diff(bounds).sum() + len(query.words) * len(bounds)) / _WORDS_PER_THREAD)
    counts, table = _pair_kernels.word_pairs(
        query.words, query.order, database.words, database.order, bounds, most, limit, n_threads
    )
    pairs = table[np.arange(limit) < counts[:, None]]
    return Tentatives(pairs, np.concatenate([[0], np.cumsum(counts)]))


def nearest_tentatives(
    query: np.ndarray, database: np.ndarray, *, ratio: float | None = None, limit: int | None = 600
) -> np.ndarray:
    """Pair the features of two images that are mutual nearest neighbours, nearest first.

    Source of the ratio: Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004.

    Args:
        query: (n, D) float32 descriptors
        database: (m, D) float32 descriptors
        ratio: largest distance of a neighbour, as a share of that of the second nearest feature of the database image;
            None takes all. The only feature of an image has no second one, and passes
        limit: number of pairs, the nearest ones; None for all

    Returns:
        (M, 2) int32, places in both, no feature twice; of equally near ones the first counts as nearest
    """
    if not len(query) or not len(database):
        return np.zeros((0, 2), np.int32)
    norms = np.einsum("nd,nd->n", query, query)[:, None] + np.einsum("nd,nd->n", database, database)
    distances = norms - 2 * (query @ database.T)
    nearest = distances.argmin(axis=1)
    kept = distances.argmin(axis=0)[nearest] == np.arange(len(query))
    if ratio is not None and len(database) > 1:
        first, second = np.maximum(np.partition(distances, 1, axis=1)[:, :2], 0).T
        kept &= first <= ratio**2 * second
    mutual = np.flatnonzero(kept)
    order = mutual[np.argsort(distances[mutual, nearest[mutual]], kind="stable")][:limit]
    return np.stack([order, nearest[order]], axis=1).astype(np.int32)


def image_bounds(offsets: np.ndarray, images: np.ndarray | None) -> np.ndarray:
    """Return the first row of images and the one after their last, (n, 2) int64; DataError for other images."""
    images = np.arange(len(offsets) - 1) if images is None else np.asarray(images)
    if images.ndim != 1 or (images.size and images.dtype.kind not in "iu"):
        raise DataError(f"images: expected integers, got {images.dtype} {images.shape}")
    if images.size and (images.min() < 0 or images.max() >= len(offsets) - 1):
        raise DataError(f"images: {images.min()} to {images.max()}, but there are {len(offsets) - 1}")
    images = images.astype(np.int64)
    return np.stack([offsets[images], offsets[images + 1]], axis=1).astype(np.int64)


def thread_count(threads: int | None, worth: float) -> int:
    """Return the number of threads to start.

    Args:
        threads: at most so many; None: as many as OpenMP starts (OMP_NUM_THREADS)
        worth: the number of threads, beside the first, that have enough to do
    """
    if threads is not None and threads < 1:
        raise DataError(f"threads: expected at least 1, got {threads}")
    return min(64, 1 + int(worth), _pair_kernels.max_threads() if threads is None else int(threads))

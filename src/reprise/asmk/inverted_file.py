"""The inverted file of ASMK: building it, and searching it with the selective match kernel."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reprise.asmk import _kernels, index_files
from reprise.asmk.aggregation import Aggregated
from reprise.asmk.inputs import as_integers, thread_count
from reprise.storage.errors import DataError

#: Accumulated scores that a search keeps at a time, in entries of 8 bytes, beside the rankings it returns.
_SCORES_AT_A_TIME = 1 << 23

#: Fewer postings are scanned sooner than another thread wakes up.
_POSTINGS_PER_THREAD = 1 << 15


@dataclass(frozen=True)
class Rankings:
    """The images of the index ranked for each query, best first; equal scores in the order of their ids.

    query_ids  (Q,) int64
    ranks      (Q, N or topk) int32, image ids
    scores     the same shape, float64, descending; nan, where a score is not defined, stands at the end of a row
    """

    query_ids: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class InvertedFile:
    """Lists of postings (image id, aggregated vector), one list for each visual word, one after the other.

    offsets    (n_words + 1,) int64: the list of word w is offsets[w] to offsets[w + 1]
    image_ids  (P,) uint32, ascending in each list
    vectors    (P, ceil(D/32)) uint32 sign bits or (P, D) float32, as in :class:`Aggregated`
    norms      (n_images,) float64: the sum of the weights of each image's words, 0 for an image without postings
    weights    (n_words,) float32: squared inverse document frequencies, or None for weights of one

    128-bit codes take 20 bytes per posting. Made by :meth:`build` or :meth:`open`.
    """

    offsets: np.ndarray
    image_ids: np.ndarray
    vectors: np.ndarray
    norms: np.ndarray
    weights: np.ndarray | None = None

    @property
    def n_words(self) -> int:
        """The number of visual words."""
        return len(self.offsets) - 1

    @property
    def n_images(self) -> int:
        """The number of images, those without descriptors included."""
        return len(self.norms)

    @property
    def binary(self) -> bool:
        """Whether the vectors are sign bits."""
        return self.vectors.dtype == np.uint32

    @property
    def idf(self) -> np.ndarray:
        """The weight of each word, (n_words,) float32."""
        return np.ones(self.n_words, np.float32) if self.weights is None else self.weights

    @classmethod
    def build(
        cls,
        aggregated: Aggregated | Iterable[Aggregated],
        n_words: int,
        *,
        idf: bool = False,
        n_images: int | None = None,
    ) -> "InvertedFile":
        """Index the postings of one or more sets of images.

        The sets have to follow each other: each starts behind the last image of the one before. An iterable that
        can be walked twice is walked twice, one set at a time; an iterator is read into memory. Image ids count
        from 0; images that are missing in between keep their row, and so do those up to ``n_images``.

        With ``idf``, word w weighs ln(n_images / images with w)^2, and 1 if no image has it; the weight is the
        product of the idf of query and database. Raises DataError for postings out of order and for words or
        images outside their range.

        Source: Tolias, Avrithis, Jegou, "To aggregate or not to aggregate", ICCV 2013.
        """
        if isinstance(aggregated, Aggregated):
            aggregated = [aggregated]
        elif iter(aggregated) is aggregated:
            aggregated = list(aggregated)
        counts, found_images, width, dtype = _count(aggregated, n_words)
        if n_images is None:
            n_images = found_images
        elif n_images < found_images:
            raise DataError(f"n_images: {n_images} given, but there are postings of image {found_images - 1}")
        if n_images >= 1 << 31:
            raise DataError(f"n_images: {n_images} are too many for one inverted file; at most 2^31 - 1 fit")
        offsets = np.concatenate([[0], np.cumsum(counts)])
        image_ids = np.empty(offsets[-1], np.uint32)
        vectors = np.empty((offsets[-1], width), dtype)
        ends = offsets[:-1].copy()
        for part in aggregated:
            _kernels.add_postings(*_columns(part), _bytes(part.vectors), ends, image_ids, _bytes(vectors))
        weights = _squared_idf(counts, n_images) if idf else None
        norms = np.zeros(n_images)
        _kernels.sum_weights(offsets, image_ids, weights, norms)
        return cls(offsets, image_ids, vectors, norms, weights)

    def save(self, folder: str | os.PathLike) -> None:
        """Write the arrays as .npy files and their sizes as index.json; ``folder`` appears whole or not at all."""
        arrays = {key: getattr(self, key) for key in index_files.DTYPES if getattr(self, key) is not None}
        index_files.write(folder, arrays)

    @classmethod
    def open(cls, folder: str | os.PathLike) -> "InvertedFile":
        """Open what :meth:`save` wrote, memory-mapped; DataError for damaged or foreign files."""
        return cls(**index_files.read(folder))

    def search(
        self,
        queries: Aggregated,
        *,
        alpha: float = 3.0,
        threshold: float = 0.0,
        topk: int | None = None,
        query_ids: np.ndarray | None = None,
        threads: int | None = None,
    ) -> Rankings:
        """Rank the images for every query.

        queries    aggregated descriptors of any number of queries, told apart by their image_ids
        alpha      exponent of the selectivity function
        threshold  similarities of two vectors below it count nothing
        topk       the number of images to return, all of them if None or larger
        query_ids  (Q,) integers, all different: the rows of the result. Default: the ids in ``queries``. A query
                   without descriptors gets zero scores

        The similarity of query q and image i is the sum of weight * u^alpha over their common words, divided by the
        square roots of the norms of both, where u is the dot product of the two vectors, for codes
        1 - 2 * (Hamming distance) / (bits, filled-up ones included). Words of the query that no image has count in
        its norm. An image of norm 0 that shares a word with the query (idf: each of its words is in every image) has
        no defined similarity: its score is nan and it comes last; and so it is for a query of norm 0. The result
        does not depend on ``threads``, and several Python threads may search at once.

        Source: Tolias, Avrithis, Jegou, "To aggregate or not to aggregate", ICCV 2013. How codes are padded and
        in which order numbers are rounded follows the published code of Tolias, Jenicek, Chum, ECCV 2020.
        """
        words, ids, ranges = _queries(queries, query_ids, self)
        n_postings = int((self.offsets[words + 1] - self.offsets[words]).sum())
        n_threads = min(thread_count(threads), 1 + n_postings // _POSTINGS_PER_THREAD)
        topk = self.n_images if topk is None else min(topk, self.n_images)
        if topk < 0:
            raise DataError(f"topk: expected a positive number or None, got {topk}")
        view = _kernels.View(
            self.offsets, self.image_ids, _bytes(self.vectors), np.sqrt(self.norms), self.weights,
            *_kernel(self, alpha, threshold)
        )  # fmt: skip
        norms = np.array([_query_norm(self.weights, words[start:stop]) for start, stop in ranges], np.float32)
        rankings = Rankings(ids, np.empty((len(ids), topk), np.int32), np.empty((len(ids), topk)))
        step = max(n_threads, _SCORES_AT_A_TIME // max(self.n_images, 1))
        for start in range(0, len(ids), step):
            rows = slice(start, start + step)
            scores = np.zeros((len(ids[rows]), self.n_images))
            # Few queries are split by images to employ every thread.
            parts = 1 if len(scores) >= 2 * n_threads else n_threads
            if not _kernels.score(view, words, _bytes(queries.vectors), ranges[rows], scores, parts, n_threads):
                raise DataError("inverted file: lists name images that do not exist; build and save it again")
            with np.errstate(invalid="ignore", divide="ignore"):
                scores /= np.sqrt(norms[rows, None])
            scores[ranges[rows, 0] == ranges[rows, 1]] = 0
            _kernels.rank(scores, rankings.ranks[rows], rankings.scores[rows], n_threads)
        return rankings


def _count(parts: Iterable[Aggregated], n_words: int) -> tuple[np.ndarray, int, int, np.dtype]:
    """Postings of each word, number of images, and width and dtype of the vectors, checked."""
    counts, n_images, layout = np.zeros(n_words, np.int64), 0, None
    for part in parts:
        words, image_ids = _columns(part)
        disorder = _kernels.first_disorder(words, image_ids)
        if disorder >= 0:
            raise DataError(
                f"aggregated: posting {disorder} (image {image_ids[disorder]}, word {words[disorder]}) does not come "
                "after the one before it; images have to ascend, and words within an image"
            )
        if layout not in (None, (part.vectors.shape[1], part.vectors.dtype)):
            raise DataError("aggregated: vectors of different kinds or sizes; aggregate them with one codebook")
        layout = (part.vectors.shape[1], part.vectors.dtype)
        if len(words):
            if image_ids[0] < n_images:
                raise DataError(
                    f"aggregated: a set starts with image {image_ids[0]}, expected at least {n_images}; "
                    "sets have to follow each other and must not overlap"
                )
            n_images = int(image_ids[-1]) + 1
            _check_words(words, n_words)
            counts += np.bincount(words, minlength=n_words)
    if layout is None:
        raise DataError("aggregated: there is nothing to index")
    return counts, n_images, *layout


def _queries(
    queries: Aggregated, query_ids: np.ndarray | None, index: InvertedFile
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The words of the queries, the ids of the result's rows, and the range of postings of each row, checked."""
    words, image_ids = _columns(queries)
    if _bytes(queries.vectors).shape[1] != _bytes(index.vectors).shape[1] or queries.binary != index.binary:
        raise DataError(
            f"queries: vectors of {queries.vectors.dtype} x {queries.vectors.shape[1]}, the inverted file has "
            f"{index.vectors.dtype} x {index.vectors.shape[1]}; aggregate both alike"
        )
    if _kernels.first_disorder(words, image_ids) >= 0:
        raise DataError("queries: postings out of order; images have to ascend, and words within an image")
    _check_words(words, index.n_words)
    present = image_ids[np.flatnonzero(np.diff(image_ids, prepend=-1))]
    ids = present if query_ids is None else as_integers(query_ids, "query_ids", (None,))
    if len(np.unique(ids)) != len(ids):
        raise DataError("query_ids: an id occurs more than once")
    if not np.isin(present, ids).all():
        raise DataError(f"query_ids: {present[~np.isin(present, ids)][0]} is missing, though it has descriptors")
    return words, ids, np.searchsorted(image_ids, np.stack([ids, ids + 1], axis=1))


def _kernel(index: InvertedFile, alpha: float, threshold: float) -> tuple:
    """What the kernel needs: powers of every Hamming distance, the largest distance that passes, threshold, alpha."""
    if not (np.isfinite(alpha) and alpha >= 0 and np.isfinite(threshold)):
        raise DataError(f"alpha, threshold: {alpha}, {threshold}; both have to be finite, and alpha not negative")
    if threshold < 0 and alpha != int(alpha):
        raise DataError(f"threshold: {threshold} lets negative similarities pass, which have no power {alpha}")
    if not index.binary:
        return None, -1, threshold, alpha
    bits = 32 * index.vectors.shape[1]
    similarities = 1 - 2 * (np.arange(bits + 1) / bits).astype(np.float32)
    passing = similarities >= np.float32(threshold)
    powers = np.power(np.where(passing, similarities, 0), np.float32(alpha))
    return powers, int(np.count_nonzero(passing)) - 1, threshold, alpha


def _query_norm(weights: np.ndarray | None, words: np.ndarray) -> float:
    # Single precision, one after the other: the published sum.
    return len(words) if weights is None else float(np.cumsum(weights[words], dtype=np.float32)[-1:].sum())


def _squared_idf(counts: np.ndarray, n_images: int) -> np.ndarray:
    squared = np.log(n_images / np.maximum(counts, 1)) ** 2
    return np.where(counts > 0, squared, 1).astype(np.float32)


def _check_words(words: np.ndarray, n_words: int) -> None:
    if len(words) and (words.min() < 0 or words.max() >= n_words):
        raise DataError(
            f"aggregated: words {words.min()} to {words.max()}, but there are {n_words}; use one codebook throughout"
        )


def _columns(part: Aggregated) -> tuple[np.ndarray, np.ndarray]:
    words = np.ascontiguousarray(part.words, np.int64)
    image_ids = np.ascontiguousarray(part.image_ids, np.int64)
    if len(image_ids) and image_ids[0] < 0:
        raise DataError(f"aggregated: image id {image_ids[0]}; ids count from 0")
    return words, image_ids


def _bytes(vectors: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(vectors).view(np.uint8)

"""Inverted file of ASMK, and its search with the selective match kernel."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.asmk import _kernels, building, index_files
from reprise.asmk.building import Idf, Layout, add_norms, as_parts, place, plan
from reprise.asmk.postings import Aggregated, as_bytes, as_integers, thread_count
from reprise.asmk.queries import (
    Rankings,
    Undefined,
    checked_topk,
    checked_undefined,
    divisors,
    kernel,
    query_norm,
    split_queries,
)
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError

#: Number of accumulated scores, of 8 bytes each, that a search has in memory at a time, beside the rankings it returns.
_SCORES_AT_A_TIME = 1 << 23

#: The types of the arrays of an inverted file.
_DTYPES: dict[str, tuple[type, ...]] = {
    "offsets": (np.int64,),
    "image_ids": (np.uint32,),
    "vectors": (np.uint32, np.float32),
    "norms": (np.float64,),
    "weights": (np.float32,),
}

#: With fewer postings than this, starting another thread takes longer than the scan.
_POSTINGS_PER_THREAD = 1 << 15


@dataclass(frozen=True)
class InvertedFile:
    """Lists of postings (image id, aggregated vector), one list for each visual word, one after the other.

    128-bit codes take 20 bytes per posting. Made by :meth:`build`, :meth:`build_on_disk` or :meth:`open`.

    Attributes:
        offsets: (n_words + 1,) int64: the list of word w is offsets[w] to offsets[w + 1]
        image_ids: (P,) uint32, ascending in each list
        vectors: (P, ceil(D/32)) uint32 sign bits or (P, D) float32, as in :class:`Aggregated`
        norms: (n_images,) float64: the sum of the weights of each image's words, 0 for an image without postings
        weights: (n_words,) float32: squared inverse document frequencies, or None for weights of one
    """

    offsets: np.ndarray
    image_ids: np.ndarray
    vectors: np.ndarray
    norms: np.ndarray
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        # The compiled functions follow the offsets without asking; image ids they check themselves.
        for key, dtypes in _DTYPES.items():
            value, dimensions = getattr(self, key), 2 if key == "vectors" else 1
            fits = isinstance(value, np.ndarray) and value.dtype in dtypes and value.ndim == dimensions
            if not fits and not (key == "weights" and value is None):
                expected = " or ".join(dtype.__name__ for dtype in dtypes)
                raise DataError(f"inverted file: {key} are {quoted(value)}, expected {dimensions}-D {expected}")
        lists, n = self.offsets, len(self.image_ids)
        whole = len(lists) and lists[0] == 0 and lists[-1] == n and (lists[1:] >= lists[:-1]).all()
        if not whole or len(self.vectors) != n or (self.weights is not None and len(self.weights) != self.n_words):
            raise DataError(
                f"inverted file: {n} image ids, {len(self.vectors)} vectors, the offsets of {self.n_words} lists and "
                "their weights do not fit each other; build the index again"
            )
        object.__setattr__(self, "offsets", lists.view())
        self.offsets.flags.writeable = False

    def __repr__(self) -> str:
        width = f"{32 * self.vectors.shape[1]} bits" if self.binary else f"{self.vectors.shape[1]} dimensions"
        sizes = f"{self.n_images} images, {self.n_words} words, {len(self.image_ids)} postings of {width}"
        return f"InvertedFile({sizes}{'' if self.weights is None else ', idf'})"

    @property
    def _name(self) -> str:
        """What errors begin with: the folder, where the arrays are files of one."""
        file = getattr(self.image_ids, "filename", None)
        return "inverted file" if file is None else str(Path(file).parent)

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
        idf: Idf = False,
        n_images: int | None = None,
    ) -> "InvertedFile":
        """Index the postings of one or more sets of images.

        Source: Tolias, Avrithis, Jegou, "To aggregate or not to aggregate", ICCV 2013.

        Args:
            aggregated: sets that follow each other: each starts after the last image of the one before. An iterable
                that can be repeated is read twice, one set at a time; an iterator is read into memory. Image
                ids count from 0; images that are missing in between keep their row
            n_words: number of visual words of the codebook
            idf: word w weighs ln(n_images / images with w)^2, and 1 if no image has it; the weight is the product of
                the idf of query and database. With "published", a word's weight is what it was when the last set
                with this word was added, as in the published code, so that it depends on how the images are divided
                into sets
            n_images: number of images, where the last ones have no descriptors

        Raises:
            DataError: postings out of order, or words or images outside their range
        """
        return cls._merged(None, aggregated, n_words, idf, n_images)

    def extend(
        self, aggregated: Aggregated | Iterable[Aggregated], *, idf: Idf | None = None, n_images: int | None = None
    ) -> "InvertedFile":
        """Make a new inverted file with the postings of more images after those of this one.

        Args:
            aggregated: sets of postings, as for :meth:`build`
            idf: as for :meth:`build`; None weighs words by the whole new database if this one weighs them
            n_images: number of all images, where the last ones have no descriptors

        Raises:
            DataError: as :meth:`build`
        """
        idf = self.weights is not None if idf is None else idf
        return self._merged(self, aggregated, self.n_words, idf, n_images)

    @classmethod
    def _merged(
        cls,
        old: "InvertedFile | None",
        aggregated: Aggregated | Iterable[Aggregated],
        n_words: int,
        idf: Idf,
        n_images: int | None,
    ) -> "InvertedFile":
        parts, base = as_parts(aggregated), old._layout() if old else None
        layout, _ = plan(parts, n_words, idf=idf, n_images=n_images, base=base)
        offsets = layout.offsets
        image_ids, vectors = layout.allocate(int(offsets[-1]))
        ends = offsets[:-1].copy()
        if old is not None:
            ends += np.diff(old.offsets)
            old._check_postings()
            _kernels.copy_lists(
                old.offsets, old.image_ids, as_bytes(old.vectors), offsets, image_ids, as_bytes(vectors)
            )
        place(parts, layout, ends, image_ids, vectors)
        norms = np.zeros(layout.n_images)
        add_norms(norms, offsets, image_ids, layout.weights)
        return cls(offsets, image_ids, vectors, norms, layout.weights)

    def _layout(self) -> Layout:
        kind = (self.vectors.shape[1], self.vectors.dtype)
        return Layout(np.diff(self.offsets), self.n_images, kind, self.weights)

    @classmethod
    def build_on_disk(
        cls,
        parts: Iterable[Aggregated],
        n_words: int,
        folder: str | os.PathLike,
        *,
        n_images: int | None = None,
        idf: Idf = False,
        memory: int = 2 * 1024**3,
    ) -> "InvertedFile":
        """Build an inverted file in a folder, with ``memory`` bytes for arrays; the bytes are those of :meth:`save`.

        Args:
            parts: read once to count its postings, and once more for each window of the postings that fits in
                ``memory`` beside two of the sets; :class:`AggregatedFiles` reads them from files one at a time
            n_words: number of visual words of the codebook
            folder: the folder, which appears when it is complete
            n_images: number of images, as in :meth:`build`
            idf: how words are weighed, as in :meth:`build`
            memory: bytes

        Returns:
            the inverted file, memory-mapped

        Raises:
            DataError: as in :meth:`build`, for an iterator, and for too little memory
        """
        building.build_on_disk(parts, n_words, folder, n_images=n_images, idf=idf, memory=memory)
        return cls.open(folder)

    def save(self, folder: str | os.PathLike) -> None:
        """Write the arrays as .npy files and their sizes as index.json; ``folder`` appears when it is complete."""
        with index_files.create(folder, len(self.vectors), self._layout().kind) as writer:
            writer.append(self.image_ids, self.vectors)
            writer.finish(self.offsets, self.norms, self.weights)

    @classmethod
    def open(cls, folder: str | os.PathLike, *, check: bool = False) -> "InvertedFile":
        """Open a folder that :meth:`save` or :meth:`build_on_disk` wrote, memory-mapped.

        Args:
            folder: the folder
            check: read every byte and compare it with its checksum, and call :meth:`check`

        Raises:
            DataError: files that are missing, truncated, of a wrong size, type or byte order, or of a foreign version
        """
        if check:
            index_files.check(folder)
        index = cls(**index_files.read(folder))
        if check:
            index.check()
        return index

    def check(self) -> None:
        """Read all postings and check that they do not contradict each other.

        Raises:
            DataError: images that do not exist, lists that do not ascend, norms that are not the sums of their words'
                weights, and NaN or infinity among real vectors
        """
        self._check_postings()
        norms = np.zeros(self.n_images)
        add_norms(norms, self.offsets, self.image_ids, self.weights)
        if not np.array_equal(norms, self.norms):
            raise DataError(f"{self._name}: norms and postings contradict each other; build the index again")
        if not self.binary and _kernels.first_nonfinite_row(self.vectors, thread_count(None)) >= 0:
            raise DataError(f"{self._name}: vectors hold NaN or infinite values; build the index again")

    def _check_postings(self) -> None:
        """Check that every list names existing images in ascending order; DataError where not."""
        bad = _kernels.first_bad_posting(self.offsets, self.image_ids, self.n_images)
        if bad >= 0:
            raise DataError(
                f"{self._name}: posting {bad} (image {self.image_ids[bad]} of {self.n_images}) names no image, or is "
                "not behind its predecessor; build the index again"
            )

    def search(
        self,
        queries: Aggregated,
        *,
        alpha: float = 3.0,
        threshold: float = 0.0,
        topk: int | None = None,
        query_ids: np.ndarray | None = None,
        threads: int | None = None,
        undefined: Undefined = "zero",
    ) -> Rankings:
        """Rank the images for every query.

        The similarity of query q and image i is the sum of weight * u^alpha over their common words, divided by the
        square roots of the norms of both, where u is the dot product of the two vectors, for codes
        1 - 2 * (Hamming distance) / (bits, padding included). Words of the query that no image has count in
        its norm. An image of norm 0 that shares a word with the query (idf: each of its words is in every image) has
        no defined similarity, and neither has any image to a query of norm 0: ``undefined`` says what it is. The
        result does not depend on ``threads``, and several Python threads may search at once.

        Source: Tolias, Avrithis, Jegou, "To aggregate or not to aggregate", ICCV 2013. How codes are padded and
        in which order numbers are rounded follows the published code of Tolias, Jenicek, Chum, ECCV 2020.

        Args:
            queries: aggregated descriptors of any number of queries, distinguished by their image_ids
            alpha: exponent of the selectivity function
            threshold: similarities of two vectors below it add nothing
            topk: number of images to return, all of them if None or larger
            query_ids: (Q,) integers, all different: the rows of the result. Default: the ids in ``queries``. A query
                without descriptors gets zero scores
            threads: number of threads; default: OMP_NUM_THREADS, else all cores
            undefined: "zero", or "nan" as in the published code: the score comes last

        Returns:
            rankings (Q, n_images or topk)

        Raises:
            DataError: queries of other vectors or words, out of order, or parameters out of range
        """
        topk, n_threads = checked_topk(topk, self.n_images), thread_count(threads)
        split = split_queries(queries, query_ids, self.n_words, self.vectors)
        ids = split[1]
        rankings = Rankings(ids, np.empty((len(ids), topk), np.int32), np.empty((len(ids), topk)))
        arguments = kernel(self.vectors, alpha, threshold)
        for rows, scores in self._scores(queries, split, arguments, n_threads, undefined):
            _kernels.rank(scores, rankings.ranks[rows], rankings.scores[rows], n_threads)
        return rankings

    def scores(
        self,
        queries: Aggregated,
        image_ids: np.ndarray | None = None,
        *,
        alpha: float = 3.0,
        threshold: float = 0.0,
        query_ids: np.ndarray | None = None,
        threads: int | None = None,
        undefined: Undefined = "zero",
    ) -> np.ndarray:
        """Compute the similarity of each query and each of some images.

        Args:
            queries: aggregated descriptors of any number of queries
            image_ids: the images, in any order; all of them if None
            alpha: exponent of the selectivity function
            threshold: similarities of two vectors below it add nothing
            query_ids: (Q,) integers, the rows of the result, as in :meth:`search`
            threads: number of threads; default: OMP_NUM_THREADS, else all cores
            undefined: as in :meth:`search`

        Returns:
            (Q, len(image_ids)) float64

        Raises:
            DataError: as in :meth:`search`, and for images that do not exist
        """
        wanted = np.arange(self.n_images) if image_ids is None else as_integers(image_ids, "image_ids", (None,))
        if len(wanted) and (wanted.min() < 0 or wanted.max() >= self.n_images):
            raise DataError(f"image_ids: {wanted.min()} to {wanted.max()}, but there are {self.n_images} images")
        split = split_queries(queries, query_ids, self.n_words, self.vectors)
        result = np.empty((len(split[1]), len(wanted)))
        arguments, n_threads = kernel(self.vectors, alpha, threshold), thread_count(threads)
        for rows, scores in self._scores(queries, split, arguments, n_threads, undefined):
            result[rows] = scores[:, wanted]
        return result

    def _scores(
        self,
        queries: Aggregated,
        split: tuple[np.ndarray, np.ndarray, np.ndarray],
        kernel_arguments: tuple,
        n_threads: int,
        undefined: Undefined,
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Iterate over rows of the result and their scores of all images, (rows, n_images), a few rows at a time."""
        words, ids, ranges = split
        undefined = checked_undefined(undefined)
        if self.weights is None:
            undefined = "nan"  # there is none: every norm that divides is the number of some words
        n_postings = int((self.offsets[words + 1] - self.offsets[words]).sum())
        n_threads = min(n_threads, 1 + n_postings // _POSTINGS_PER_THREAD)
        view = _kernels.View(
            self.offsets,
            self.image_ids,
            as_bytes(self.vectors),
            divisors(self.norms, undefined),
            self.weights,
            *kernel_arguments,
        )
        norms = np.array([query_norm(self.weights, words[start:stop]) for start, stop in ranges], np.float32)
        roots = divisors(norms, undefined)  # the published code takes the root in single precision
        step = max(n_threads, _SCORES_AT_A_TIME // max(self.n_images, 1))
        for start in range(0, len(ids), step):
            rows = slice(start, start + step)
            scores = np.zeros((len(ids[rows]), self.n_images))
            # Few queries are split by images, so that all threads are used.
            parts = 1 if len(scores) >= 2 * n_threads else n_threads
            vectors = as_bytes(queries.vectors)
            if not _kernels.score(view, words, vectors, ranges[rows], roots[rows], scores, parts, n_threads):
                raise DataError(f"{self._name}: lists name images that do not exist; build and save it again")
            yield rows, scores

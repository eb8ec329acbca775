"""The inverted file of binary signatures, and the scores that their matches give."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.asmk import _kernels as shared
from reprise.asmk.postings import as_integers, thread_count
from reprise.asmk.queries import Rankings, checked_topk
from reprise.formats.array_folders import FolderKind, Header, Shapes, check_lists
from reprise.hamming import _kernels
from reprise.hamming.settings import Votes
from reprise.hamming.signatures import Signatures
from reprise.storage.errors import DataError

#: Number of accumulated scores, of 12 bytes each, that a search has in memory at a time.
_SCORES_AT_A_TIME = 1 << 22


def _arrays(header: Header) -> Shapes:
    words, images, postings = header["words"], header["images"], header["postings"]
    return {
        "offsets": ("<i8", (words + 1,)),
        "image_ids": ("<u4", (postings,)),
        "codes": ("<u8", (postings, header["numbers"])),
        "image_offsets": ("<i8", (images + 1,)),
        "postings": ("<u4", (postings,)),
        "idf": ("<f8", (words,)),
        "norms": ("<f8", (images,)),
    }


_FIELDS = {"words": int, "images": int, "postings": int, "numbers": int}
_KIND = FolderKind("reprise signatures", 1, _FIELDS, _arrays)


@dataclass(frozen=True)
class Matches:
    """Pairs of a signature of a query and one of the database, of the same word and near each other.

    Attributes:
        rows: (M,) int64, the entry of the query, ascending
        images: (M,) int64, ascending for each entry
        postings: (M,) int64, the place in the inverted file
        distances: (M,) int32, Hamming distances
    """

    rows: np.ndarray
    images: np.ndarray
    postings: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class HammingIndex:
    """The signatures of a database, one list for each visual word, one after the other.

    Signatures of 128 bits take 24 bytes per feature. Made by :meth:`build` or :meth:`open`.

    Source: Jegou, Douze, Schmid, ECCV 2008; Tolias and Jegou, Pattern Recognition 2014.

    Attributes:
        offsets: (K + 1,) int64: the list of word w is offsets[w] to offsets[w + 1]
        image_ids: (P,) uint32, ascending in each list; an image is there once for each of its features with the word
        codes: (P, bits / 64) uint64
        image_offsets: (N + 1,) int64: the features of image i are image_offsets[i] to image_offsets[i + 1]
        postings: (P,) uint32, the place in the lists of each feature, in the order of images and features
        idf: (K,) float64, ln(N / images with the word), 0 for words of no image
        norms: (N,) float64, the root of the sum of idf^2 over the different words of each image
    """

    offsets: np.ndarray
    image_ids: np.ndarray
    codes: np.ndarray
    image_offsets: np.ndarray
    postings: np.ndarray
    idf: np.ndarray
    norms: np.ndarray

    def __repr__(self) -> str:
        sizes = f"{self.n_images} images, {self.n_words} words, {len(self.image_ids)} features of {self.bits} bits"
        return f"HammingIndex({sizes})"

    @property
    def _name(self) -> str:
        """What errors begin with: the folder, where the arrays are files of one."""
        file = getattr(self.image_ids, "filename", None)
        return "Hamming index" if file is None else str(Path(file).parent)

    @property
    def n_words(self) -> int:
        """The number of visual words."""
        return len(self.offsets) - 1

    @property
    def n_images(self) -> int:
        """The number of images, those without features included."""
        return len(self.norms)

    @property
    def bits(self) -> int:
        """The number of bits of a signature."""
        return 64 * self.codes.shape[1]

    @classmethod
    def build(cls, signatures: Signatures, n_words: int, *, n_images: int | None = None) -> "HammingIndex":
        """Index the features of a database.

        Args:
            signatures: of all images
            n_words: number of visual words, K
            n_images: number of images, where some have no features; default: up to the last image with a feature

        Raises:
            DataError: words or images outside of their range
        """
        signatures.check(n_words, signatures.bits, "signatures")
        found = int(signatures.image_ids[-1]) + 1 if len(signatures) else 0
        total = found if n_images is None else n_images
        if total < found or total >= 1 << 31 or len(signatures) >= 1 << 32:
            raise DataError(
                f"n_images: {total} given, there are images up to {found - 1} with {len(signatures)} features; at most "
                "2^31 - 1 images and 2^32 - 1 features are possible"
            )
        order = np.argsort(signatures.words, kind="stable")
        postings = np.empty(len(order), np.uint32)
        postings[order] = np.arange(len(order), dtype=np.uint32)
        # By sorting: the table of numpy.unique alone takes ten times as long for millions of pairs.
        pairs = np.sort(signatures.words * max(total, 1) + signatures.image_ids)
        words, images = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], max(total, 1))
        having = np.bincount(words, minlength=n_words)
        idf = np.where(having > 0, np.log(max(total, 1) / np.maximum(having, 1)), 0.0)
        counts = np.bincount(signatures.words, minlength=n_words)
        return cls(
            np.concatenate([[0], np.cumsum(counts)]),
            signatures.image_ids[order].astype(np.uint32),
            signatures.codes[order],
            np.searchsorted(signatures.image_ids, np.arange(total + 1)),
            postings,
            idf,
            np.sqrt(np.bincount(images, idf[words] ** 2, minlength=total)),
        )

    def save(self, folder: str | os.PathLike) -> None:
        """Write the arrays as .npy files, and sizes and checksums as index.json; ``folder`` appears when complete."""
        header = {
            "words": self.n_words,
            "images": self.n_images,
            "postings": len(self.image_ids),
            "numbers": self.codes.shape[1],
        }
        _KIND.write(folder, header, vars(self))

    @classmethod
    def open(cls, folder: str | os.PathLike, *, check: bool = False) -> "HammingIndex":
        """Open a folder that :meth:`save` wrote, memory-mapped.

        Args:
            folder: the folder
            check: read every byte and compare it with its checksum

        Raises:
            DataError: files that are missing, truncated, of a wrong size, type or byte order, or of a foreign version
        """
        _, arrays = _KIND.read(folder, check=check)
        for key in ("offsets", "image_offsets"):
            check_lists(folder, arrays[key], len(arrays["image_ids"]), key)
        return cls(**arrays)

    def search(
        self, queries: Signatures, votes: Votes | None = None, *, query_ids: np.ndarray | None = None,
        topk: int | None = None, threads: int | None = None,
    ) -> Rankings:  # fmt: skip
        """Rank the images for every query; equal scores are in the order of the images.

        Args:
            queries: signatures of any number of queries
            votes: how matches are weighed; the published settings if None
            query_ids: (Q,) integers, the rows of the result; those with features if None
            topk: number of images to return, all of them if None or larger
            threads: number of threads; default: OMP_NUM_THREADS, else all cores

        Returns:
            rankings (Q, N or topk); a score that is not defined is nan, and comes last

        Raises:
            DataError: queries of other words or signatures
        """
        topk, n_threads = checked_topk(topk, self.n_images), thread_count(threads)
        ids = self._rows(queries, query_ids)
        result = Rankings(ids, np.empty((len(ids), topk), np.int32), np.empty((len(ids), topk)))
        for rows, scores, _ in self._votes(queries, ids, votes or Votes(), -1, n_threads):
            shared.rank(scores, result.ranks[rows], result.scores[rows], n_threads)
        return result

    def scores(
        self, queries: Signatures, votes: Votes | None = None, *, strict: int = -1,
        query_ids: np.ndarray | None = None, threads: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Compute the score of every image for every query, and count its strong matches.

        The score is the sum over the matches, pairs of a signature of the query and one of the image with the same word
        and a Hamming distance h of at most ``threshold``, of exp(-(h / sigma)^2), times idf^2 of the word. With
        ``burst``, the sum over the matches of one signature of the query in one image is divided by the root of their
        number. With ``normalise`` it is divided by the norm of the image; an image of norm 0 with a match has no
        defined score.

        Args:
            queries: signatures of any number of queries
            votes: how matches are weighed; the published settings if None
            strict: largest distance of a strong match
            query_ids: (Q,) integers, the rows of the result; those with features if None
            threads: number of threads; default: OMP_NUM_THREADS, else all cores

        Returns:
            scores (Q, N) float64, nan where not defined, and strong matches (Q, N) int32

        Raises:
            DataError: queries of other words or signatures
        """
        ids = self._rows(queries, query_ids)
        scores, strong = np.empty((len(ids), self.n_images)), np.empty((len(ids), self.n_images), np.int32)
        for rows, block, counts in self._votes(queries, ids, votes or Votes(), strict, thread_count(threads)):
            scores[rows], strong[rows] = block, counts
        return scores, strong

    def matches(self, queries: Signatures, threshold: int, *, threads: int | None = None) -> Matches:
        """Find all pairs of signatures with the same word and at most ``threshold`` different bits.

        Args:
            queries: signatures of any number of queries
            threshold: bits
            threads: number of threads; default: OMP_NUM_THREADS, else all cores

        Raises:
            DataError: queries of other words or signatures
        """
        queries.check(self.n_words, self.bits, "queries")
        codes = np.ascontiguousarray(queries.codes)
        words = np.ascontiguousarray(queries.words)
        counts, postings, distances = _kernels.match(self._view(), words, codes, threshold, thread_count(threads))
        images = self.image_ids[postings].astype(np.int64)
        if len(images) and images.max() >= self.n_images:
            raise DataError(f"{self._name}: lists name images that do not exist; build and save the index again")
        return Matches(np.repeat(np.arange(len(counts)), counts), images, postings, distances)

    def features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the features of some images.

        Args:
            images: (n,) integers, in any order

        Returns:
            words (F,) int64, codes (F, bits / 64), and the place in ``images`` of each, (F,) int64

        Raises:
            DataError: images that do not exist
        """
        images = as_integers(images, "images", (None,))
        if len(images) and (images.min() < 0 or images.max() >= self.n_images):
            raise DataError(f"images: {images.min()} to {images.max()}, but there are {self.n_images}")
        counts = self.image_offsets[images + 1] - self.image_offsets[images]
        rows = np.arange(counts.sum()) + np.repeat(self.image_offsets[images] - np.cumsum(counts) + counts, counts)
        return *self.at(rows), np.repeat(np.arange(len(images)), counts)

    def at(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return some features, whose numbers count in the order of the images and of the features of each.

        Args:
            rows: (F,) integers, in any order

        Returns:
            words (F,) int64, and codes (F, bits / 64)

        Raises:
            DataError: features that do not exist
        """
        rows = as_integers(rows, "rows", (None,))
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self.postings)):
            raise DataError(f"rows: {rows.min()} to {rows.max()}, but there are {len(self.postings)} features")
        postings = self.postings[rows].astype(np.int64)
        if len(postings) and postings.max() >= len(self.codes):
            raise DataError(f"{self._name}: features have no place in the lists; build and save the index again")
        return np.searchsorted(self.offsets, postings, side="right") - 1, self.codes[postings]

    def _rows(self, queries: Signatures, query_ids: np.ndarray | None) -> np.ndarray:
        queries.check(self.n_words, self.bits, "queries")
        present = np.unique(queries.image_ids)
        ids = present if query_ids is None else as_integers(query_ids, "query_ids", (None,))
        if len(np.unique(ids)) != len(ids) or not np.isin(present, ids).all():
            raise DataError("query_ids: an id occurs more than once, or one with features is missing")
        return ids

    def _view(self) -> _kernels.View:
        return _kernels.View(self.offsets, self.image_ids, self.codes, self.n_images)

    def _votes(
        self, queries: Signatures, ids: np.ndarray, votes: Votes, strict: int, n_threads: int
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Iterate over rows of the result, their scores and their numbers of strong matches, a few rows at a time."""
        view, words = self._view(), np.ascontiguousarray(queries.words)
        codes = np.ascontiguousarray(queries.codes)
        weights = self.idf[words] ** 2 if votes.idf else np.ones(len(words))
        values = np.exp(-((np.arange(self.bits + 1) / votes.sigma) ** 2))
        bounds = np.searchsorted(queries.image_ids, np.stack([ids, ids + 1], axis=1))
        step = max(n_threads, _SCORES_AT_A_TIME // max(self.n_images, 1))
        for start in range(0, len(ids), step):
            rows = slice(start, start + step)
            scores = np.zeros((len(ids[rows]), self.n_images))
            strong = np.zeros(scores.shape, np.int32)
            if not _kernels.score(
                view, words, codes, weights, bounds[rows], votes.threshold, strict, values, votes.burst, scores,
                strong, n_threads,
            ):  # fmt: skip
                raise DataError(f"{self._name}: lists name images that do not exist; build and save the index again")
            if votes.normalise:
                bare = self.norms == 0
                scores[:, bare] = np.where(scores[:, bare] != 0, np.nan, 0.0)
                scores[:, ~bare] /= self.norms[~bare]
            yield rows, scores, strong

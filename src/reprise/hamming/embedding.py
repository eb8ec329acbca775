"""Hamming embedding: binary signatures that refine visual words (Jegou, Douze, Schmid, ECCV 2008)."""

import os
from collections.abc import Mapping

import numpy as np

from reprise.asmk.postings import as_integers
from reprise.codebooks.descriptors import as_descriptors
from reprise.hamming.signatures import Signatures, codes_of
from reprise.storage import hdf5
from reprise.storage.errors import DataError

# Descriptors projected at a time.
_BLOCK = 1 << 16


class HammingEmbedding:
    """A projection, and for each visual word and dimension the threshold that divides its descriptors in two halves.

    Args:
        projection: (bits, D) numbers with orthonormal rows; bits is a multiple of 64
        medians: (K, bits) numbers

    Attributes:
        projection: (bits, D) float64
        medians: (K, bits) float32

    Raises:
        DataError: shapes that do not fit each other, or values that are not finite
    """

    def __init__(self, projection: np.ndarray, medians: np.ndarray):
        projection, medians = np.asarray(projection, np.float64), np.asarray(medians, np.float32)
        fits = projection.ndim == medians.ndim == 2 and len(projection) == medians.shape[1] and len(medians) > 0
        if not fits or len(projection) % 64 or not 0 < len(projection) <= projection.shape[1]:
            raise DataError(
                f"projection, medians: expected (bits, D) and (K, bits) with a multiple of 64 bits, at most D, got "
                f"{projection.shape} and {medians.shape}"
            )
        if not (np.isfinite(projection).all() and np.isfinite(medians).all()):
            raise DataError("projection, medians: hold NaN or infinite values; train the embedding again")
        self.projection, self.medians = projection, medians

    def __repr__(self) -> str:
        return f"HammingEmbedding({self.n_words} words, {self.bits} bits of {self.dim} dimensions)"

    @property
    def bits(self) -> int:
        """The number of bits of a signature."""
        return len(self.projection)

    @property
    def dim(self) -> int:
        """The number of dimensions of descriptors, D."""
        return self.projection.shape[1]

    @property
    def n_words(self) -> int:
        """The number of visual words, K."""
        return len(self.medians)

    @classmethod
    def train(
        cls, descriptors: np.ndarray, words: np.ndarray, n_words: int, *, bits: int = 128, seed: int = 0
    ) -> "HammingEmbedding":
        """Draw a projection, and find the medians of the projected descriptors of each word.

        The projection are the first rows of the orthogonal matrix of the QR decomposition of normally distributed
        numbers. The median of an even number of values is the mean of the two in the middle. A word without descriptors
        has the thresholds 0.

        Args:
            descriptors: (n, D) numbers, such as those that the codebook was trained on
            words: (n,) integers, their nearest words
            n_words: number of visual words, K
            bits: of a signature, a multiple of 64, at most D
            seed: of the projection

        Raises:
            DataError: descriptors or words that do not fit, or another number of bits
        """
        descriptors = as_descriptors(descriptors, None)
        dim = descriptors.shape[1]
        if bits < 64 or bits % 64 or bits > dim:
            raise DataError(f"bits: is {bits}, expected a multiple of 64, at most the {dim} dimensions of descriptors")
        words = _checked_words(words, len(descriptors), n_words)[:, 0]
        gaussian = np.random.default_rng(seed).standard_normal((dim, dim))
        projection = np.linalg.qr(gaussian)[0][:bits]
        medians = np.zeros((n_words, bits), np.float32)
        order = np.argsort(words, kind="stable")
        starts = np.searchsorted(words[order], np.arange(n_words + 1))
        for word in np.flatnonzero(np.diff(starts)):
            rows = order[starts[word] : starts[word + 1]]
            medians[word] = np.median(descriptors[rows].astype(np.float64) @ projection.T, axis=0)
        return cls(projection, medians)

    def encode(self, descriptors: np.ndarray, words: np.ndarray, image_ids: np.ndarray) -> Signatures:
        """Compute signatures: bit b is set where the projection on row b is above the median of the word.

        Args:
            descriptors: (n, D) numbers
            words: (n,) integers, or (n, a) for several words of each descriptor, whose signatures differ
            image_ids: (n,) integers, ascending

        Returns:
            n or n * a signatures, those of one descriptor one after the other

        Raises:
            DataError: other dimensions, words or images, or values that are not finite
        """
        words = _checked_words(words, len(descriptors), self.n_words)
        images = as_integers(image_ids, "image_ids", (len(words),))
        codes = np.empty((*words.shape, self.bits // 64), np.uint64)
        for start in range(0, len(words), _BLOCK):
            rows = slice(start, start + _BLOCK)
            block = as_descriptors(descriptors[rows], self.dim, first_row=start)
            projected = block.astype(np.float64) @ self.projection.T
            for place in range(words.shape[1]):
                codes[rows, place] = codes_of(projected > self.medians[words[rows, place]])
        return Signatures(words.ravel(), codes.reshape(-1, codes.shape[2]), np.repeat(images, words.shape[1]))

    def save(self, path: str | os.PathLike, attributes: Mapping[str, object] | None = None) -> None:
        """Write projection and medians as HDF5.

        Args:
            path: the file; it appears when it is complete
            attributes: numbers and strings that are stored as attributes of the file
        """
        with hdf5.create(path, attributes or {}) as file:
            hdf5.write_array(file, "projection", self.projection)
            hdf5.write_array(file, "medians", self.medians)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "HammingEmbedding":
        """Read a file that :meth:`save` wrote; DataError for any other."""
        with hdf5.open_checked(path, {"projection": 2, "medians": 2}, "a Hamming embedding") as file:
            try:
                return cls(*(hdf5.read_array(file, key, "f") for key in ("projection", "medians")))
            except DataError as error:
                raise DataError(f"{path}: cannot be used: {error}") from error


def _checked_words(words: np.ndarray, n: int, n_words: int) -> np.ndarray:
    """Return words as (n, a) int64 below ``n_words``."""
    words = as_integers(words, "words", (n, None) if np.ndim(words) == 2 else (n,)).reshape(n, -1)
    if words.size and (words.min() < 0 or words.max() >= n_words):
        raise DataError(f"words: {words.min()} to {words.max()}, but there are {n_words}; use one codebook throughout")
    return words

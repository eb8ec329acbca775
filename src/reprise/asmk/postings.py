"""Sets of postings, and arrays in the form that the compiled functions take."""

from dataclasses import dataclass

import numpy as np

from reprise.asmk import _kernels
from reprise.storage.arguments import array as as_array
from reprise.storage.errors import DataError
from reprise.storage.threads import thread_count as threads_of_a_loop


@dataclass(frozen=True)
class Aggregated:
    """One vector for each visual word of each image: the postings of an inverted file, still in image order.

    Attributes:
        vectors: (P, ceil(D/32)) uint32 sign bits, dimension 0 in the most significant bit of the first number and the
            last number padded with zeros; or (P, D) float32 of unit length
        words: (P,) int64 visual words, strictly ascending within an image
        image_ids: (P,) int64, ascending

    Raises:
        DataError: arrays of other types, or of different lengths
    """

    vectors: np.ndarray
    words: np.ndarray
    image_ids: np.ndarray

    def __post_init__(self) -> None:
        for name in ("vectors", "words", "image_ids"):
            object.__setattr__(self, name, as_array(f"aggregated {name}", getattr(self, name)))
        if self.vectors.ndim != 2 or not self.vectors.shape[1] or self.vectors.dtype not in (np.uint32, np.float32):
            raise DataError(
                "aggregated vectors: expected uint32 codes or float32 vectors of two dimensions, not empty ones, "
                f"got {self.vectors.dtype} {self.vectors.shape}"
            )
        for name, array in (("words", self.words), ("image_ids", self.image_ids)):
            if array.shape != self.vectors.shape[:1] or array.dtype.kind not in "iu":
                raise DataError(
                    f"aggregated {name}: expected {len(self.vectors)} integers, got {array.dtype} {array.shape}"
                )

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        width = f"{32 * self.vectors.shape[1]} bits" if self.binary else f"{self.vectors.shape[1]} dimensions"
        return f"Aggregated({len(self)} postings of {width})"

    @property
    def binary(self) -> bool:
        """Whether the vectors are sign bits."""
        return self.vectors.dtype == np.uint32


def columns(part: Aggregated) -> tuple[np.ndarray, np.ndarray]:
    """Return words and image ids (P,) as contiguous int64; DataError for negative image ids."""
    words = as_integers(part.words, "aggregated words", (None,))
    image_ids = as_integers(part.image_ids, "aggregated image_ids", (None,))
    if len(image_ids) and image_ids[0] < 0:
        raise DataError(f"aggregated: image id {image_ids[0]}; ids count from 0")
    return words, image_ids


def as_bytes(vectors: np.ndarray) -> np.ndarray:
    """View codes or real vectors (P, width) as uint8 (P, bytes)."""
    return np.ascontiguousarray(vectors).view(np.uint8)


def check_words(words: np.ndarray, n_words: int) -> None:
    """Check that all words (P,) are below ``n_words``; DataError where not."""
    if len(words) and (words.min() < 0 or words.max() >= n_words):
        raise DataError(
            f"aggregated: words {words.min()} to {words.max()}, but there are {n_words}; use one codebook throughout"
        )


def as_integers(values: np.ndarray, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Convert integers of any type to contiguous int64.

    Args:
        values: the integers
        name: the name of the argument, for messages
        shape: the expected shape, where None is any length

    Returns:
        int64 of this shape

    Raises:
        DataError: another shape, no integers, or integers beyond int64
    """
    array = as_array(name, values)
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits or (array.dtype.kind not in "iu" and array.size):  # an empty list has no dtype of its own
        wanted = tuple("any" if length is None else length for length in shape)
        raise DataError(f"{name}: expected integers of shape {wanted}, got {array.dtype} {array.shape}")
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise DataError(f"{name}: holds {array.max()}, which is beyond int64")
    return np.ascontiguousarray(array, dtype=np.int64)


def thread_count(threads: int | None) -> int:
    """Return the number of threads of the compiled functions, see :func:`reprise.storage.threads.thread_count`."""
    return threads_of_a_loop(threads, _kernels.max_threads())

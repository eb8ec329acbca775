"""The columns of aggregated descriptors as the compiled functions want them."""

import numpy as np

from reprise.asmk.aggregation import Aggregated
from reprise.storage.errors import DataError


def columns(part: Aggregated) -> tuple[np.ndarray, np.ndarray]:
    """Words and image ids as contiguous int64; DataError for negative image ids."""
    words = np.ascontiguousarray(part.words, np.int64)
    image_ids = np.ascontiguousarray(part.image_ids, np.int64)
    if len(image_ids) and image_ids[0] < 0:
        raise DataError(f"aggregated: image id {image_ids[0]}; ids count from 0")
    return words, image_ids


def as_bytes(vectors: np.ndarray) -> np.ndarray:
    """Codes or real vectors (P, width) as uint8 (P, bytes)."""
    return np.ascontiguousarray(vectors).view(np.uint8)


def check_words(words: np.ndarray, n_words: int) -> None:
    """Raise DataError for words that are not below ``n_words``."""
    if len(words) and (words.min() < 0 or words.max() >= n_words):
        raise DataError(
            f"aggregated: words {words.min()} to {words.max()}, but there are {n_words}; use one codebook throughout"
        )

"""Types of the compiled module."""

import numpy as np

SOURCES: str

def max_threads() -> int: ...
def first_nonfinite_row(rows: np.ndarray, threads: int) -> int: ...
def aggregate(
    descriptors: np.ndarray,
    words: np.ndarray,
    starts: np.ndarray,
    centroids: np.ndarray,
    binary: bool,
    threads: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def first_disorder(words: np.ndarray, image_ids: np.ndarray) -> int: ...
def add_postings(
    words: np.ndarray,
    image_ids: np.ndarray,
    vectors: np.ndarray,
    ends: np.ndarray,
    first: int,
    list_ids: np.ndarray,
    list_vectors: np.ndarray,
) -> bool: ...
def copy_lists(
    offsets: np.ndarray,
    image_ids: np.ndarray,
    vectors: np.ndarray,
    new_offsets: np.ndarray,
    new_ids: np.ndarray,
    new_vectors: np.ndarray,
) -> None: ...
def first_bad_posting(offsets: np.ndarray, image_ids: np.ndarray, n_images: int) -> int: ...
def sum_weights(offsets: np.ndarray, image_ids: np.ndarray, idf: np.ndarray | None, norms: np.ndarray) -> int: ...

class View:
    def __init__(
        self,
        offsets: np.ndarray,
        image_ids: np.ndarray,
        vectors: np.ndarray,
        roots: np.ndarray,
        idf: np.ndarray | None,
        powers: np.ndarray | None,
        max_distance: int,
        threshold: float,
        alpha: float,
    ) -> None: ...

def score(
    view: View,
    words: np.ndarray,
    vectors: np.ndarray,
    bounds: np.ndarray,
    roots: np.ndarray,
    scores: np.ndarray,
    n_ranges: int,
    threads: int,
) -> bool: ...
def rank(scores: np.ndarray, ranks: np.ndarray, ranked_scores: np.ndarray, threads: int) -> None: ...

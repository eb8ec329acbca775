"""Types of the compiled module."""

import numpy as np

SOURCES: str
LIMIT_OPTIMISED: int

def max_threads() -> int: ...
def word_pairs(
    query_words: np.ndarray,
    query_order: np.ndarray,
    words: np.ndarray,
    order: np.ndarray,
    bounds: np.ndarray,
    most: int,
    limit: int,
    threads: int,
) -> tuple[np.ndarray, np.ndarray]: ...
def verify(
    query_points: np.ndarray,
    query_frames: np.ndarray,
    points: np.ndarray,
    frames: np.ndarray,
    bounds: np.ndarray,
    pairs: np.ndarray,
    starts: np.ndarray,
    threshold: float,
    scale_ratio: float,
    optimised: int,
    iterations: int,
    with_inliers: bool,
    threads: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...

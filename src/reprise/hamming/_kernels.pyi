"""Types of the compiled module."""

import numpy as np

SOURCES: str

class View:
    def __init__(self, offsets: np.ndarray, image_ids: np.ndarray, codes: np.ndarray, n_images: int) -> None: ...

def score(
    view: View,
    words: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray,
    bounds: np.ndarray,
    threshold: int,
    strict: int,
    values: np.ndarray,
    burst: bool,
    scores: np.ndarray,
    strong: np.ndarray,
    threads: int,
) -> bool: ...
def match(
    view: View, words: np.ndarray, codes: np.ndarray, threshold: int, threads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...

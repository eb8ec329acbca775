"""Types of the compiled module."""

import numpy as np

SOURCES: str
DIM: int

def max_threads() -> int: ...
def sift(patches: np.ndarray, weights: np.ndarray, threads: int) -> np.ndarray: ...

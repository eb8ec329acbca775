"""Types of the compiled module."""

import numpy as np

SOURCES: str
MAX_WINDOW: int
MAX_PATCH: int

def max_threads() -> int: ...
def adapt_shapes(
    image: np.ndarray,
    points: np.ndarray,
    steps: np.ndarray,
    weights: np.ndarray,
    iterations: int,
    convergence: float,
    anisotropy: float,
    threads: int,
) -> tuple[np.ndarray, np.ndarray]: ...
def cut_patches(
    image: np.ndarray, points: np.ndarray, frames: np.ndarray, halves: np.ndarray, size: int, threads: int
) -> np.ndarray: ...

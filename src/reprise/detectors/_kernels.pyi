"""Types of the compiled module."""

import numpy as np

SOURCES: str

def hessian(level: np.ndarray, factor: float) -> np.ndarray: ...
def extrema(
    low: np.ndarray,
    middle: np.ndarray,
    high: np.ndarray,
    threshold: float,
    edge_score: float,
    border: int,
    taken: np.ndarray,
) -> tuple[np.ndarray, int]: ...

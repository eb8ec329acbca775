"""Types of the compiled module."""

import numpy as np

SOURCES: str

def draw_triplets(
    words: np.ndarray,
    starts: np.ndarray,
    members: np.ndarray,
    block: int,
    used: np.ndarray,
    triplets: np.ndarray,
    done: int,
) -> tuple[int, int]: ...

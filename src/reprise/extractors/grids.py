"""Where the cells of a feature map stand, and what positions tell of the map that they come from."""

import numpy as np

# Positions may be stored as float16, which leaves errors of a hundredth of a patch.
_TOLERANCE = 0.05
_MOST_PATCHES = 256


def cells(rows: int, columns: int) -> np.ndarray:
    """The cells (row, column) of a map, row by row: (rows * columns, 2) float64."""
    return np.stack(np.divmod(np.arange(rows * columns), columns), axis=1).astype(np.float64)


def patch_grid(positions: np.ndarray) -> tuple[int, int] | None:
    """How many patches the sides of an image had, (rows, columns), from the centres of some of them.

    positions (n, 2), both coordinates from 0 to 1. Of grids that fit, the smallest is meant. None: none fits.
    """
    rows, columns = (_patches(np.unique(positions[:, axis].astype(np.float64))) for axis in (0, 1))
    return None if rows is None or columns is None else (rows, columns)


def _patches(centres: np.ndarray) -> int | None:
    if not len(centres) or centres[0] <= 0 or centres[-1] >= 1:
        return None
    for count in range(1, _MOST_PATCHES + 1):
        places = centres * count - 0.5
        if np.abs(places - np.round(places)).max() < _TOLERANCE:
            return count
    return None

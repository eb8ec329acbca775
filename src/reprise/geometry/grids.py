"""Feature maps as grids of cells over an image, and the grid that published positions come from."""

from dataclasses import dataclass

import numpy as np

# Positions may be stored as float16, which leaves errors of a hundredth of a patch.
_TOLERANCE = 0.05
_MOST_PATCHES = 256


@dataclass(frozen=True)
class CellGrid:
    """The position of the cells of a feature map in the image file.

    A cell is the square of pixels that the stride of the network covers, the first one at the corner of the network's
    input image; the keypoint of a cell is its centre, as in the publications of HOW. The receptive field of a ResNet's
    cell is centred at the first of these pixels, half a stride further up and left.

    Attributes:
        shape: (rows, columns) of the map
        stride: side of a cell in pixels of the network's input image
        factor: (y, x), the factors between the file and that image
        offset: (x, y) of the upper left corner of that image, in pixels of the file
    """

    shape: tuple[int, int]
    stride: float
    factor: tuple[float, float]
    offset: tuple[float, float] = (0.0, 0.0)

    def keypoints(self) -> np.ndarray:
        """Compute the centres of all cells, row by row: (rows * columns, 2) float32 x, y in pixels of the file."""
        from_corner = self.stride * (cells(*self.shape) + 0.5) / self.factor
        return (from_corner[:, ::-1] + self.offset).astype(np.float32)

    def cells_of(self, keypoints: np.ndarray) -> np.ndarray:
        """Find the cells that keypoints lie in.

        Args:
            keypoints: (N, 2) x, y in pixels of the file

        Returns:
            (N, 2) int64 row, column
        """
        from_corner = (np.asarray(keypoints, np.float64) - self.offset)[:, ::-1]
        return np.floor(from_corner * self.factor / self.stride).astype(np.int64)


def cells(rows: int, columns: int) -> np.ndarray:
    """List the cells (row, column) of a map, row by row: (rows * columns, 2) float64."""
    return np.stack(np.divmod(np.arange(rows * columns), columns), axis=1).astype(np.float64)


def patch_grid(positions: np.ndarray) -> tuple[int, int] | None:
    """Find the number of patches of each side of an image, from the centres of some of them.

    Args:
        positions: (n, 2) y, x, both from 0 to 1

    Returns:
        (rows, columns) of the smallest grid that fits; None if none fits
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

"""Cells of feature maps, and the grid that positions come from."""

import numpy as np
import pytest

from reprise.geometry.grids import CellGrid, cells, patch_grid


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_grid_of_positions(dtype):
    rows, columns = np.random.default_rng(0).integers(0, [[41], [55]], (2, 700))
    positions = np.stack([(rows + 0.5) / 41, (columns + 0.5) / 55], axis=1).astype(dtype)
    assert patch_grid(positions) == (41, 55)
    assert patch_grid(positions * 700) is None
    assert patch_grid(np.zeros((3, 2))) is None
    assert patch_grid(np.zeros((0, 2))) is None


def test_cells_are_listed_row_by_row():
    assert cells(2, 3).tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]


def test_keypoints_of_cells():
    grid = CellGrid((2, 3), 16, (0.5, 2.0), (100, 50))
    keypoints = grid.keypoints()
    assert keypoints.dtype == np.float32
    assert keypoints.tolist() == [[104, 66], [112, 66], [120, 66], [104, 98], [112, 98], [120, 98]]
    np.testing.assert_array_equal(grid.cells_of(keypoints), cells(2, 3))


def test_cells_come_back_from_float32():
    random = np.random.default_rng(0)
    for _ in range(200):
        shape = tuple(int(side) for side in random.integers(1, 120, 2))
        factor = tuple(random.uniform(0.05, 15, 2))
        grid = CellGrid(shape, int(random.integers(2, 33)), factor, tuple(random.integers(0, 5000, 2)))
        np.testing.assert_array_equal(grid.cells_of(grid.keypoints()), cells(*shape))

"""Conversions between conventions of keypoints."""

import cv2
import numpy as np
import pytest

from reprise.geometry.conventions import (
    from_fractions,
    from_opencv,
    from_strides,
    to_fractions,
    to_opencv,
    to_strides,
)
from reprise.geometry.grids import CellGrid, cells


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_opencv_counts_from_the_centre_of_the_first_pixel(dtype):
    keypoints = from_opencv(np.array([[0, 0], [639, 479]], dtype))
    assert keypoints.dtype == dtype
    assert keypoints.tolist() == [[0.5, 0.5], [639.5, 479.5]]
    assert to_opencv(keypoints).tolist() == [[0, 0], [639, 479]]


def test_resizing_multiplies():
    # The published rule for points whose first pixel is at (0, 0) is (k + 0.5) * original / new - 0.5.
    new, original = np.array([1024, 768]), np.array([1600, 1200])
    back = to_opencv(from_opencv(np.array([[0.0, 0.0], [10.0, 20.0]])) * original / new)
    np.testing.assert_allclose(back, [[0.28125, 0.28125], [15.90625, 31.53125]], rtol=0)


def test_a_moment_of_opencv_is_a_pixel_lower():
    # What OpenCV itself computes about a lone bright pixel, in column 7 and row 4.
    image = np.zeros((9, 12), np.float32)
    image[4, 7] = 1
    moments = cv2.moments(image)
    centre = np.array([[moments["m10"], moments["m01"]]]) / moments["m00"]
    assert from_opencv(centre).tolist() == [[7.5, 4.5]]


def grids(count, stride):
    random = np.random.default_rng(stride)
    for _ in range(count):
        shape = tuple(int(side) for side in random.integers(1, 90, 2))
        yield CellGrid(shape, stride, tuple(random.uniform(0.1, 4, 2)), tuple(random.integers(0, 900, 2)))


def test_fractions_are_those_published_to_the_last_bit():
    for grid in grids(60, 14):
        rows, columns = grid.shape
        positions = to_fractions(grid.keypoints(), grid)
        published = ((cells(rows, columns) * 14 + 7) / [rows * 14, columns * 14]).astype(np.float32)
        assert positions.dtype == np.float32
        np.testing.assert_allclose(positions, published, rtol=1e-7)
        np.testing.assert_array_equal(positions, ((cells(rows, columns) + 0.5) / [rows, columns]).astype(np.float32))
        x, y = grid.offset
        width, height = columns * 14 / grid.factor[1], rows * 14 / grid.factor[0]
        back = from_fractions(positions, (x, y, x + width, y + height))
        np.testing.assert_allclose(back, grid.keypoints(), rtol=2e-6)


def test_strides_are_those_published_to_the_last_bit():
    for grid in grids(60, 16):
        even = CellGrid(grid.shape, 16, (grid.factor[0],) * 2, grid.offset)
        positions = to_strides(even.keypoints(), even)
        np.testing.assert_array_equal(positions, (16 * cells(*grid.shape) / grid.factor[0]).astype(np.float32))
        factors = np.full(len(positions), grid.factor[0])
        np.testing.assert_allclose(from_strides(positions, factors, grid.offset), even.keypoints(), rtol=2e-6)


def test_positions_stored_as_float16_are_near():
    grid = CellGrid((41, 55), 14, (574 / 768, 770 / 1024))
    positions = to_fractions(grid.keypoints(), grid).astype(np.float16)
    np.testing.assert_allclose(from_fractions(positions, (0, 0, 1024, 768)), grid.keypoints(), atol=0.5)


def test_what_a_published_row_says():
    # The patch in the first row and third column of 41 x 55 patches of an image of 1024 x 768.
    position = np.array([[0.5 / 41, 2.5 / 55]], np.float32)
    np.testing.assert_allclose(from_fractions(position, (0, 0, 1024, 768)), [[46.545456, 9.365854]], rtol=1e-6)
    # The cell in the second row and fourth column, at half the size, of a crop from (100, 200) on.
    keypoints = from_strides(np.array([[32, 96]]), np.array([0.5]), (100, 200))
    assert keypoints.tolist() == [[100 + 96 + 16, 200 + 32 + 16]]

"""Conventions of keypoints, and every conversion between them.

Ours is COLMAP's: (x, y) in pixels of the image file, x right, y down, the centre of the first pixel at (0.5, 0.5), so
that an image of width w covers x from 0 to w. Lengths need no conversion, and neither does resizing: a keypoint of an
image that was shrunk by a factor is that of the file times the factor. The others are

* OpenCV's, SIFT's and that of most published code: the same, with the centre of the first pixel at (0, 0)
* fractions, as published for DINOv2 with AMES: (y, x) of the centre of a patch, from 0 to 1 over the (cropped) image
* strides, as published for CVNet with AMES: (y, x) of the first pixel that a cell's stride covers, in pixels of the
  (cropped) image before any resizing
* cells of a feature map: see :class:`reprise.geometry.grids.CellGrid`

Keypoints in our convention are float32, and published positions are computed from cells, so that they are equal to the
last bit.
"""

import numpy as np

from reprise.geometry.grids import CellGrid

# Half of a pixel of the doubled image of OpenCV's SIFT, in pixels of the image.
_DOUBLING = 0.25


def from_opencv(keypoints: np.ndarray) -> np.ndarray:
    """Convert keypoints (N, 2) from OpenCV's convention to ours; the dtype is kept."""
    return np.asarray(keypoints) + 0.5


def from_opencv_sift(keypoints: np.ndarray) -> np.ndarray:
    """Convert keypoints (N, 2) of OpenCV's SIFT to our convention; the dtype is kept.

    OpenCV doubles the image for its first octave and does not correct the quarter of a pixel by which keypoints move.
    """
    return from_opencv(np.asarray(keypoints) - _DOUBLING)


def to_opencv(keypoints: np.ndarray) -> np.ndarray:
    """Convert keypoints (N, 2) from our convention to OpenCV's; the dtype is kept."""
    return np.asarray(keypoints) - 0.5


def to_fractions(keypoints: np.ndarray, grid: CellGrid) -> np.ndarray:
    """Compute the published positions of features of DINOv2.

    Args:
        keypoints: (N, 2) centres of cells of ``grid``
        grid: where the cells of the map lie in the file

    Returns:
        (N, 2) float32 y, x from 0 to 1 over the network's input image
    """
    return ((grid.cells_of(keypoints) + 0.5) / grid.shape).astype(np.float32)


def from_fractions(positions: np.ndarray, region: tuple[float, float, float, float]) -> np.ndarray:
    """Compute keypoints from the published positions of features of DINOv2.

    Args:
        positions: (N, 2) y, x from 0 to 1
        region: (x1, y1, x2, y2), the region that they refer to, in pixels of the file: the whole image, or the crop

    Returns:
        (N, 2) float32 x, y in pixels of the file
    """
    corner, size = np.array(region[:2]), np.subtract(region[2:], region[:2])
    return (np.asarray(positions, np.float64)[:, ::-1] * size + corner).astype(np.float32)


def to_strides(keypoints: np.ndarray, grid: CellGrid) -> np.ndarray:
    """Compute the published positions of features of CVNet.

    Args:
        keypoints: (N, 2) centres of cells of ``grid``
        grid: where the cells of the map lie in the file

    Returns:
        (N, 2) float32 y, x in pixels of the (cropped) file
    """
    return (grid.stride * grid.cells_of(keypoints).astype(np.float64) / grid.factor).astype(np.float32)


def from_strides(
    positions: np.ndarray, factors: np.ndarray, offset: tuple[float, float] = (0.0, 0.0), stride: float = 16
) -> np.ndarray:
    """Compute keypoints from the published positions of features of CVNet.

    Args:
        positions: (N, 2) y, x in pixels of the (cropped) file
        factors: (N,), the factors between the file and the network's input image: the factor of the scale that a
            feature comes from, times image_size / (longer side of the whole image) where there was an image_size
        offset: (x, y) of the crop, in pixels of the file
        stride: stride of the network, in pixels

    Returns:
        (N, 2) float32 x, y in pixels of the file
    """
    half = stride / 2 / np.asarray(factors, np.float64)[:, None]
    return (np.asarray(positions, np.float64)[:, ::-1] + half + offset).astype(np.float32)

"""Sampling of a dense map of descriptors at keypoints, with two definitions of where a cell lies."""

from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from reprise.storage.errors import DataError

if TYPE_CHECKING:
    import torch

Map = TypeVar("Map", np.ndarray, "torch.Tensor")


def sample_map(
    map: Map, keypoints: np.ndarray, image_size: tuple[float, float], *, mode: Literal["legacy", "exact"] = "legacy"
) -> Map:
    """Interpolate a dense map at keypoints, bilinearly; the result is not normalised.

    ``exact`` treats the map as an image of ``columns`` x ``rows`` cells that covers the image. A keypoint x
    has the index x * columns / width - 1/2 of a column; beyond the outermost centres their values are continued.

    ``legacy`` is the published sampling of HNDesc, CAPS and R2D2 (Melekhov et al., 3DV 2021), which normalises pixels
    as if corners were aligned and then samples as if they were not. With x0 = x - 1/2, counted from the centre of the
    first pixel, the index is x0 * columns / (width - 1) - 1/2: up to half a cell too low in the left half of an image
    and too high in the right one. Beyond the outermost centres the map is continued by zeros, which lowers the length
    of a vector only.

    Args:
        map: (D, rows, columns) or (1, D, rows, columns), an array or a tensor, to which gradients flow back
        keypoints: (N, 2) x, y in pixels of the network's input image, the centre of the first pixel at (0.5, 0.5)
        image_size: (width, height) of that image in pixels
        mode: "legacy" or "exact"

    Returns:
        (N, D), of the kind and type of ``map``

    Raises:
        DataError: arrays of other shapes, or another mode
    """
    features: Any = map[0] if map.ndim == 4 and map.shape[0] == 1 else map
    points = np.asarray(keypoints, np.float64)
    if features.ndim != 3 or points.ndim != 2 or points.shape[1] != 2:
        raise DataError(
            f"map {tuple(map.shape)}, keypoints {points.shape}: expected (D, rows, columns) and (N, 2); give one image"
        )
    rows, columns = features.shape[1:]
    cells, size = np.array([columns, rows]), np.array(image_size, np.float64)
    if mode == "legacy":
        if not (size > 1).all():
            raise DataError(f"image_size: {image_size} is one pixel wide or high, for which 'legacy' is not defined")
        places = (points - 0.5) * cells / (size - 1) - 0.5
    elif mode == "exact":
        places = np.clip(points * cells / size - 0.5, 0, cells - 1)
    else:
        raise DataError(f"mode: {mode!r} is not one of legacy, exact")
    return sample_cells(map, places)


def sample_cells(map: Map, places: np.ndarray) -> Map:
    """Interpolate a dense map bilinearly, with zeros outside of it; the result is not normalised.

    Args:
        map: (D, rows, columns) or (1, D, rows, columns), an array or a tensor
        places: (N, 2) indices of columns and rows, whole numbers at the centres of cells

    Returns:
        (N, D), of the kind and type of ``map``
    """
    features: Any = map[0] if map.ndim == 4 else map
    cells = np.array(features.shape[:0:-1])
    first = np.floor(places)
    total: Any = 0
    for corner in ((0, 0), (1, 0), (0, 1), (1, 1)):
        cell = first + corner
        weights = (1 - np.abs(places - cell)).prod(axis=1) * ((cell >= 0) & (cell < cells)).all(axis=1)
        x, y = np.clip(cell, 0, cells - 1).astype(np.int64).T
        total = total + features[:, y, x] * _like(features, weights)
    return total.T


def _like(features: Any, weights: np.ndarray) -> Any:
    return weights.astype(features.dtype) if isinstance(features, np.ndarray) else features.new_tensor(weights)

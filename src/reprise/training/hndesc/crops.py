"""Crops of training images by random homographies (Melekhov et al., 3DV 2021), in pixels from (0, 0) on.

Their parameters are given as numbers from 0 to 1, so that what is drawn can be stored and drawn again.
"""

import math
from dataclasses import dataclass

import numpy as np

from reprise.geometry.homographies import project

_ZOOM, _DISTORTION, _ROTATION, _SHIFT = 0.2, 0.4, math.radians(15), 0.1


@dataclass(frozen=True)
class CropNumbers:
    """What is drawn of one crop, numbers from 0 to 1.

    Attributes:
        zoom: of the side, from 1 to 0.8
        centre: x, y; not used for a second crop, whose centre follows from that of the first
        distortion: of two sides, from 1 to 0.6 each
        rotation: from -15 to 15 degrees
        branch: below 0.5, the left and the right side are distorted, otherwise the upper and the lower one
    """

    zoom: float
    centre: tuple[float, float]
    distortion: tuple[float, float]
    rotation: float
    branch: float


def random_centre(numbers: CropNumbers, image_size: tuple[int, int], crop_size: int) -> np.ndarray:
    """Return the centre (2,) of a first crop, around which a circle through its corners lies inside the image.

    Args:
        numbers: what was drawn
        image_size: (width, height) in pixels
        crop_size: side of the crop in pixels
    """
    radius = 0.5 * (1 - _ZOOM * numbers.zoom) * crop_size * math.sqrt(2)
    return radius + np.array(numbers.centre) * (np.array(image_size) - 2 * radius)


def moved_centre(centre: np.ndarray, signs: tuple[float, float], crop_size: int) -> np.ndarray:
    """Return the centre (2,) of a second crop, a tenth of its side away in x and in y.

    Args:
        centre: (2,) of the first crop
        signs: numbers from 0 to 1; below 0.5, the centre moves right, and down
        crop_size: side of the crop in pixels
    """
    return centre + _SHIFT * crop_size * np.where(np.array(signs) < 0.5, 1, -1)


def crop_homography(numbers: CropNumbers, centre: np.ndarray, crop_size: int) -> np.ndarray:
    """Compute the homography from an image to a crop.

    Args:
        numbers: what was drawn
        centre: (2,) of the crop in the image
        crop_size: side of the crop in pixels

    Returns:
        (3, 3) float64
    """
    half = (crop_size - 1) / 2
    corners = np.array([[-half, -half], [half, -half], [-half, half], [half, half]])
    first, second = 1 - _DISTORTION * np.array(numbers.distortion)
    placed = corners * (1 - _ZOOM * numbers.zoom)
    if numbers.branch < 0.5:
        placed[:, 1] *= np.where(corners[:, 0] < 0, first, second)
    else:
        placed[:, 0] *= np.where(corners[:, 1] < 0, first, second)
    angle = (2 * numbers.rotation - 1) * _ROTATION
    cosine, sine = math.cos(angle), math.sin(angle)
    placed = placed @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    return _perspective(placed, corners + half)


def warp(image: np.ndarray, image_to_crop: np.ndarray, crop_size: int) -> np.ndarray:
    """Cut a crop (c, c, ...) out of an image (H, W, ...) uint8, bilinearly, with zeros outside of the image."""
    import cv2

    return cv2.warpPerspective(image, image_to_crop, (crop_size, crop_size))


def inside(points: np.ndarray, crop_size: int) -> np.ndarray:
    """Tell which points (N, 2) are in a crop, its outermost pixels included: (N,) bool."""
    x, y = points.T
    return (x >= 0) & (x <= crop_size - 1) & (y >= 0) & (y <= crop_size - 1)


def sees_image(image_to_crop: np.ndarray, image_size: tuple[int, int], crop_size: int) -> bool:
    """Tell whether any pixel of a crop lies in the image.

    Args:
        image_to_crop: (3, 3), the homography between their pixels
        image_size: width and height in pixels
        crop_size: side of the crop in pixels
    """
    y, x = np.divmod(np.arange(crop_size**2), crop_size)
    places = project(np.linalg.inv(image_to_crop), np.stack([x, y], axis=1))
    return bool(((places >= 0) & (places <= np.array(image_size) - 1)).all(axis=1).any())


def _perspective(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The homography that maps four points to four others."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)

"""A training sample of HNDesc: two crops of one image, and the points that both show (Melekhov et al., 3DV 2021)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from reprise.geometry.conventions import from_opencv
from reprise.geometry.homographies import project
from reprise.geometry.sampling import sample_map
from reprise.networks.hndesc import Backbone
from reprise.storage.errors import DataError
from reprise.training.hndesc.crops import (
    CropNumbers,
    crop_homography,
    inside,
    moved_centre,
    random_centre,
    sees_image,
    warp,
)

#: Points of a crop, at most: the first ones, as published, which are those at its top where a file is in raster order.
POINTS = 200
_ATTEMPTS = 10
_LEAST_CONTRAST = 20.0

#: Draws so many numbers from 0 to 1.
Numbers = Callable[[int], np.ndarray]
#: What is said of the points of crops that failed: they are at the same places in both, or where they are.
Fallback = Literal["identity", "mapped"]


@dataclass(frozen=True)
class Sample:
    """Two crops of an image.

    Attributes:
        source: (c, c, 3) uint8
        target: (c, c, 3) uint8
        source_keypoints: (n, 2) float32 x, y in pixels of the crop, the centre of the first at (0, 0); n at most 200
        target_keypoints: (n, 2) the same points in the other crop
        homography: (3, 3) float64 from source to target
        attempts: how often crops were drawn; 11 where all failed, and the points are at random places
    """

    source: np.ndarray
    target: np.ndarray
    source_keypoints: np.ndarray
    target_keypoints: np.ndarray
    homography: np.ndarray
    attempts: int

    @property
    def fell_back(self) -> bool:
        """Whether all attempts failed."""
        return self.attempts > _ATTEMPTS


def training_sample(
    image: np.ndarray,
    keypoints: np.ndarray,
    numbers: Numbers,
    *,
    crop_size: int = 256,
    stylised: np.ndarray | Callable[[], np.ndarray] | None = None,
    style_share: float = 0.7,
    fallback: Fallback = "identity",
) -> Sample:
    """Cut two crops out of an image, and find the keypoints that are in both.

    The second crop is cut out of ``stylised`` in some samples. Crops are drawn again, up to ten times, where the first
    has no keypoint or too little contrast, or one of them shows nothing of the image. What is then returned are the
    crops that are drawn last, both of the image itself, with 200 random points. As published, they are said to be at
    the same places in both crops, which is wrong; ``mapped`` gives those of them that both crops show where they are.

    Args:
        image: (H, W, 3) uint8
        keypoints: (N, 2) x, y in pixels of the image, the centre of the first at (0, 0)
        numbers: draws random numbers; what is drawn is the same for the same numbers
        crop_size: side of the crops in pixels
        stylised: (H, W, 3) uint8, the image in another style, or what reads it where it is needed; None for none
        style_share: of the samples whose second crop is of the other style
        fallback: ``identity``, or ``mapped``

    Raises:
        DataError: images of other shapes, or keypoints that are not (N, 2) finite numbers
    """
    points = _checked(image, keypoints)
    other = image
    if float(numbers(1)[0]) > 1 - style_share and stylised is not None:
        other = _checked_style(stylised() if callable(stylised) else stylised, image)
    size = image.shape[1], image.shape[0]
    for attempt in range(1, _ATTEMPTS + 2):
        first, second = _homographies(numbers, size, crop_size)
        source, shown = warp(image, first, crop_size), project(first, points)
        shown = shown[inside(shown, crop_size)]
        if attempt > _ATTEMPTS:
            shown, other = np.floor(numbers(2 * POINTS).reshape(-1, 2) * crop_size), image
            if fallback == "identity":
                return _sample(source, warp(image, second, crop_size), shown, shown, np.eye(3), attempt)
            break
        fits = len(shown) and source.mean(axis=2).std() >= _LEAST_CONTRAST
        if fits and all(sees_image(one, size, crop_size) for one in (first, second)):
            break
    homography = second @ np.linalg.inv(first)
    homography /= homography[2, 2]
    mapped = project(homography, shown)
    kept = inside(mapped, crop_size)
    if not kept.any():
        return _sample(source, source, shown, shown, np.eye(3), attempt)
    return _sample(source, warp(other, second, crop_size), shown[kept], mapped[kept], homography, attempt)


def sample_descriptors(
    map: torch.Tensor, keypoints: np.ndarray, image_size: tuple[int, int], backbone: Backbone
) -> torch.Tensor:
    """Sample the map of a network at the points of a crop, as the published training does.

    ``caps`` is interpolated as in evaluation, and ``r2d2`` takes the nearest pixel, unlike the published evaluation.

    Args:
        map: (1, D, rows, columns) or (D, rows, columns)
        keypoints: (N, 2) x, y in pixels of the crop, the centre of the first at (0, 0)
        image_size: (width, height) of the crop
        backbone: of the network

    Returns:
        (N, D) of unit norm
    """
    features = map[0] if map.dim() == 4 else map
    if backbone == "r2d2":
        columns, rows = np.rint(np.asarray(keypoints, np.float64)).astype(np.int64).T
        return functional.normalize(features[:, rows, columns].T)
    return functional.normalize(sample_map(features, from_opencv(keypoints), image_size, mode="legacy"))


def _homographies(numbers: Numbers, size: tuple[int, int], crop_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the homographies from an image to both crops."""
    drawn, again = _crop_numbers(numbers), _crop_numbers(numbers)
    signs = float(numbers(1)[0]), float(numbers(1)[0])
    centre = random_centre(drawn, size, crop_size)
    return (
        crop_homography(drawn, centre, crop_size),
        crop_homography(again, moved_centre(centre, signs, crop_size), crop_size),
    )


def _crop_numbers(numbers: Numbers) -> CropNumbers:
    zoom, centre, distortion, rotation, branch = (numbers(count).tolist() for count in (1, 2, 2, 1, 1))
    return CropNumbers(zoom[0], (centre[0], centre[1]), (distortion[0], distortion[1]), rotation[0], branch[0])


def _sample(
    source: np.ndarray,
    target: np.ndarray,
    points: np.ndarray,
    mapped: np.ndarray,
    homography: np.ndarray,
    attempts: int,
) -> Sample:
    first, second = (values[:POINTS].astype(np.float32) for values in (points, mapped))
    return Sample(source, target, first, second, homography, attempts)


def _checked(image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    if image.dtype != np.uint8 or image.ndim != 3:
        raise DataError(f"image: {image.dtype} {image.shape}; give (H, W, 3) uint8")
    points = np.asarray(keypoints, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise DataError(f"keypoints: of shape {points.shape}; give (N, 2) finite numbers")
    return points


def _checked_style(stylised: np.ndarray, image: np.ndarray) -> np.ndarray:
    if stylised.dtype != np.uint8 or stylised.shape != image.shape:
        raise DataError(
            f"stylised: {stylised.dtype} {stylised.shape}, and the image is {image.dtype} {image.shape}; give the same "
            "size for both styles, or none but the image's own"
        )
    return stylised

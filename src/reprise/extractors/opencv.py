"""Reading images with OpenCV, in the order of the published AMES code: decode, crop, resize for each scale.

Suma et al., AMES: Asymmetric and memory-efficient similarity estimation for instance-level retrieval, ECCV 2024.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from reprise.datasets.images import Box
from reprise.networks.how_settings import IMAGENET
from reprise.storage.errors import DataError

# Mean and standard deviation of ImageNet in the order of OpenCV, for images in [0, 1].
BGR = IMAGENET[0][::-1], IMAGENET[1][::-1]


@dataclass(frozen=True)
class ScaledImage:
    """An image at one scale.

    pixels  (H, W, 3) uint8 BGR
    factor  (y, x): by what the sides of the image, or of its crop, were multiplied, before they were rounded
    """

    pixels: np.ndarray
    factor: tuple[float, float]


def load_scaled(
    path: Path, box: Box | None, image_size: int | None, scales: Sequence[float], multiple: int | None = None
) -> list[ScaledImage]:
    """Decode an image, crop it to ``box`` and resize it to each of ``scales``.

    box         (x1, y1, x2, y2) in pixels, cut to whole pixels by truncation; what lies outside the image is left out
    image_size  longer side in pixels that the whole image would have at scale 1, whether it is smaller or larger; a
                crop is resized by the same factor. None: scales refer to the image as it is
    multiple    None, or a number of pixels to whose nearest multiple each side is stretched (half to even, once at
                least); the two axes then have different factors

    DataError: a file that cannot be decoded, a box without pixels, or a scale that leaves no pixel.
    """
    pixels = decode_bgr(path)
    base = 1.0 if image_size is None else image_size / max(pixels.shape[:2])
    if box is not None:
        pixels = _crop(pixels, box, path)
    scaled = []
    for scale in scales:
        height, width = pixels.shape[:2]
        factor = _factor(height, scale * base, multiple), _factor(width, scale * base, multiple)
        if not (round(height * factor[0]) and round(width * factor[1])):
            raise DataError(
                f"{path}: scale {scale} leaves no pixel of {width} x {height} at image_size {image_size}; raise it, or "
                "leave the image out"
            )
        scaled.append(ScaledImage(_resize(pixels, factor), factor))
    return scaled


def decode_bgr(path: Path) -> np.ndarray:
    """Decode an image file with OpenCV, turned as its EXIF orientation says: (H, W, 3) uint8 BGR.

    DataError: a file that cannot be decoded.
    """
    if not Path(path).is_file():
        raise DataError(f"{path}: there is no such image; fetch it again, or take it out of the list of images")
    try:
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise DataError(f"{path}: cannot be read as an image ({error.err}); fetch it again, or leave it out") from error
    if pixels is None:
        raise DataError(f"{path}: cannot be read as an image; fetch it again, or take it out of the list of images")
    return pixels


def _crop(pixels: np.ndarray, box: Box, path: Path) -> np.ndarray:
    values = [float(value) for value in box]
    if len(values) != 4 or not all(map(math.isfinite, values)):
        raise DataError(f"{path}: the box is {box}, not four finite numbers x1, y1, x2, y2; correct the ground truth")
    x1, y1, x2, y2 = (max(int(value), 0) for value in values)
    crop = pixels[y1:y2, x1:x2]
    if not crop.size:
        height, width = pixels.shape[:2]
        raise DataError(
            f"{path}: the box {box} holds no pixel of the image of {width} x {height}; "
            "boxes are x1, y1, x2, y2 in pixels, correct the ground truth"
        )
    return crop


def _factor(side: int, factor: float, multiple: int | None) -> float:
    if multiple is None:
        return factor
    scaled = factor * side
    # In this order, sides that come back to what they were get the factor 1 exactly, on which the filter depends.
    return factor * (max(round(scaled / multiple), 1) * multiple) / scaled


def _resize(pixels: np.ndarray, factor: tuple[float, float]) -> np.ndarray:
    y, x = factor
    if y == x == 1:
        return pixels
    # Averaging areas while one axis grows is particular to OpenCV, and it matters.
    interpolation = cv2.INTER_AREA if min(factor) < 1 else cv2.INTER_LINEAR
    # Factors and not sizes, because OpenCV samples at the factor itself and not at the ratio of rounded sizes.
    return cv2.resize(pixels, None, fx=x, fy=y, interpolation=interpolation)

"""What an image may be given as: a file, or pixels that are already in memory."""

import os
from typing import TypeAlias

import numpy as np

from reprise.storage.errors import DataError

ImageSource: TypeAlias = str | os.PathLike | np.ndarray


def name_of(image: ImageSource) -> str:
    """What an error calls an image: its path, or what its array is like."""
    if isinstance(image, np.ndarray):
        return f"image array {image.shape} of {image.dtype}"
    return os.fspath(image)


def check_pixels(pixels: np.ndarray) -> np.ndarray:
    """Return pixels that were given in memory.

    Raises:
        DataError: neither (H, W, 3) nor (H, W) uint8, or an empty axis
    """
    fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not fits or not pixels.size:
        raise DataError(f"{name_of(pixels)}: is no image; give (H, W, 3) uint8 RGB, or (H, W) uint8 grey")
    return pixels

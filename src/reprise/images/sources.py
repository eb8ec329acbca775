"""Forms of an image: a file, or pixels that are already in memory."""

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np

from reprise.storage.errors import DataError

ImageSource: TypeAlias = str | os.PathLike | np.ndarray


class ForgivingPath(type(Path())):  # type: ignore[misc]  # the class of paths of this machine
    """A file whose missing end is read as grey, as published results have it; without it, such a file is an error.

    Attributes:
        truncated: whether the end was missing when the file was decoded
    """

    truncated = False


def name_of(image: ImageSource) -> str:
    """Return the name of an image for error messages: its path, or the shape and dtype of its array."""
    if isinstance(image, np.ndarray):
        return f"image array {image.shape} of {image.dtype}"
    return os.fspath(image)


def check_pixels(pixels: np.ndarray) -> np.ndarray:
    """Check pixels that were given in memory.

    Args:
        pixels: (H, W, 3) RGB or (H, W) grey, uint8

    Returns:
        the same array

    Raises:
        DataError: neither (H, W, 3) nor (H, W) uint8, or an empty axis
    """
    fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not fits or not pixels.size:
        raise DataError(f"{name_of(pixels)}: is no image; give (H, W, 3) uint8 RGB, or (H, W) uint8 grey")
    return pixels

"""Pixels of more than 8 bits, which libraries cut off at 255 or read as black: one rule for every mode."""

import numpy as np
from PIL import Image

from reprise.storage.errors import DataError

#: Pillow's modes of grey images that are not of 8 bits. All others have 8 bits per channel, or one.
_DEEP = ("I", "F")


def is_deep(image: Image.Image) -> bool:
    """Tell whether an image, of which only the header was read, has more than 8 bits per channel."""
    return image.mode.split(";")[0] in _DEEP


def eight_bits(image: Image.Image, where: str) -> Image.Image:
    """Bring grey of more than 8 bits to 8; other images are returned as they are.

    Integers are taken for 16 bits, of which the upper 8 are kept, as OpenCV does; floating-point numbers for shares of
    white, 0 to 1.

    Args:
        image: of any mode of Pillow
        where: what an error begins with, such as the path

    Raises:
        DataError: pixels outside of that range, which have no defined brightness
    """
    if not is_deep(image):
        return image
    pixels = np.asarray(image)
    real = image.mode == "F"
    highest = 1 if real else 65535
    if not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.max() > highest:
        raise DataError(
            f"{where}: is of mode {image.mode} with pixels from {pixels.min()} to {pixels.max()}, expected 0 to "
            f"{highest}; convert it to 8 bits, or leave it out"
        )
    return Image.fromarray(np.rint(pixels * 255).astype(np.uint8) if real else (pixels >> 8).astype(np.uint8))

"""What the preparations of HNDesc have in common: orientation, forced sizes, crops, and how far images are shrunk."""

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from reprise.images.boxes import Box, BoxUse, box_numbers, whole_box
from reprise.images.decoding import orientation_of
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource, name_of
from reprise.storage.errors import DataError

#: What is done with an image that EXIF says is to be rotated: ``refuse`` it, ``ignore`` that, or ``apply`` it.
Orientation: TypeAlias = Literal["refuse", "ignore", "apply"]
Size: TypeAlias = tuple[int, int]


def is_rotated(image: ImageSource, orientation: Orientation) -> bool:
    """Tell whether an image is to be rotated.

    The published detectors rotate such an image and the published descriptors do not, so that keypoints would be
    described at other places.

    Args:
        image: path of a file, or pixels, which have no orientation
        orientation: what is done with a rotated image

    Raises:
        DataError: a file that has to be rotated, where that is refused, or one that cannot be decoded
    """
    if isinstance(image, np.ndarray) or orientation == "ignore" or orientation_of(image) == 1:
        return False
    if orientation == "refuse":
        raise DataError(
            f"{image}: EXIF says that it is to be rotated, which published detectors do and published descriptors do "
            "not; choose orientation 'ignore' or 'apply' for both, or rotate the file itself"
        )
    return True


def stretch(
    image: ImageSource,
    decoded: Image.Image,
    box: Box | None,
    image_size: int | None,
    forced_size: Size | None,
    resize: Callable[[Image.Image, Size], Image.Image],
    box_use: BoxUse,
) -> PreparedImage:
    """Resize an image to a forced size, crop it, and shrink what is left.

    Args:
        image: what was decoded, for messages
        decoded: the image
        box: (x1, y1, x2, y2) in pixels of the decoded image; None: the whole image
        image_size: pixels of the longer side of the crop, or of the whole image; larger ones are shrunk
        forced_size: (width, height) to which the whole image is resized first, whatever its shape
        resize: the filter
        box_use: "crop" crops the image, "filter" keeps the whole image and stores the box in the result

    Returns:
        an image with pixels of the mode of ``decoded``

    Raises:
        DataError: a box without a pixel of the image, or an image of which ``image_size`` leaves none
    """
    where, kept, corner = name_of(image), None, (0, 0)
    before = decoded.size
    if forced_size is not None:
        decoded = resize(decoded, forced_size)
    factors = before[0] / decoded.width, before[1] / decoded.height
    if box is not None:
        x1, y1, x2, y2 = whole_box(_shrunk(box, factors, where), decoded.size, where)
        if box_use == "crop":
            decoded, corner = decoded.crop((x1, y1, x2, y2)), (x1, y1)
        else:
            kept = box_numbers(box, where)
    width, height = decoded.size
    if image_size is not None and max(width, height) > image_size:
        scale = image_size / max(width, height)
        size = round(width * scale), round(height * scale)
        if not min(size):
            raise DataError(f"{where}: no pixel is left of {width} x {height} at image_size {image_size}; raise it")
        decoded = resize(decoded, size)
    offset = corner[0] * factors[0], corner[1] * factors[1]
    pixel_size = factors[0] * width / decoded.width, factors[1] * height / decoded.height
    return PreparedImage(np.asarray(decoded), offset, pixel_size, kept)


def pad_to_multiple(pixels: np.ndarray, multiple: int) -> np.ndarray:
    """Repeat the last row and column of an image (H, W) or (H, W, C) until its sides are multiples of a number."""
    height, width = pixels.shape[:2]
    sides = [(0, -height % multiple), (0, -width % multiple), *[(0, 0)] * (pixels.ndim - 2)]
    return np.pad(pixels, sides, mode="edge")


def _shrunk(box: Box, factors: tuple[float, float], where: str) -> Box:
    x1, y1, x2, y2 = box_numbers(box, where)
    return x1 / factors[0], y1 / factors[1], x2 / factors[0], y2 / factors[1]

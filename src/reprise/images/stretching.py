"""What the preparations of HNDesc have in common: orientation, forced sizes, crops, and how far images are shrunk."""

from collections.abc import Callable

import numpy as np
from PIL import ExifTags, Image, ImageOps

from reprise.images.boxes import Box, BoxUse, box_numbers, whole_box
from reprise.images.decoding import orientation_of
from reprise.images.preparations import Orientation, Size
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource, name_of
from reprise.storage.errors import DataError


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
            "not; choose exif: ignore or apply for both, or rotate the file itself"
        )
    return True


def oriented(decoded: Image.Image, image: ImageSource, orientation: Orientation) -> Image.Image:
    """Rotate an image that Pillow decoded, as far as EXIF and ``orientation`` say so; see :func:`is_rotated`."""
    if isinstance(image, np.ndarray) or not is_rotated(image, orientation):
        return decoded
    decoded.getexif()[ExifTags.Base.Orientation] = orientation_of(image)  # decoding may have dropped it
    return ImageOps.exif_transpose(decoded)


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
        x1, y1, x2, y2 = whole_box(shrunk_box(box, factors, where), decoded.size, where)
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


def shrunk_box(box: Box, factors: tuple[float, float], where: str) -> Box:
    """Return a box of an image that was shrunk by factors (x, y); DataError for a box that is none."""
    x1, y1, x2, y2 = box_numbers(box, where)
    return x1 / factors[0], y1 / factors[1], x2 / factors[0], y2 / factors[1]

"""The preparation ``ames``: how the extraction of AMES prepares an image for its backbone.

Suma et al., AMES: Asymmetric and memory-efficient similarity estimation for instance-level retrieval, ECCV 2024, in the
order of the published code (pavelsuma/ames, extract/):

1. decode with OpenCV to BGR, rotated according to the orientation of EXIF; boxes refer to the rotated image
2. crop a query to its box by truncation; what lies outside the image is left out
3. for each scale, resize by scale * image_size / (longer side of the *whole* image), to larger sizes, too; for a
   backbone with patches each side is stretched to the nearest number of whole patches, half to even, at least one.
   OpenCV averages areas if either axis shrinks and interpolates linearly if not

Pixels are BGR; CVNet takes them as they are, DINOv2 reverses them to RGB.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from reprise.images.boxes import Box, BoxUse, box_numbers, whole_box
from reprise.images.decoding import decode_bgr
from reprise.images.prepared import ScaledImage
from reprise.images.sources import ImageSource, name_of
from reprise.storage.errors import DataError


def prepare(
    image: ImageSource,
    box: Box | None = None,
    image_size: int | None = None,
    scales: Sequence[float] = (1.0,),
    multiple: int | None = None,
    *,
    box_use: BoxUse = "crop",
    oriented: bool = True,
) -> list[ScaledImage]:
    """Prepare an image as AMES does, at each of ``scales``.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        box: (x1, y1, x2, y2) in pixels of the query; None: the whole image
        image_size: longer side in pixels that the whole image would have at scale 1, whether it is smaller or larger;
            a crop is resized by the same factor. None: scales refer to the image as it is
        scales: factors of the image pyramid
        multiple: a number of pixels to whose nearest multiple each side is stretched (half to even, at least once);
            the two axes then have different factors. None: sides are only rounded
        box_use: "crop", as published, or "filter": the whole image is prepared, and only keypoints in the box are kept
        oriented: rotate the image according to its EXIF orientation, as published

    Returns:
        for each scale an image with pixels (H, W, 3) uint8 BGR

    Raises:
        DataError: a file that cannot be decoded, a box without pixels, or a scale that leaves no pixel
    """
    pixels = decode_bgr(image, oriented=oriented)
    where = name_of(image)
    base = 1.0 if image_size is None else image_size / max(pixels.shape[:2])
    offset, kept = (0, 0), None
    if box is not None:
        x1, y1, x2, y2 = whole_box(box, (pixels.shape[1], pixels.shape[0]), where, int)
        if box_use == "crop":
            offset = (max(x1, 0), max(y1, 0))
            pixels = pixels[offset[1] : y2, offset[0] : x2]
        else:
            kept = box_numbers(box, where)
    scaled = []
    for scale in scales:
        height, width = pixels.shape[:2]
        factor = axis_factor(height, scale * base, multiple), axis_factor(width, scale * base, multiple)
        if not (round(height * factor[0]) and round(width * factor[1])):
            raise DataError(
                f"{where}: scale {scale} leaves no pixel of {width} x {height} at image_size {image_size}; raise it, "
                "or leave the image out"
            )
        pixel_size = 1 / factor[1], 1 / factor[0]
        scaled.append(ScaledImage(_resize(pixels, factor), offset, pixel_size, kept, factor))
    return scaled


def axis_factor(side: int, factor: float, multiple: int | None) -> float:
    """Compute the factor by which a side becomes a multiple of whole patches.

    The order of operations is the published one, because OpenCV's filter depends on the last bit of factors near 1.

    Args:
        side: length in pixels
        factor: the scale times the factor of the image size
        multiple: see :func:`prepare`
    """
    if multiple is None:
        return factor
    patches = factor * side / multiple
    return factor / (patches / max(round(patches), 1))


def _resize(pixels: np.ndarray, factor: tuple[float, float]) -> np.ndarray:
    y, x = factor
    if y == x == 1:
        return pixels
    # Averaging areas while one axis grows is particular to OpenCV, and it matters.
    interpolation = cv2.INTER_AREA if min(factor) < 1 else cv2.INTER_LINEAR
    # Factors and not sizes, because OpenCV samples at the factor itself and not at the ratio of rounded sizes.
    return cv2.resize(pixels, None, fx=x, fy=y, interpolation=interpolation)

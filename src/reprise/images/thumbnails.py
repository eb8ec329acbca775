"""Cropping and shrinking with Pillow, as in the published HOW code."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image

from reprise.images.boxes import Box, BoxUse, box_numbers, whole_box
from reprise.images.decoding import decode
from reprise.images.preparations import Orientation, Size
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource, name_of
from reprise.images.stretching import oriented, shrunk_box
from reprise.storage.errors import DataError


def cut_and_shrink(
    image: ImageSource,
    box: Box | None,
    image_size: int | None,
    mode: Literal["RGB", "L"],
    *,
    whole: Callable[[float], int] = round,
    box_use: BoxUse = "crop",
    forced_size: Size | None = None,
    orientation: Orientation = "ignore",
) -> PreparedImage:
    """Decode an image, crop it and shrink it.

    Shrinking is Pillow's thumbnail with its Lanczos filter; its rounding of the sizes and its reduction by whole
    factors for images at least four times too large belong to the published pixels.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        box: (x1, y1, x2, y2) in pixels; what lies outside the image is black
        image_size: longer side in pixels to which the whole image is shrunk; a crop is shrunk by the same factor, as
            if it had been cropped afterwards. Nothing is ever enlarged. None: no shrinking
        mode: "RGB" or "L", grey
        whole: how a box is rounded to whole pixels: ``round`` half to even, or ``int`` by truncation
        box_use: "crop" crops the image, "filter" keeps the whole image and stores the box in the result
        forced_size: (width, height) to which the whole image is resized first, with Lanczos, whatever its shape
        orientation: what is done with a file that EXIF says is to be rotated

    Returns:
        an image with pixels (H, W, 3) uint8 RGB, or (H, W) uint8 grey

    Raises:
        DataError: a file that cannot be decoded or whose rotation is refused, a box that is empty or outside of the
            image, or a crop of which ``image_size`` leaves no pixel
    """
    decoded = oriented(decode(image, mode), image, orientation)
    where = name_of(image)
    before = decoded.size
    if forced_size is not None:
        decoded = decoded.resize(forced_size, Image.Resampling.LANCZOS)
    factors = before[0] / decoded.width, before[1] / decoded.height
    full = max(decoded.size)
    offset = (0, 0)
    kept = None
    if box is not None:
        x1, y1, x2, y2 = whole_box(shrunk_box(box, factors, where), decoded.size, where, whole)
        if box_use == "crop":
            decoded, offset = decoded.crop((x1, y1, x2, y2)), (x1, y1)
        else:
            kept = box_numbers(box, where)
    width, height = decoded.size
    if image_size is not None:
        target = image_size * max(width, height) / full
        if target < 1:
            raise DataError(f"{where}: no pixel is left of {width} x {height} at image_size {image_size}; raise it")
        decoded.thumbnail((target, target), Image.Resampling.LANCZOS)
    corner = offset[0] * factors[0], offset[1] * factors[1]
    pixel_size = factors[0] * width / decoded.width, factors[1] * height / decoded.height
    return PreparedImage(np.asarray(decoded), corner, pixel_size, kept)

"""The preparation ``hndesc_descriptor``: a colour image for the networks of HNDesc (Melekhov et al., 3DV 2021).

As ``hndesc_detector``, so that keypoints are at the same places, except that

1. images are decoded with Pillow to RGB; the orientation of EXIF is ignored
2. they are resized with Pillow's bicubic filter, which smooths where it shrinks

With ``pad_to_16``, which is not published, sides become multiples of 16 pixels, for which the U-Net of HNDesc describes
the places that it is asked for (:mod:`reprise.networks.u_net`).
"""

from dataclasses import replace

from PIL import Image

from reprise.images.boxes import Box, BoxUse
from reprise.images.decoding import decode
from reprise.images.preparations import Orientation, Size
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.images.stretching import oriented, pad_to_multiple, stretch

EXIF = "ignore"


def prepare(
    image: ImageSource,
    box: Box | None = None,
    image_size: int | None = None,
    *,
    box_use: BoxUse = "crop",
    forced_size: Size | None = None,
    orientation: Orientation = "refuse",
    pad_to_16: bool = False,
) -> PreparedImage:
    """Prepare an image for a network.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        box: (x1, y1, x2, y2) in pixels of the query; None: the whole image
        image_size: longer side in pixels of the crop, or of the whole image; None keeps images as they are
        box_use: "crop", as published, or "filter": the whole image is prepared, and only keypoints in the box are kept
        forced_size: (width, height) to which the whole image is resized first; (640, 480) in one published evaluation
        orientation: what is done with a file that EXIF says is to be rotated: ``refuse``, ``ignore`` or ``apply``
        pad_to_16: repeat the last row and column until the sides are multiples of 16

    Returns:
        an image with pixels (H, W, 3) uint8 RGB

    Raises:
        DataError: see :func:`reprise.images.stretching.stretch`
    """
    decoded = oriented(decode(image), image, orientation)
    prepared = stretch(image, decoded, box, image_size, forced_size, _bicubic, box_use)
    return replace(prepared, pixels=pad_to_multiple(prepared.pixels, 16)) if pad_to_16 else prepared


def _bicubic(image: Image.Image, size: Size) -> Image.Image:
    return image.resize(size, Image.Resampling.BICUBIC)

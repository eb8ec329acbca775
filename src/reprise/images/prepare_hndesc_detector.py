"""The preparation ``hndesc_detector``: a grey image for the detectors of HNDesc (Melekhov et al., 3DV 2021).

1. decode with OpenCV to grey, which of a JPEG is its luma channel, rotated according to EXIF
2. resize to 640 x 480 where that is asked for, whatever the shape of the image
3. crop a query to its box, each number rounded half to even; black where the box leaves the image
4. shrink with OpenCV's bilinear filter, without smoothing, by the factor that reduces the longer side of what is left
   to image_size, each side rounded half to even; smaller images are left as they are

Where EXIF asks for a rotation, the published descriptors see another image than the published detectors. Such a file is
refused, unless ``orientation`` says what both do.
"""

import cv2
import numpy as np
from PIL import Image

from reprise.images.boxes import Box, BoxUse
from reprise.images.decoding import decode_grey
from reprise.images.preparations import Orientation, Size
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.images.stretching import is_rotated, stretch

EXIF = "apply"


def prepare(
    image: ImageSource,
    box: Box | None = None,
    image_size: int | None = None,
    *,
    box_use: BoxUse = "crop",
    forced_size: Size | None = None,
    orientation: Orientation = "refuse",
) -> PreparedImage:
    """Prepare an image for a detector.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        box: (x1, y1, x2, y2) in pixels of the query; None: the whole image
        image_size: longer side in pixels of the crop, or of the whole image; None keeps images as they are
        box_use: "crop", as published, or "filter": the whole image is prepared, and only keypoints in the box are kept
        forced_size: (width, height) to which the whole image is resized first; (640, 480) in one published evaluation
        orientation: what is done with a file that EXIF says is to be rotated: ``refuse``, ``ignore`` or ``apply``

    Returns:
        an image with pixels (H, W) uint8 grey

    Raises:
        DataError: see :func:`reprise.images.stretching.stretch`
    """
    grey = decode_grey(image, oriented=is_rotated(image, orientation))
    return stretch(image, Image.fromarray(grey), box, image_size, forced_size, _bilinear, box_use)


def _bilinear(image: Image.Image, size: Size) -> Image.Image:
    return Image.fromarray(cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_LINEAR))

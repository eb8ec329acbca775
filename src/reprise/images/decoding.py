"""Decoding of image files, with Pillow and with OpenCV, which differ in how they treat EXIF and JPEG."""

import io
import logging
import os
import threading
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageFile

from reprise.images.sources import ImageSource, check_pixels
from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)
_truncated = threading.Lock()


def decode(image: ImageSource, mode: Literal["RGB", "L"] = "RGB") -> Image.Image:
    """Decode an image with Pillow. The orientation of EXIF is ignored, as the boxes of the benchmarks expect.

    Grey is read from a JPEG as its luma channel, as in OpenCV, and not computed from RGB.

    The published results contain a few truncated photographs, whose missing part reads as grey. Such a file is
    decoded in the same way, with a warning in the log. Pillow has only a global switch for this. It is on while that
    one file is decoded, so that another thread may meanwhile decode a truncated file without the warning, and is then
    reset.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        mode: "RGB" or "L", grey

    Returns:
        the decoded image

    Raises:
        DataError: a file that cannot be decoded at all, or pixels of another form
    """
    if isinstance(image, np.ndarray):
        return Image.fromarray(check_pixels(image)).convert(mode)
    try:
        data = Path(image).read_bytes()
        try:
            return _decode(data, mode)
        except OSError as error:
            _log.warning("%s: is damaged (%s); its missing part is read as grey", os.fspath(image), error)
            return _decode_truncated(data, mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{image}: cannot be read as an image ({error}); fetch it again, or take it out of the list of images"
        ) from error


def decode_bgr(image: ImageSource) -> np.ndarray:
    """Decode an image with OpenCV, rotated according to its EXIF orientation.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey

    Returns:
        (H, W, 3) uint8 BGR

    Raises:
        DataError: a file that cannot be decoded, or pixels of another form
    """
    if isinstance(image, np.ndarray):
        return np.ascontiguousarray(
            np.atleast_3d(check_pixels(image))[..., ::-1].repeat(1 if image.ndim == 3 else 3, 2)
        )
    if not Path(image).is_file():
        raise DataError(f"{image}: there is no such image; fetch it again, or take it out of the list of images")
    try:
        pixels = cv2.imread(os.fspath(image), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise DataError(
            f"{image}: cannot be read as an image ({error.err}); fetch it again, or leave it out"
        ) from error
    if pixels is None:
        raise DataError(f"{image}: cannot be read as an image; fetch it again, or take it out of the list of images")
    return pixels


def _decode(data: bytes, mode: str) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        if mode == "L":
            image.draft("L", None)
        return image.convert(mode)


def _decode_truncated(data: bytes, mode: str) -> Image.Image:
    with _truncated:
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            return _decode(data, mode)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before

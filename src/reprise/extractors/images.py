"""Reading images: decoding, cropping, shrinking and normalising them in the order of the published HOW code."""

import io
import logging
import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageFile

from reprise.datasets.images import Box
from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)
_truncated = threading.Lock()


@dataclass(frozen=True)
class LoadedImage:
    """An image ready for an extractor, and where it lies in the file that it came from.

    pixels      (H, W, 3) uint8 RGB, or (H, W) uint8 grey
    offset      (x, y) of its first pixel in the file, in pixels of the file
    pixel_size  (x, y) size of one of its pixels, in pixels of the file; 1 unless the image was shrunk
    """

    pixels: np.ndarray
    offset: tuple[float, float]
    pixel_size: tuple[float, float]

    def to_original(self, keypoints: np.ndarray) -> np.ndarray:
        """Map keypoints (n, 2) in this image to the file's pixels, float32; origins in the first pixel's corner."""
        return (keypoints * np.array(self.pixel_size) + np.array(self.offset)).astype(np.float32)


def load_image(
    path: Path, box: Box | None = None, image_size: int | None = None, mode: Literal["RGB", "L"] = "RGB"
) -> LoadedImage:
    """Decode an image, crop it to ``box`` and shrink it.

    box         (x1, y1, x2, y2) in pixels; each is rounded half to even, and what lies outside the image is black
    image_size  longer side in pixels to which the whole image is shrunk; a crop is shrunk by the same factor, as if
                it had been cut out afterwards. Nothing is ever enlarged. None: no shrinking
    mode        "RGB" or "L", grey

    Shrinking is Pillow's thumbnail with its Lanczos filter; its rounding of the sizes and its reduction by whole
    factors for images at least four times too large belong to the published pixels.

    DataError: a file that cannot be decoded, a box that is empty or outside of the image, or a crop of which
    ``image_size`` leaves no pixel.
    """
    image = decode(path, mode)
    full = max(image.size)
    offset = (0, 0)
    if box is not None:
        image, offset = _crop(image, box, path)
    width, height = image.size
    if image_size is not None:
        target = image_size * max(width, height) / full
        if target < 1:
            raise DataError(f"{path}: no pixel is left of {width} x {height} at image_size {image_size}; raise it")
        image.thumbnail((target, target), Image.Resampling.LANCZOS)
    pixel_size = (width / image.width, height / image.height)
    return LoadedImage(np.asarray(image), offset, pixel_size)


def decode(path: Path, mode: Literal["RGB", "L"] = "RGB") -> Image.Image:
    """Decode an image file with Pillow. The orientation of EXIF is ignored, as the boxes of the benchmarks expect.

    Grey is read from a JPEG as its luma channel, as OpenCV does it, and not computed from RGB.

    The published results contain a few truncated photographs, whose missing part reads as grey. Such a file is
    decoded in the same way, with a warning in the log. Pillow has only a global switch for this. It is on while that
    one file is decoded, so that another thread may meanwhile decode a truncated file without the warning, and is then
    put back.

    DataError: a file that cannot be decoded at all.
    """
    try:
        data = Path(path).read_bytes()
        try:
            return _decode(data, mode)
        except OSError as error:
            _log.warning("%s: is damaged (%s); its missing part is read as grey", path, error)
            return _decode_truncated(data, mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{path}: cannot be read as an image ({error}); fetch it again, or take it out of the list of images"
        ) from error


def to_tensor(pixels: np.ndarray, mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
    """Normalise an RGB image: (H, W, 3) uint8 -> (1, 3, H, W) float32, (pixel / 255 - mean) / std for each channel."""
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format)
    return ((image / 255 - _channels(mean)) / _channels(std))[None]


def _channels(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)[:, None, None]


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


def _crop(image: Image.Image, box: Box, path: Path) -> tuple[Image.Image, tuple[int, int]]:
    values = [float(value) for value in box]
    if len(values) != 4 or not all(map(math.isfinite, values)):
        raise DataError(f"{path}: the box is {box}, not four finite numbers x1, y1, x2, y2; correct the ground truth")
    x1, y1, x2, y2 = map(round, values)
    if x1 >= x2 or y1 >= y2 or x1 >= image.width or y1 >= image.height or x2 <= 0 or y2 <= 0:
        raise DataError(
            f"{path}: the box {box} holds no pixel of the image of {image.width} x {image.height}; "
            "boxes are x1, y1, x2, y2 in pixels, correct the ground truth"
        )
    return image.crop((x1, y1, x2, y2)), (x1, y1)

"""Decoding of image files, with Pillow and with OpenCV, which differ in how they treat EXIF and JPEG."""

import io
import logging
import os
import stat
import threading
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from reprise.images.ranges import eight_bits, is_deep
from reprise.images.sources import ForgivingPath, ImageSource, check_pixels, name_of
from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error

_log = logging.getLogger(__name__)
_truncated = threading.Lock()
# By their names in Pillow. Others would be handed to programs that are installed, such as Ghostscript.
_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000")
# Those whose further images are a film. In a TIFF or the JPEG of some cameras they are thumbnails, or another view.
_ANIMATED = ("GIF", "PNG", "WEBP")
# Pillow's own limit, of pixels of up to 4 bytes; those of more than 8 bits are copied several times, as floats.
_MOST_PIXELS = 178_956_970
_MOST_DEEP_PIXELS = _MOST_PIXELS // 4
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"


def decode(image: ImageSource, mode: Literal["RGB", "L"] = "RGB") -> Image.Image:
    """Decode an image with Pillow. The orientation of EXIF is ignored, as the boxes of the benchmarks expect.

    Grey is read from a JPEG as its luma channel, as in OpenCV, and not computed from RGB. Grey of more than 8 bits is
    brought to 8 (:func:`reprise.images.ranges.eight_bits`).

    The published results contain a few truncated photographs, whose missing part reads as grey. Such a file is an
    error, unless it is given as a :class:`~reprise.images.sources.ForgivingPath`: it is then decoded in the same way,
    with a warning in the log. Pillow has only a global switch for this. It is on while that one file is decoded, so
    that another thread may meanwhile decode a truncated file, and is then reset.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        mode: "RGB" or "L", grey

    Returns:
        the decoded image

    Raises:
        DataError: a file that cannot be decoded or is truncated, or pixels of another form
    """
    if isinstance(image, np.ndarray):
        return Image.fromarray(check_pixels(image)).convert(mode)
    data = _read(image)
    _check_end(image, data)
    try:
        return _decode(data, mode, name_of(image))
    except DataError:
        raise
    except Exception as error:  # whatever a decoder makes of damaged bytes
        if isinstance(image, ForgivingPath) and isinstance(error, OSError):
            return _decode_truncated(image, data, mode, error)
        raise _undecodable(image, error) from error


def decode_bgr(image: ImageSource, *, oriented: bool = True) -> np.ndarray:
    """Decode an image with OpenCV.

    Truncated files and grey of more than 8 bits are treated as by :func:`decode`.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        oriented: rotate the image according to its EXIF orientation

    Returns:
        (H, W, 3) uint8 BGR

    Raises:
        DataError: a file that cannot be decoded or is truncated, or pixels of another form
    """
    if isinstance(image, np.ndarray):
        return np.ascontiguousarray(
            np.atleast_3d(check_pixels(image))[..., ::-1].repeat(1 if image.ndim == 3 else 3, 2)
        )
    pixels = _decode_opencv(image, cv2.IMREAD_COLOR | (0 if oriented else cv2.IMREAD_IGNORE_ORIENTATION))
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels[..., None].repeat(3, axis=2))
    return pixels


def decode_grey(image: ImageSource, *, oriented: bool = True) -> np.ndarray:
    """Decode an image with OpenCV to grey, which of a JPEG is its luma channel.

    Truncated files and grey of more than 8 bits are treated as by :func:`decode`.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        oriented: rotate the image according to its EXIF orientation

    Returns:
        (H, W) uint8

    Raises:
        DataError: a file that cannot be decoded or is truncated, or pixels of another form
    """
    if isinstance(image, np.ndarray):
        return check_pixels(image) if image.ndim == 2 else cv2.cvtColor(check_pixels(image), cv2.COLOR_RGB2GRAY)
    flags = cv2.IMREAD_GRAYSCALE | (0 if oriented else cv2.IMREAD_IGNORE_ORIENTATION)
    return _decode_opencv(image, flags, rotate_deep=oriented)


def orientation_of(image: str | os.PathLike) -> int:
    """Return the EXIF orientation of a file: 1 for an image that is upright as it is stored, or has none.

    Raises:
        DataError: a file that cannot be decoded
    """
    data = _read(image)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            return int(opened.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise _undecodable(image, error) from error


def check_decodable(image: str | os.PathLike) -> None:
    """Check that an image can be decoded, of a JPEG at an eighth of its size.

    Raises:
        DataError: it cannot
    """
    data = _read(image)
    _check_end(image, data)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            _check_header(opened, name_of(image))
            opened.draft("L", (1, 1))
            opened.load()
    except DataError:
        raise
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise _undecodable(image, error) from error


def is_turned(image: str | os.PathLike) -> bool:
    """Tell whether EXIF says that a file is to be rotated or mirrored, from its header, without decoding it.

    A PNG file whose EXIF follows its pixels, and a file that cannot be read, count as upright.
    """
    try:
        with Image.open(image, formats=_FORMATS) as opened:
            if opened.format == "PNG" and "exif" not in opened.info:
                return False
            return opened.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
    except Exception:  # whatever a decoder makes of damaged bytes, which decoding the image names
        return False


def size_of(image: str | os.PathLike) -> tuple[int, int]:
    """Return the width and height of a file in pixels, as it is stored, without decoding it.

    Raises:
        DataError: a file that cannot be decoded
    """
    try:
        with Image.open(image, formats=_FORMATS) as opened:
            _check_header(opened, name_of(image))
            return opened.size
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{image}: cannot be read ({error.strerror}); restore it") from error
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise _undecodable(image, error) from error


def _decode_opencv(image: str | os.PathLike, flags: int, *, rotate_deep: bool = False) -> np.ndarray:
    """Decode a file with OpenCV; grey of more than 8 bits, which Pillow reads, is returned as (H, W)."""
    data = _read(image)
    _check_end(image, data)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            _check_header(opened, name_of(image))
            if opened.format not in ("JPEG", "MPO") and not isinstance(image, ForgivingPath):
                opened.load()  # OpenCV says nothing of a file that ends too early
            if is_deep(opened):
                deep = ImageOps.exif_transpose(opened) if rotate_deep else opened
                return np.asarray(eight_bits(deep, name_of(image)).convert("L"))
        pixels = cv2.imread(os.fspath(image), flags)  # imdecode refuses a truncated file
    except DataError:
        raise
    except Exception as error:
        raise _undecodable(image, getattr(error, "err", error)) from error
    if pixels is None:
        raise _undecodable(image, "OpenCV does not know what it is")
    return pixels


def lacks_its_end(data: bytes) -> bool:
    """Tell whether a JPEG ends before its end marker, of which OpenCV says nothing.

    Args:
        data: the file; of other formats False, whose decoders refuse such a file
    """
    return data.startswith(b"\xff\xd8") and data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN)


def _check_header(opened: Image.Image, where: str) -> None:
    """Refuse an image without pixels, one of which a decoder fills the memory, and a film, before it is decoded."""
    width, height = opened.size
    most = _MOST_DEEP_PIXELS if is_deep(opened) else _MOST_PIXELS
    if not 0 < width * height <= most:
        raise DataError(
            f"{where}: states {width} x {height} pixels, expected 1 to {most}; fetch it again, shrink it, or take it "
            "out of the list of images"
        )
    if opened.format in _ANIMATED and getattr(opened, "is_animated", False):
        raise DataError(f"{where}: is animated; save one of its images as a file of its own")


def _check_end(image: str | os.PathLike, data: bytes) -> None:
    """Refuse a JPEG that ends too early, or note it: neither decoder says so of every one."""
    if lacks_its_end(data):
        if not isinstance(image, ForgivingPath):
            raise _undecodable(image, "the file is truncated")
        _forgive(image, "the file is truncated")


def _read(image: str | os.PathLike) -> bytes:
    try:
        if not stat.S_ISREG(Path(image).stat().st_mode):  # reading a pipe or a device may wait for ever
            raise _undecodable(image, "it is no regular file")
        data = Path(image).read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            f"{image}: cannot be read ({error.strerror}); restore it, or take it out of the list of images"
        ) from error
    except OSError as error:
        raise system_error(image, error) or DataError(f"{image}: cannot be read ({error})") from error
    if not data:
        raise _undecodable(image, "the file is empty")
    return data


def _undecodable(image: ImageSource, reason: object) -> DataError:
    return DataError(
        f"{name_of(image)}: cannot be read as an image ({_told(reason)}); fetch it again, or take it out of the list "
        "of images"
    )


def _told(reason: object) -> str:
    if isinstance(reason, UnidentifiedImageError):
        return "it is of no format that is known"
    text = f"{reason}".strip()
    return f"{text.splitlines()[0]:.200}" if text else type(reason).__name__


def _decode(data: bytes, mode: str, where: str) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        _check_header(image, where)
        if mode == "L":
            image.draft("L", None)
        return eight_bits(image, where).convert(mode)


def _decode_truncated(image: ForgivingPath, data: bytes, mode: str, reason: OSError) -> Image.Image:
    with _truncated:
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            decoded = _decode(data, mode, name_of(image))
        except DataError:
            raise
        except Exception as error:
            raise _undecodable(image, error) from error
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
    _forgive(image, reason)
    return decoded


def _forgive(image: ForgivingPath, reason: object) -> None:
    if image.truncated:
        return
    image.truncated = True
    _log.warning("%s: is damaged (%s); its missing part is read as grey", image, reason)

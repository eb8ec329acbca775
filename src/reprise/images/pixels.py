"""Pixels as detectors and descriptors take them."""

import numpy as np

from reprise.images.sources import ImageSource, check_pixels


def read_pixels(image: ImageSource) -> np.ndarray:
    """Return the pixels of an image in any form.

    Args:
        image: pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey, or the path of a file; see
            :func:`reprise.images.decoding.decode`

    Returns:
        (H, W, 3) uint8 RGB, of an array the same array

    Raises:
        DataError: a file that cannot be decoded, or pixels of another form
    """
    if isinstance(image, np.ndarray):
        return check_pixels(image)
    from reprise.images.decoding import decode

    return np.asarray(decode(image))


def luma(pixels: np.ndarray) -> np.ndarray:
    """Compute the luma of an image with OpenCV, (H, W) uint8; grey is returned as it is.

    Args:
        pixels: (H, W, 3) uint8 RGB, or (H, W) uint8 grey
    """
    import cv2

    return pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def mean_grey(pixels: np.ndarray) -> np.ndarray:
    """Compute grey as the mean of the channels, as the published Hessian-affine detector does, and not their luma.

    Args:
        pixels: (H, W, 3) uint8 in any order of colours, or (H, W) uint8 grey

    Returns:
        (H, W) float32, contiguous, 0 to 255

    Raises:
        DataError: pixels of another form
    """
    check_pixels(pixels)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels, np.float32)
    return pixels.sum(axis=2, dtype=np.float32) / np.float32(3)

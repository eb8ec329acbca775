"""Gaussian scale spaces, one level after the other, so that no more than three levels are in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reprise.detectors import _kernels


@dataclass(frozen=True)
class ScaleSpace:
    """The parameters of a scale space.

    Attributes:
        image_sigma: standard deviation of the blur that images are taken to have, in pixels
        sigma: that of the first level of an octave, in its pixels
        levels: levels of an octave at which extrema are looked for; each is 2^(1 / levels) times as blurred as the last
        smallest: octaves whose shorter side has so many pixels, or fewer, are left out
    """

    image_sigma: float
    sigma: float
    levels: int
    smallest: int


@dataclass(frozen=True)
class Level:
    """A level at which extrema are looked for, with its neighbours.

    Attributes:
        octave: from 0
        number: from 1, within the octave
        pixel: the size of a pixel, in pixels of the image
        sigma: standard deviation of its blur, in pixels of the level
        below: (H, W) float32, the blurred image of the level before
        responses: (H, W) float32 of the level before, of this and of the next: determinants of the Hessian times
            sigma^4, 0 at the border
    """

    octave: int
    number: int
    pixel: float
    sigma: float
    below: np.ndarray
    responses: tuple[np.ndarray, np.ndarray, np.ndarray]


def hessian_levels(grey: np.ndarray, space: ScaleSpace) -> Iterator[Level]:
    """Iterate over the levels of the determinant of the Hessian of an image.

    Args:
        grey: (H, W) float32
        space: the parameters

    Yields:
        the levels of each octave; the next octave has every second pixel of the last of them
    """
    added = space.sigma**2 - space.image_sigma**2
    first = blurred(grey, added**0.5) if added > 0 else grey
    octave, pixel = 0, 1.0
    while min(first.shape) > space.smallest:
        images, responses = [first], [_kernels.hessian(first, space.sigma**4)]
        for number in range(1, space.levels + 2):
            before, sigma = (space.sigma * 2 ** (level / space.levels) for level in (number - 1, number))
            images = [*images[-2:], blurred(images[-1], (sigma**2 - before**2) ** 0.5)]
            responses = [*responses[-2:], _kernels.hessian(images[-1], sigma**4)]
            if number > 1:
                low, middle, high = responses
                yield Level(octave, number - 1, pixel, before, images[0], (low, middle, high))
            if number == space.levels:
                height, width = images[-1].shape
                first = np.ascontiguousarray(images[-1][: height // 2 * 2 : 2, : width // 2 * 2 : 2])
        octave, pixel = octave + 1, 2 * pixel


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur an image (H, W) float32 by a Gaussian that is cut off at three standard deviations, ``sigma`` in pixels."""
    import cv2

    size = int(2 * 3 * sigma + 1) | 1
    result: np.ndarray = cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    return result

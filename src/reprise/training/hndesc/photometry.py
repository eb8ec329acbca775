"""Random changes of brightness, colour and sharpness of crops, by which HNDesc is trained (Melekhov et al., 3DV 2021).

They are those of albumentations 1.1.0 with the published settings, written anew on OpenCV; what is drawn is not the
same. Each takes a crop, (c, c, 3) uint8 RGB, and returns another one of the same shape and dtype.
"""

from collections.abc import Callable

import cv2
import numpy as np

_SIDES = (3, 5, 7)  # of blurring kernels, in pixels
_COLOUR, _BLUR, _NOISE = 0.6, 0.3, 0.1  # shares of all crops
_LEVELS = np.arange(256, dtype=np.float32)

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def changed(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Change a crop: 60% of all in colour, in one of five ways, 30% by a blur, of two kinds, and 10% by noise.

    Args:
        crop: (c, c, 3) uint8 RGB
        random: what is drawn from

    Returns:
        (c, c, 3) uint8
    """
    if random.random() < _COLOUR:
        crop = _one_of(_COLOURS, random)(crop, random)
    if random.random() < _BLUR:
        crop = _one_of(_BLURS, random)(crop, random)
    if random.random() < _NOISE:
        crop = noisy(crop, random)
    return crop


def other_brightness(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Change brightness by up to 0.3 of the largest value, and contrast by up to 0.2."""
    contrast, brightness = random.uniform(0.8, 1.2), random.uniform(-0.3, 0.3)
    return cv2.LUT(crop, _table(_LEVELS * np.float32(contrast) + np.float32(255 * brightness)))


def other_hue(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Change the hue by up to 10 steps of 2 degrees, and the saturation by up to 30 of 255."""
    hue, saturation, value = cv2.split(cv2.cvtColor(crop, cv2.COLOR_RGB2HSV))
    hue = cv2.LUT(hue, np.mod(_LEVELS + np.float32(random.uniform(-10, 10)), 180).astype(np.uint8))
    saturation = cv2.LUT(saturation, _table(_LEVELS + np.float32(random.uniform(-30, 30))))
    return cv2.cvtColor(cv2.merge((hue, saturation, value)), cv2.COLOR_HSV2RGB)


def equalised(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Equalise the lightness in 8 x 8 tiles (CLAHE), with a limit of 1 to 4."""
    lightness, *colour = cv2.split(cv2.cvtColor(crop, cv2.COLOR_RGB2LAB))
    lightness = cv2.createCLAHE(random.uniform(1, 4), (8, 8)).apply(lightness)
    return cv2.cvtColor(cv2.merge((lightness, *colour)), cv2.COLOR_LAB2RGB)


def grey(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Take the colours away."""
    return cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def shuffled(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Put the channels in another order."""
    return np.ascontiguousarray(crop[..., random.permutation(3)])


def softened(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Blur by a Gaussian, of the standard deviation that OpenCV gives its side of 3, 5 or 7 pixels."""
    side = int(random.choice(_SIDES))
    return cv2.GaussianBlur(crop, (side, side), 0)


def averaged(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Blur by the mean of squares with a side of 3, 5 or 7 pixels."""
    side = int(random.choice(_SIDES))
    return cv2.blur(crop, (side, side))


def noisy(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise with a variance of 10 to 50, of its own in every channel."""
    noise = random.standard_normal(crop.shape, np.float32) * np.float32(np.sqrt(random.uniform(10, 50)))
    return np.clip(crop + noise, 0, 255).astype(np.uint8)


# The published weights, of those that are chosen from.
_COLOURS: dict[Change, float] = {other_brightness: 0.7, other_hue: 0.7, equalised: 0.5, grey: 0.5, shuffled: 0.1}
_BLURS: dict[Change, float] = {softened: 1.0, averaged: 1.0}


def _one_of(weights: dict[Change, float], random: np.random.Generator) -> Change:
    shares = np.array(list(weights.values()))
    return list(weights)[int(random.choice(len(shares), p=shares / shares.sum()))]


def _table(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).astype(np.uint8)

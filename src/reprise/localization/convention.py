"""Keypoints as COLMAP has them, and as HNDesc gave them to it."""

import numpy as np

from reprise.formats.named_features import NamedFeatures
from reprise.localization.settings import LocalizationSettings

_HALF_PIXEL = np.float32(0.5)


def colmap_keypoints(features: NamedFeatures, name: str, settings: LocalizationSettings) -> np.ndarray:
    """Return the keypoints (n, 2) float32 of an image, in pixels.

    Those of features have the centre of the first pixel at (0.5, 0.5), as COLMAP; without ``colmap_half_pixel`` it is
    at (0, 0).
    """
    keypoints = features.keypoints(name).astype(np.float32)
    return keypoints if settings.colmap_half_pixel else keypoints - _HALF_PIXEL

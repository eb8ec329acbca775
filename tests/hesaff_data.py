"""Golden arrays of the Hessian-affine detector: drawn images, and photographs, no part of the project."""

from functools import cache

import cv2
import numpy as np
import pytest
from paths import ROOT

#: (archive, number of the image)
CASES = [("hesaff", 0), ("hesaff", 1), ("hesaff_photo", 0), ("hesaff_photo", 1)]
MEASUREMENT_REGION = 3 * np.sqrt(3)


class Golden:
    """The arrays of one image; ``golden.regions`` is ``regions_<number>`` of the archive.

    Attributes:
        pixels: (H, W, 3) uint8 RGB
    """

    def __init__(self, arrays, number):
        self._arrays, self._number = arrays, number
        decoded = cv2.imdecode(self.image_png, cv2.IMREAD_COLOR)
        self.pixels = np.ascontiguousarray(decoded[..., ::-1])

    def __getattr__(self, key):
        return self._arrays[f"{key}_{self._number}"]


@cache
def load(archive, number):
    """The golden arrays of an image; skips the test where the photographs are not there."""
    folder = ROOT / "tests" / "data" / "golden" if archive == "hesaff" else ROOT.parent / "shared" / "golden"
    path = folder / f"{archive}.npz"
    if not path.exists():
        pytest.skip(f"no photographs at {path}")
    return Golden(np.load(path, allow_pickle=False), number)


def match(places, expected):
    """For each row of ``expected``, the nearest row of ``places``, by the largest difference of a column."""
    return np.abs(places[:, None] - expected[None]).max(axis=2).argmin(axis=0)


def places(keypoints):
    """The position, in the convention of the arrays, and the scale of keypoints: (N, 3)."""
    return np.column_stack([keypoints.keypoints - 0.5, keypoints.scales])


def golden_places(golden):
    """The same of the golden regions."""
    a, b, c = golden.regions[:, 2:].T
    return np.column_stack([golden.regions[:, :2], (a * c - b * b) ** -0.25 / MEASUREMENT_REGION])

"""Keypoints of OpenCV's SIFT (Lowe, IJCV 2004): extrema of differences of Gaussians, with an orientation."""

import numpy as np
from pydantic import Field

from reprise.detectors.base import DetectorSettings, ImageDetector
from reprise.detectors.keypoints import Keypoints
from reprise.geometry.conventions import from_opencv_sift
from reprise.geometry.frames import frames_from_scales


class Settings(DetectorSettings):
    """Settings of OpenCV's SIFT detector."""

    upright: bool = Field(False, description="the vertical direction of the image is kept, orientations are not used")


class Detector(ImageDetector):
    """OpenCV's SIFT detector, on the luma of the image."""

    settings: Settings

    def find(self, pixels: np.ndarray) -> Keypoints:
        """Find keypoints, in the order of OpenCV.

        A place with several orientations is found several times, upright keypoints only once.

        Args:
            pixels: (H, W, 3) uint8 RGB, or (H, W) uint8 grey

        Returns:
            the keypoints; scores are the responses of the detector
        """
        import cv2

        luma = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        found = cv2.SIFT.create().detect(luma, None)
        rows = np.array([(*each.pt, each.response, each.size, each.angle) for each in found]).reshape(-1, 5)
        angles: np.ndarray | None = np.radians(rows[:, 4])
        if self.settings.upright:
            rows, angles = rows[_firsts(rows[:, :4])], None
        scales = rows[:, 3] / 2  # OpenCV gives diameters
        columns = (from_opencv_sift(rows[:, :2]), rows[:, 2], scales, frames_from_scales(scales, angles))
        return Keypoints(*(column.astype(np.float32) for column in columns))


Detector.Settings = Settings


def _firsts(rows: np.ndarray) -> np.ndarray:
    """The indices of rows that are equal to none before, ascending."""
    return np.sort(np.unique(rows, axis=0, return_index=True)[1])

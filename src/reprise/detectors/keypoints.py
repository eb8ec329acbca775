"""The keypoints of one image, which detectors return and descriptors take."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Keypoints:
    """Keypoints of an image, in the order of their detector.

    Attributes:
        keypoints: (N, 2) float32 x, y in pixels of the image; the centre of the first pixel is at (0.5, 0.5)
        scores: (N,) float32, larger is stronger
        scales: (N,) float32, the standard deviation in pixels of the Gaussian at which the keypoint was found
        affine: (N, 2, 2) float32, frames (:mod:`reprise.geometry.frames`) of the area of a circle with the scale as
            its radius; a descriptor enlarges them to its measurement region
    """

    keypoints: np.ndarray
    scores: np.ndarray
    scales: np.ndarray
    affine: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        return f"Keypoints({len(self)} keypoints)"

    def select(self, rows: np.ndarray) -> "Keypoints":
        """Return the keypoints of ``rows``: indices, or (N,) bool."""
        return Keypoints(self.keypoints[rows], self.scores[rows], self.scales[rows], self.affine[rows])

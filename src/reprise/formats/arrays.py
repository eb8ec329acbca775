"""The containers that pass between extractors, files and matchers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LocalFeatures:
    """The local features of one image, in the order of their extractor, on which the last digits of sums depend.

    descriptors  (n, D) float32
    scores       (n,) float32, larger is stronger: attention for HOW, detector response for SIFT
    keypoints    (n, 2) float32, pixels of the original image, x to the right and y down, the origin in the outer
                 corner of the first pixel (so that the centre of the first pixel is at 0.5, 0.5)
    scales       (n,) float32: factor of the image pyramid for networks, diameter in pixels for SIFT
    """

    descriptors: np.ndarray
    scores: np.ndarray
    keypoints: np.ndarray
    scales: np.ndarray

    def __len__(self) -> int:
        return len(self.descriptors)

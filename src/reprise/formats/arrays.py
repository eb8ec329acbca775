"""The container that passes between extractors, files and search engines."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class LocalFeatures:
    """Local features, of one image or of several one after the other, in the order of their extractor.

    The last digits of sums depend on that order. Files of the dense layout hold them by descending score.

    Attributes:
        descriptors: (n, D) float32, or float16 as stored; (n, 0) where there are none
        scores: (n,) float32, larger is stronger: attention for HOW, detector response for SIFT, weight for AMES
        keypoints: (n, 2) float32, pixels of the original image, x to the right and y down; the centre of the first
            pixel is at (0.5, 0.5), COLMAP's convention. Those of the published dense files are (y, x), in the units
            of their extractor (``Features.keypoint_convention``)
        scales: (n,) float32, factor of the image pyramid for networks, diameter in pixels for SIFT, index of the
            scale in dense files
        global_descriptors: kind -> (G,) float32, of one image
        affine: (n, 2, 2) float32, the shape of each keypoint, or None
    """

    descriptors: np.ndarray
    scores: np.ndarray
    keypoints: np.ndarray
    scales: np.ndarray
    global_descriptors: Mapping[str, np.ndarray] = field(default_factory=dict, kw_only=True)
    affine: np.ndarray | None = field(default=None, kw_only=True)

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        kinds = "".join(f", '{kind}' of {len(vector)}" for kind, vector in self.global_descriptors.items())
        affine = "" if self.affine is None else ", affine"
        return f"LocalFeatures({len(self)} features of {self.descriptors.shape[1]} dimensions{affine}{kinds})"

"""The RootSIFT extractor: OpenCV's SIFT with the Hellinger kernel (Arandjelovic and Zisserman, CVPR 2012)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from reprise.datasets.images import Box
from reprise.extractors.images import LoadedImage, load_image
from reprise.extractors.parameters import complete, count
from reprise.formats.arrays import LocalFeatures


class Extractor:
    """Parameters:

    image_size    None: longer side in pixels to which the whole image is shrunk; None keeps images as they are
    num_features  1000: the strongest features that are kept, by the response of the detector; None keeps all

    DataError: an unknown or unfit parameter. SIFT runs on the CPU, whatever the device.
    """

    dim = 128

    def __init__(self, parameters: Mapping[str, Any], device: str = "cpu") -> None:
        values = complete("rootsift", parameters, {"image_size": None, "num_features": 1000})
        self._image_size = count("rootsift", "image_size", values["image_size"])
        self._num_features = count("rootsift", "num_features", values["num_features"])
        self._sift = cv2.SIFT.create(nfeatures=self._num_features or 0)

    def load(self, path: Path, box: Box | None) -> LoadedImage:
        """Decode an image in grey, crop and shrink it. DataError: see :func:`reprise.extractors.images.load_image`.

        The box is cut to whole pixels by truncation, as is the custom with OpenCV, and not rounded as for HOW.
        """
        whole = None if box is None else (int(box[0]), int(box[1]), int(box[2]), int(box[3]))
        return load_image(path, whole, self._image_size, mode="L")

    def extract(self, loaded: LoadedImage) -> LocalFeatures:
        """The local features; descriptors (n, 128) have unit L2 norm, scales are diameters in pixels of the file.

        They stand in the order of OpenCV, which is not that of their scores: k-means starts from descriptors by
        their position, so another order gives another codebook. Where the weakest has equals, OpenCV returns a few
        features too many; the last ones are dropped.
        """
        found, sift = self._sift.detectAndCompute(loaded.pixels, None)
        if not found:
            return LocalFeatures(*(np.zeros(shape, np.float32) for shape in ((0, self.dim), 0, (0, 2), 0)))
        scores = np.array([keypoint.response for keypoint in found], np.float32)
        kept = slice(self._num_features)
        # OpenCV counts from the centre of the first pixel, and doubling the image moves its keypoints by a quarter.
        keypoints = np.array([keypoint.pt for keypoint in found]) + 0.5 - 0.25
        diameters = np.array([keypoint.size for keypoint in found]) * max(loaded.pixel_size)
        return LocalFeatures(
            _root(sift[kept]),
            scores[kept],
            loaded.to_original(keypoints[kept]),
            diameters[kept].astype(np.float32),
        )


def _root(sift: np.ndarray) -> np.ndarray:
    """The square root of L1-normalised descriptors; one of zeros, from a patch without contrast, stays as it is."""
    return np.sqrt(sift / np.maximum(np.abs(sift).sum(axis=1, keepdims=True), np.finfo(np.float32).eps))

"""RootSIFT extractor: OpenCV's SIFT with the Hellinger kernel (Arandjelovic and Zisserman, CVPR 2012)."""

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from reprise.extractors.base import ImageExtractor
from reprise.extractors.settings import BoxSetting, ExifSetting, ExtractorSettings, ImageSize
from reprise.formats.arrays import LocalFeatures
from reprise.geometry.conventions import from_opencv_sift
from reprise.images.boxes import Box
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource


class Settings(ExtractorSettings):
    """Settings of the RootSIFT extractor."""

    image_size: ImageSize | None = Field(
        None, description="pixels of the longer side of the whole image; larger images are shrunk, null keeps them"
    )
    num_features: int | None = Field(
        1000, ge=1, description="the strongest features that are kept, by the response of the detector; null keeps all"
    )
    box: BoxSetting = "crop"
    exif: ExifSetting = None

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of SIFT."""
        return 128


class Extractor(ImageExtractor):
    """OpenCV's SIFT, which runs on the CPU, whatever the device.

    Args:
        settings: the settings of the extractor
        device: not used
    """

    dim = 128

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        self._settings = settings
        self.exif = settings.exif or "ignore"

    def load(self, image: ImageSource, box: Box | None = None) -> PreparedImage:
        """Decode an image in grey, crop and shrink it; see :func:`reprise.images.prepare_rootsift.prepare`."""
        from reprise.images.prepare_rootsift import prepare

        return prepare(image, box, self._settings.image_size, box_use=self._settings.box, orientation=self.exif)

    def features(self, loaded: PreparedImage) -> LocalFeatures:
        """Extract local features.

        They are in the order of OpenCV, which is not that of their scores: k-means starts from descriptors by their
        position, so another order gives another codebook. Where several are as weak as the weakest, OpenCV returns a
        few features too many; the last ones are dropped.

        Args:
            loaded: an image as :meth:`load` returned it

        Returns:
            descriptors (n, 128) float32 of unit L2 norm; keypoints (n, 2) float32 in pixels of the file; scores (n,),
            the responses of the detector; scales (n,), diameters in pixels of the file
        """
        import cv2

        limit = self._settings.num_features
        detector = cv2.SIFT.create(nfeatures=limit or 0) if loaded.box is None else cv2.SIFT.create()
        found, sift = detector.detectAndCompute(loaded.pixels, None)
        if not found:
            return LocalFeatures(*(np.zeros(shape, np.float32) for shape in ((0, self.dim), 0, (0, 2), 0)))
        scores = np.array([keypoint.response for keypoint in found], np.float32)
        places = from_opencv_sift(np.array([keypoint.pt for keypoint in found]))
        keypoints = loaded.to_original(places)
        diameters = np.array([keypoint.size for keypoint in found]) * max(loaded.pixel_size)
        if loaded.box is None:
            kept = np.arange(len(found))[:limit]
        else:
            within = np.flatnonzero(loaded.counts(keypoints))
            kept = np.sort(within[np.argsort(-scores[within], kind="stable")[:limit]])
        return LocalFeatures(_root(sift[kept]), scores[kept], keypoints[kept], diameters[kept].astype(np.float32))


Extractor.Settings = Settings


def _root(sift: np.ndarray) -> np.ndarray:
    """Compute the square root of L1-normalised descriptors; a zero vector, from a patch without contrast, is kept."""
    return np.sqrt(sift / np.maximum(np.abs(sift).sum(axis=1, keepdims=True), np.finfo(np.float32).eps))

"""The first stage of extractors of type ``detected``: from an image to its keypoints, for any descriptor.

What it imports is in the recipes of keypoints, so that it knows no descriptor.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import create_model

from reprise.detectors.base import DetectorSettings
from reprise.detectors.keypoints import Keypoints
from reprise.detectors.registry import DETECTORS
from reprise.extractors.base import ImageExtractor
from reprise.extractors.preparing import Preparation, Preparer
from reprise.formats.arrays import LocalFeatures
from reprise.images.boxes import Box
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource


def detection_settings(name: str, where: str) -> type[DetectorSettings]:
    """Return the model of the entries of a detector in the configuration.

    Args:
        name: the type of the detector
        where: what errors begin with

    Raises:
        DataError: an unknown name
    """
    return _with_preparation(DETECTORS.settings_of(name, where))


@functools.cache
def _with_preparation(model: type[DetectorSettings]) -> type[DetectorSettings]:
    bases: Any = (Preparation, model)
    return create_model(model.__name__, __base__=bases, __module__=model.__module__, __doc__=model.__doc__)


class Detection(ImageExtractor):
    """Keypoints in pixels of the file, which are still to be described.

    Args:
        detector: the settings of the detector
        preparation: how images are prepared for it
        device: where its network runs, if it has one
    """

    dim = 0
    affine = True
    keypoint_type = "f8"

    def __init__(self, detector: DetectorSettings, preparation: Preparation, device: str = "cpu") -> None:
        self._detector = DETECTORS.construct(detector, device)
        self._num_features = preparation.num_features
        self._preparer = Preparer(preparation)
        self.exif = self._preparer.exif

    def load(self, image: ImageSource, box: Box | None = None) -> PreparedImage:
        """Decode an image, crop and shrink it, as the preparation of the detector says."""
        return self._preparer.for_detector(image, box)

    def features(self, loaded: PreparedImage) -> LocalFeatures:
        """Find the keypoints of an image, in the order of the detector.

        Args:
            loaded: an image as :meth:`load` returned it

        Returns:
            no descriptors; keypoints (n, 2), affine (n, 2, 2) and scales (n,), standard deviations, float64 in pixels
            of the file, from which :func:`in_prepared` gets back what the detector found; scores (n,) float32
        """
        found = self._detector.detect(loaded.pixels)
        kept = np.flatnonzero(loaded.counts(loaded.to_original(found.keypoints)))
        strongest = np.argsort(-found.scores[kept], kind="stable")[: self._num_features]
        found = found.select(np.sort(kept[strongest]))
        sizes = np.array(loaded.pixel_size)
        return LocalFeatures(
            np.zeros((len(found), 0), np.float32),
            found.scores,
            loaded.in_the_file(found.keypoints),
            found.scales * np.sqrt(sizes.prod()),
            affine=sizes[:, None] * found.affine,
        )


def load_detection(settings: Mapping[str, Any], device: str = "cpu") -> Detection:
    """Load the first stage of an extractor.

    Args:
        settings: the entry of a detector, with files in place of the names of networks
        device: where its network runs, if it has one

    Raises:
        DataError: an unknown type or setting, or an unfit value
    """
    where = f"detector {settings['type']}"
    read: Any = detection_settings(settings["type"], where).read(settings, where)
    return Detection(read, read, device)


def has_networks(settings: Mapping[str, Any]) -> bool:
    """Tell whether a detector with these settings, its type included, has a network to run."""
    return bool(detection_settings(settings["type"], "detector").checkpoints)


def in_prepared(placed: LocalFeatures, loaded: PreparedImage) -> Keypoints:
    """Map keypoints of the file, as :meth:`Detection.features` returns them, to its prepared image."""
    sizes = np.array(loaded.pixel_size)
    affine = np.zeros((0, 2, 2)) if placed.affine is None else placed.affine
    return Keypoints(
        loaded.from_the_file(placed.keypoints),
        placed.scores,
        (placed.scales / np.sqrt(sizes.prod())).astype(np.float32),
        (affine / sizes[:, None]).astype(np.float32),
    )

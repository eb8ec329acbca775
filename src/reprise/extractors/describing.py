"""The second stage of extractors of type ``detected``: keypoints that were found before are described."""

import os
from typing import Any, Protocol

from reprise.datasets.images import ImageList
from reprise.extractors.chunks import AnyExtractor, extract_images
from reprise.formats.arrays import LocalFeatures
from reprise.formats.features import open_features
from reprise.images.boxes import Box
from reprise.images.sources import ImageSource
from reprise.storage.errors import DataError


class DescribingExtractor(AnyExtractor, Protocol):
    """An extractor that describes keypoints of a detector."""

    def load_described(self, image: ImageSource, box: Box | None) -> Any:
        """Decode and prepare an image for the descriptor; runs in threads, ahead of ``describe``."""

    def describe(self, loaded: Any, found: LocalFeatures) -> LocalFeatures:
        """Describe the keypoints ``found`` of a prepared image."""


def describe_images(
    images: ImageList,
    extractor: DescribingExtractor,
    keypoints: str | os.PathLike,
    path: str | os.PathLike,
    **options: Any,
) -> None:
    """Write the features of ``images`` to ``path``, with keypoints that were found before.

    Args:
        images: as they were given to the detector
        extractor: describes keypoints
        keypoints: the file of keypoints of ``images``
        path: the file of features
        options: as for :func:`reprise.extractors.chunks.extract_images`

    Raises:
        DataError: as :func:`reprise.extractors.chunks.extract_images`, or keypoints of other images
    """
    with open_features(keypoints) as found:
        found.require("what describes keypoints", affine=True, descriptors=False)
        if found.names != images.names:
            raise DataError(f"{keypoints}: has keypoints of other images than those of {path}; delete it and run again")
        skipped = set(found.skipped)

        def features_of(row: int, loaded: Any) -> LocalFeatures:
            if images.names[row] in skipped:
                raise DataError(
                    f"could not be decoded when its keypoints were looked for; delete {keypoints} and run again"
                )
            return extractor.describe(loaded, found.features(row))

        extract_images(images, extractor, path, load=extractor.load_described, features_of=features_of, **options)

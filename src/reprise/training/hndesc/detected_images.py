"""Images whose keypoints a detector found, in place of those that are published beside them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from reprise.datasets.megadepth import KeypointImages
from reprise.formats.features import open_features
from reprise.geometry.conventions import to_opencv
from reprise.images.decoding import orientation_of
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class DetectedImages(KeypointImages):
    """Images, copies of them, and keypoints that are in memory.

    Attributes:
        found: (N, 2) float32 of each image, the centre of the first pixel at (0, 0)
    """

    found: tuple[np.ndarray, ...] = ()

    @classmethod
    def read(cls, images: KeypointImages, files: Iterable[str | os.PathLike]) -> Self:
        """Read the keypoints of images.

        Args:
            images: the images
            files: of keypoints, which hold all images in their order

        Raises:
            DataError: files of other images
        """
        names: list[str] = []
        found: list[np.ndarray] = []
        for file in files:
            with open_features(file) as features:
                names += features.names or []
                found += [to_opencv(features.block(row, row + 1).keypoints) for row in range(len(features))]
        if names != images.images.names:
            raise DataError(f"{', '.join(map(str, files))}: hold keypoints of other images; delete them and run again")
        return cls(images.images, images.stylised, images.keypoints, tuple(found))

    def points(self, row: int) -> np.ndarray:
        """Return the keypoints of an image, (N, 2) float64, the centre of the first pixel at (0, 0).

        Raises:
            DataError: a file that EXIF says is to be rotated: a detector may see it upright, and crops are not
        """
        path = self.images.paths[row]
        if orientation_of(path) != 1:
            raise DataError(f"{path}: EXIF says that it is to be rotated; store it upright, or take it out")
        return self.found[row].astype(np.float64)

"""Ragged local features in the form that AMES reads: so many rows per image, strongest first."""

from collections.abc import Iterable

import numpy as np

from reprise.formats.features import FeatureFile
from reprise.storage.errors import DataError


class RaggedFile:
    """A ``FeatureFile`` with the reading interface of ``DenseFile``.

    Attributes:
        names: the images, in order; num_images: N; dim: D
        num_features: the largest number of features of an image
    """

    def __init__(self, file: FeatureFile):
        self.path = file.path
        self.names = file.names
        self.num_images = len(file)
        self.dim = file.dim
        self.num_features = int(file.counts().max(initial=0))
        self._file = file

    def __reduce__(self) -> tuple:
        return _reopened, (self.path,)

    def __len__(self) -> int:
        return self.num_images

    def read(self, rows: Iterable[int] | np.ndarray, num_features: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """As ``DenseFile.read``: descriptors (n, k, D) float32, strongest first, padded with 0, and counts (n,).

        An image may have fewer than ``num_features``, so any number may be asked for; None means the largest number.

        Raises:
            DataError: rows outside of the file, or NaN or infinity in a descriptor
        """
        rows = np.asarray(rows)
        if rows.ndim != 1 or (rows.size and (rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= len(self))):
            raise DataError(f"{self.path}: rows have to be integers from 0 to {len(self) - 1}, got {rows}")
        count = self.num_features if num_features is None else num_features
        if count < 1:
            raise DataError(f"{self.path}: {count} local descriptors per image were asked for, expected at least 1")
        descriptors = np.zeros((len(rows), count, self.dim), np.float32)
        counts = np.zeros(len(rows), np.int64)
        for image in np.unique(rows):
            features = self._file.features(int(image))
            strongest = np.argsort(-features.scores, kind="stable")[:count]
            values = features.descriptors[strongest]
            if not np.isfinite(values).all():
                raise DataError(f"{self.path}: image '{self.names[image]}': descriptors contain NaN or infinity")
            places = np.flatnonzero(rows == image)
            descriptors[places, : len(values)] = values
            counts[places] = len(values)
        return descriptors, counts


def _reopened(path: str) -> RaggedFile:
    return RaggedFile(FeatureFile(path))

"""The strongest features of one image at a time."""

import functools
import os
from dataclasses import dataclass

import numpy as np

from reprise.formats.feature_reader import Features
from reprise.formats.features import open_features
from reprise.storage.errors import DataError

_HELD = 64  # images that are kept in memory


@dataclass(frozen=True)
class Strongest:
    """Features of an image, in the order of the file.

    Attributes:
        rows: (n,) int64, their places among all features of the image
        descriptors: (n, D) float32
        keypoints: (n, 2) float32, see ``keypoint_convention`` of the file
    """

    rows: np.ndarray
    descriptors: np.ndarray
    keypoints: np.ndarray


def read_strongest(file: Features, image: int, rows: np.ndarray) -> Strongest:
    """Read the strongest features of an image.

    Args:
        file: the features of all images
        image: its number
        rows: (n,) int64, ascending: the strongest features of all images, see :meth:`Features.rows`

    Raises:
        DataError: NaN or infinity among the descriptors
    """
    start, stop = file.offsets[image : image + 2]
    own = rows[slice(*np.searchsorted(rows, [start, stop]))] - start
    block = file.block(image, image + 1)
    descriptors = block.descriptors[own].astype(np.float32)
    if not np.isfinite(descriptors).all():
        raise DataError(f"{file.where(image)}: descriptors contain NaN or infinity; extract it again")
    return Strongest(own, descriptors, block.keypoints[own])


class StrongestFeatures:
    """A file of features, of which the strongest of an image are read when they are asked for, and a few are kept.

    Args:
        path: the file
        num_features: number of features of an image, at most; None for all

    Attributes:
        file: the file
    """

    def __init__(self, path: str | os.PathLike, num_features: int | None = None):
        self.file = open_features(path)
        self._rows = self.file.rows(num_features)
        self.read = functools.lru_cache(_HELD)(self._read)

    def _read(self, image: int) -> Strongest:
        return read_strongest(self.file, image, self._rows)

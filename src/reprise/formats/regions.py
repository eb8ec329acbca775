"""Files of regions with visual words: what spatial verification compares images by.

Layout (docs/formats.md): ``words`` (F,) u4, ``keypoints`` (F, 2) f4, ``frames`` (F, 2, 2) f4, ``offsets`` (N + 1,) i8;
``names`` (N,) where the images have names. Attributes: ``n_words``, and ``codebook``, which tells it from others.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.formats.virtual import Rows
from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "regions with visual words"
_DATASETS = {"words": 1, "keypoints": 2, "frames": 3, "offsets": 1}
_KINDS = {"words": "iu", "keypoints": "f", "frames": "f"}


@dataclass(frozen=True)
class StoredRegions:
    """The regions of images, one image after the other.

    Attributes:
        words: (F,) uint32 visual words
        keypoints: (F, 2) float32, x and y in pixels
        frames: (F, 2, 2) float32 affine shapes
        offsets: (N + 1,) int64: image i has the rows offsets[i] to offsets[i + 1]
    """

    words: np.ndarray
    keypoints: np.ndarray
    frames: np.ndarray
    offsets: np.ndarray


def write_regions(
    path: str | os.PathLike, regions: StoredRegions, *, n_words: int, codebook: str, names: Sequence[str] | None,
    attributes: Mapping[str, object],
) -> None:  # fmt: skip
    """Write a file of regions.

    Args:
        path: the file; it appears when it is complete
        regions: of all images
        n_words: number of visual words
        codebook: tells the codebook from others
        names: of the images, if they have any
        attributes: HDF5 attributes of the file, such as the recipe
    """
    with hdf5.create(path, {**attributes, "n_words": n_words, "codebook": codebook}) as file:
        for key in _DATASETS:
            hdf5.write_array(file, key, getattr(regions, key))
        if names is not None:
            hdf5.write_names(file, "names", list(names))


class RegionFile:
    """A file of regions, opened for reading.

    Args:
        path: the file

    Attributes:
        path: the file
        n_words: number of visual words
        codebook: tells the codebook from others
        names: of the images; None where they have none
        offsets: (N + 1,) int64

    Raises:
        DataError: another file, or datasets that do not fit each other
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        with hdf5.open_checked(path, _DATASETS, _KIND) as file:
            for name in ("n_words", "codebook"):
                if name not in file.attrs:
                    raise DataError(f"{path}: attribute '{name}' is missing; delete it and run again")
            self.n_words, self.codebook = int(file.attrs["n_words"]), str(file.attrs["codebook"])
            self.names = hdf5.read_names(file, "names") if "names" in file else None
            self.offsets: np.ndarray = hdf5.read_array(file, "offsets", "iu").astype(np.int64)
            for key, kinds in _KINDS.items():
                if file[key].dtype.kind not in kinds:
                    raise DataError(f"{path}: '{key}' are of type {file[key].dtype}; delete it and run again")
        self._rows = [Rows(self.path, key, _KIND) for key in _KINDS]
        lengths = {len(rows) for rows in self._rows}
        ascending = len(self.offsets) and self.offsets[0] == 0 and (np.diff(self.offsets) >= 0).all()
        if not ascending or lengths != {int(self.offsets[-1])}:
            raise DataError(f"{path}: 'offsets' and the other datasets do not fit each other; delete it and run again")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def read(self, images: np.ndarray) -> StoredRegions:
        """Read some images, in the given order; each is read where it stands.

        Args:
            images: (n,) int64

        Raises:
            DataError: images outside of the file, words that the codebook does not have, or values that are not finite
        """
        if len(images) and (images.min() < 0 or images.max() >= len(self)):
            raise DataError(f"{self.path}: has {len(self)} images, asked for {images.min()} to {images.max()}")
        words, keypoints, frames = (self._gather(rows, images) for rows in self._rows)
        if (words >= self.n_words).any() or not (np.isfinite(keypoints).all() and np.isfinite(frames).all()):
            raise DataError(f"{self.path}: holds words or numbers that cannot be; delete it and run again")
        counts = self.offsets[images + 1] - self.offsets[images]
        return StoredRegions(words, keypoints, frames, np.concatenate([[0], np.cumsum(counts)]))

    def _gather(self, rows: Rows, images: np.ndarray) -> np.ndarray:
        parts = [rows.read(int(self.offsets[image]), int(self.offsets[image + 1])) for image in images]
        return np.concatenate([np.empty((0, *rows.shape[1:]), rows.dtype), *parts])

"""Files of dense local features: a fixed number of rows per image, strongest first, as AMES uses them.

One layout is written, all published ones are read (docs/formats.md, ``reprise.formats.dense_layouts``).
"""

import os
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from reprise.formats.dense_layouts import FLAG, SCALE, WEIGHT, Layout, detect, refuse_broken
from reprise.formats.dense_writing import DenseFeatures
from reprise.formats.features import FeatureFile
from reprise.formats.ragged import RaggedFile
from reprise.formats.virtual import Segment, resolve
from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "dense local features"


class DenseFile:
    """A file of dense local features, single or merged, opened for reading.

    Opening a merged file checks that each of its sources is there, of the same K, D and type, and of the recipe that
    was merged. The rows are mapped into memory, so that only those that are asked for are read; compressed datasets
    are read through HDF5. Can be pickled: the copy opens the file anew.

    Attributes:
        names: the images, in order, None for published files, which have no names
        num_images: N; num_features: K, rows per image; dim: D
        packed: whether the descriptors are binarised codes (+1 and -1)
        dtype: of the descriptors that ``read`` returns
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        segments = resolve(self.path, "features", _KIND)
        with hdf5.open_checked(self.path, {}, _KIND) as file:
            self._layout: Layout = detect(file["features"], str(self.path))
            self.names = hdf5.read_names(file, "names") if "names" in file else None
            self.num_images = int(file["features"].shape[0])
        self.num_features, self.dim = self._layout.num_features, self._layout.dim
        self.packed, self.dtype = self._layout.packed, self._layout.dtype
        if self.names is not None and len(self.names) != self.num_images:
            raise DataError(f"{self.path}: {len(self.names)} 'names' for {self.num_images} images; write it again")
        self._sources = [_open_rows(segment) for segment in segments]
        self._starts = np.cumsum([0, *(segment.count for segment in segments)])

    def __reduce__(self) -> tuple:
        return DenseFile, (self.path,)

    def __len__(self) -> int:
        return self.num_images

    def read(self, rows: np.ndarray, num_features: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The strongest ``num_features`` descriptors (all K for None) of the images ``rows``, in any order.

        Each image is read once and in the order of the file, however often and wherever it is asked for.

        Returns:
            descriptors (n, k, D) in the stored type, and counts (n,) int64: how many of the k rows of an image are
            valid; the rows after them are padding and 0. An image may have no valid row

        Raises:
            DataError: rows outside of the file, more rows per image than it stores, padding before valid rows, or a
                valid row of zeros, NaN or infinity
        """
        count = self._check_count(num_features)
        rows = self._check_rows(rows)
        descriptors = np.zeros((len(rows), count, self.dim), self.dtype)
        counts = np.zeros(len(rows), np.int64)
        unique, first = np.unique(rows, return_index=True)
        for image, place in zip(unique, first, strict=True):
            metadata, values = self._layout.split(self._record(int(image)), count)
            counts[place] = valid = self._valid(metadata, int(image))
            descriptors[place, :valid] = values[:valid]
            if not self.packed:
                refuse_broken(descriptors[place, :valid], self._where(int(image)))
        if len(unique) < len(rows):
            source = first[np.searchsorted(unique, rows)]
            for place in np.flatnonzero(source != np.arange(len(rows))):
                descriptors[place], counts[place] = descriptors[source[place]], counts[source[place]]
        return descriptors, counts

    def features(self, image: int) -> DenseFeatures:
        """All valid rows that are stored about one image, without its global descriptors."""
        metadata, values = self._layout.split(self._record(int(self._check_rows([image])[0])), self.num_features)
        valid = self._valid(metadata, image)
        metadata = metadata[:valid].astype(np.float32)
        descriptors = np.ascontiguousarray(values[:valid], np.float32)
        if not self.packed:
            refuse_broken(descriptors, self._where(image))
        return DenseFeatures(descriptors, metadata[:, WEIGHT], metadata[:, :SCALE], metadata[:, SCALE])

    def globals(self, kind: str) -> np.ndarray:
        """The global descriptors ``kind`` (a dataset of the file, such as ``cls``) of all images: (N, G) float32."""
        parts = []
        for segment in resolve(self.path, kind, f"global descriptors '{kind}'"):
            with hdf5.open_checked(segment.path, {segment.key: 2}, f"global descriptors '{kind}'") as file:
                parts.append(file[segment.key][segment.start : segment.start + segment.count])
        result = np.concatenate(parts).astype(np.float32, copy=False)
        if len(result) != self.num_images or not np.isfinite(result).all():
            raise DataError(
                f"{self.path}: '{kind}' has {len(result)} rows for {self.num_images} images, or contains NaN or "
                "infinity; extract it again"
            )
        return result

    def _record(self, image: int) -> np.ndarray:
        source = int(np.searchsorted(self._starts, image, side="right")) - 1
        return self._sources[source][image - int(self._starts[source])]

    def _valid(self, metadata: np.ndarray, image: int) -> int:
        flags = metadata[:, FLAG]
        valid = int(np.count_nonzero(flags == 0))
        if (flags[:valid] != 0).any() or (flags[valid:] != 1).any():
            raise DataError(
                f"{self._where(image)}: the padding flags of its rows are not 0 and, at the end, 1; "
                "write the file again with valid rows first"
            )
        return valid

    def _check_count(self, num_features: int | None) -> int:
        count = self.num_features if num_features is None else num_features
        if not 1 <= count <= self.num_features:
            raise DataError(
                f"{self.path}: {count} local descriptors per image were asked for, the file stores "
                f"{self.num_features}; lower the number or extract again with more"
            )
        return count

    def _check_rows(self, rows: Iterable[int] | np.ndarray) -> np.ndarray:
        rows = np.asarray(rows)
        integers = rows.ndim == 1 and (rows.dtype.kind in "iu" or not rows.size)
        if not integers or (rows.size and (rows.min() < 0 or rows.max() >= self.num_images)):
            raise DataError(f"{self.path}: rows have to be integers from 0 to {self.num_images - 1}, got {rows}")
        return rows.astype(np.int64)

    def _where(self, image: int) -> str:
        return f"{self.path}: image {image}" + (f" ('{self.names[image]}')" if self.names else "")


def open_local(path: str | os.PathLike) -> DenseFile | RaggedFile:
    """Open local features of either kind, dense or ragged, for reading a fixed number per image.

    Both have ``names``, ``num_images``, ``dim`` and ``read(rows, num_features)``.
    """
    with hdf5.open_checked(path, {}, "local features") as file:
        ragged = "descriptors" in file
    return RaggedFile(FeatureFile(path)) if ragged else DenseFile(path)


def _open_rows(segment: Segment) -> np.ndarray | h5py.Dataset:
    """The rows of one source: mapped into memory where HDF5 stores them in one piece and unchanged."""
    file = hdf5.open_checked(segment.path, {}, _KIND)
    dataset = file[segment.key]
    offset = dataset.id.get_offset()
    if offset is None:
        return _Slice(dataset, segment.start)
    start = offset + segment.start * dataset.id.get_type().get_size() * int(np.prod(dataset.shape[1:]))
    mapped = np.memmap(segment.path, dataset.dtype, "r", start, (segment.count, *dataset.shape[1:]))
    file.close()
    return mapped


class _Slice:
    def __init__(self, dataset: h5py.Dataset, start: int):
        self._dataset, self._start = dataset, start

    def __getitem__(self, row: int) -> np.ndarray:
        return self._dataset[self._start + row]

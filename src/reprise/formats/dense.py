"""Files of dense local features: a fixed number of rows per image, strongest first, as AMES uses them.

One layout is written, all published ones are read (docs/formats.md, ``reprise.formats.dense_layouts``).
"""

import os
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np

from reprise.formats.arrays import LocalFeatures
from reprise.formats.dense_layouts import FLAG, SCALE, WEIGHT, Layout, detect, refuse_broken
from reprise.formats.feature_reader import Features
from reprise.formats.row_checksums import ROWS_PER_CHECKSUM, RowChecksums
from reprise.formats.virtual import Rows
from reprise.storage import hdf5
from reprise.storage.errors import DataError

KIND = "dense local features"
# Columns of the checksums of an image.
_METADATA, _DESCRIPTORS = 0, 1


class DenseReader(Features):
    """A dense file, opened for reading; see :class:`Features`.

    The rows are mapped into memory, so that only the requested ones are read; compressed datasets are read
    through HDF5, whole images at a time. Rows that are padding are left out of all but :meth:`read`.
    """

    layout = "dense"

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._records = Rows(self.path, "features", KIND)
        with hdf5.open_checked(self.path, {}, KIND, virtual=True) as file:
            self._layout: Layout = detect(file["features"], str(self.path))
            self.num_images = len(self._records)
            self.num_features, self.dim = self._layout.num_features, self._layout.dim
            self.packed, self.dtype = self._layout.packed, self._layout.dtype
            self._read_about(file)
            self.keypoint_convention = str(file.attrs.get("keypoint_convention", "published"))
            self._checksums = RowChecksums(
                self.path, file, KIND,
                num_images=self.num_images, num_rows=self.num_features, columns=2,
            )  # fmt: skip
        if self.names is not None and len(self.names) != self.num_images:
            raise DataError(f"{self.path}: {len(self.names)} 'names' for {self.num_images} images; write it again")

    @cached_property
    def offsets(self) -> np.ndarray:
        """See :attr:`Features.offsets`."""
        counts = np.zeros(self.num_images + 1, np.int64)
        for image in range(self.num_images):
            flags = self._layout.metadata(self._record(image))[:, FLAG]
            # Only the rows that the search for the boundary needs are read; reading the image checks all of them.
            counts[image + 1] = bisect_left(range(len(flags)), True, key=lambda row: bool(flags[row] != 0))
        return np.cumsum(counts)

    def read(
        self, images: Iterable[int] | np.ndarray, num_features: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`Features.read`."""
        count = self._check_count(num_features)
        images = self.check_images(images)
        descriptors = np.zeros((len(images), count, self.dim), self.dtype)
        counts = np.zeros(len(images), np.int64)
        unique, first = np.unique(images, return_index=True)
        for image, place in zip(unique, first, strict=True):
            values = self._valid(int(image), count)[1]
            counts[place] = len(values)
            descriptors[place, : len(values)] = values
        if len(unique) < len(images):
            source = first[np.searchsorted(unique, images)]
            for place in np.flatnonzero(source != np.arange(len(images))):
                descriptors[place], counts[place] = descriptors[source[place]], counts[source[place]]
        return descriptors, counts

    def read_rows(self, start: int, stop: int, num_features: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`Features.read_rows`."""
        count = self.num_features if num_features is None else min(num_features, self.num_features)
        blocks = [self._valid(image, count)[1] for image in range(start, stop)]
        ids = np.repeat(np.arange(start, stop), [len(block) for block in blocks])
        return self._joined(blocks, (0, self.dim)), ids

    def rows(self, num_features: int | None = None) -> np.ndarray:
        """See :meth:`Features.rows`."""
        counts = self.counts(num_features)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(self.offsets[:-1], counts) + within

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """See :meth:`Features.gather`."""
        result = np.empty((len(rows), self.dim), np.float32)
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        bounds = np.searchsorted(ascending, self.offsets)
        for image in np.flatnonzero(np.diff(bounds)):
            part = slice(bounds[image], bounds[image + 1])
            chosen = ascending[part] - self.offsets[image]
            record, blocks = self._record(int(image)), np.unique(chosen // ROWS_PER_CHECKSUM)
            self._checksums.check_blocks(int(image), self._stored_descriptors(record), blocks, _DESCRIPTORS)
            values = self._layout.descriptors(record, chosen)
            self._refuse_broken(values, int(image))
            result[order[part]] = values
        return result

    def block(self, start: int, stop: int) -> LocalFeatures:
        """See :meth:`Features.block`."""
        parts = [self._valid(image, self.num_features) for image in range(start, stop)]
        metadata = self._joined([part[0] for part in parts], (0, WEIGHT + 1))
        descriptors = self._joined([part[1] for part in parts], (0, self.dim))
        return LocalFeatures(descriptors, metadata[:, WEIGHT], metadata[:, :SCALE], metadata[:, SCALE])

    def keypoints(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.keypoints`."""
        return self._metadata(start, stop)[:, :SCALE]

    def scores(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.scores`."""
        return self._metadata(start, stop)[:, WEIGHT]

    def scales(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.scales`."""
        return self._metadata(start, stop)[:, SCALE]

    def affine(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.affine`."""
        raise self._lacks("what asks for affine shapes", "affine shapes of keypoints")

    def close(self) -> None:
        """See :meth:`Features.close`."""
        self._records.close()

    def _metadata(self, start: int, stop: int | None) -> np.ndarray:
        """Read the metadata of the valid rows of images, (n, 5) float32, without reading a descriptor."""
        blocks = []
        for image in range(start, self.num_images if stop is None else stop):
            metadata = self._checked_metadata(self._record(image), image, self.num_features)
            blocks.append(metadata[: self._count(metadata, image)])
        return self._joined(blocks, (0, WEIGHT + 1))

    def _valid(self, image: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Read metadata and descriptors of the valid ones of the first ``count`` rows, as stored."""
        record = self._record(image)
        metadata = self._checked_metadata(record, image, count)[:count]
        valid = self._count(metadata, image)
        self._checksums.check(image, self._stored_descriptors(record), valid, _DESCRIPTORS)
        values = self._layout.descriptors(record, slice(valid))
        self._refuse_broken(values, image)
        return metadata[:valid], values

    def _record(self, image: int) -> np.ndarray:
        return self._records[image]

    @staticmethod
    def _stored_descriptors(record: np.ndarray) -> np.ndarray:
        return record if record.dtype.names is None else record["descriptor"]  # files with checksums are not flat

    def _checked_metadata(self, record: np.ndarray, image: int, count: int) -> np.ndarray:
        """Return the metadata of a record, of which ``count`` rows are compared with their checksums."""
        metadata = self._layout.metadata(record)
        self._checksums.check(image, metadata, count, _METADATA)
        return metadata

    def _count(self, metadata: np.ndarray, image: int) -> int:
        flags = metadata[:, FLAG]
        valid = int(np.count_nonzero(flags == 0))
        if (flags[:valid] != 0).any() or (flags[valid:] != 1).any():
            raise DataError(
                f"{self.where(image)}: the padding flags of its rows are not 0 and, at the end, 1; "
                "write the file again with valid rows first"
            )
        return valid

    def _refuse_broken(self, values: np.ndarray, image: int) -> None:
        if not self.packed:
            refuse_broken(np.ascontiguousarray(values, self.dtype), self.where(image))

    def _check_count(self, num_features: int | None) -> int:
        count = self.num_features if num_features is None else num_features
        if not 1 <= count <= self.num_features:
            raise DataError(
                f"{self.path}: {count} local descriptors per image were asked for, the file stores "
                f"{self.num_features}; lower the number or extract again with more"
            )
        return count

    @staticmethod
    def _joined(blocks: list[np.ndarray], empty: tuple[int, int]) -> np.ndarray:
        return np.concatenate([np.zeros(empty, np.float32), *blocks]).astype(np.float32, copy=False)

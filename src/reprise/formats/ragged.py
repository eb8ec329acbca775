"""Files of ragged features, the layout of this project: any number of features per image.

Layout (docs/formats.md): ``offsets`` (images + 1), ``names`` (images), ``skipped``; rows of all images one after the
other: ``descriptors`` (N, D), ``keypoints`` (N, 2), ``scales`` (N), ``scores`` (N), ``affine`` (N, 2, 2); and by image
(images, G) one dataset for each kind of global descriptor. Files of earlier versions call the keypoints ``locations``
and the scores ``strengths``.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_reader import Features
from reprise.formats.virtual import Rows, locate
from reprise.storage import hdf5
from reprise.storage.errors import DataError

KIND = "local features"
_IMAGES_PER_BLOCK = 1024
_IMAGES_PER_RUN = 64
_ROWS_PER_BLOCK = 1 << 18
#: The datasets that hold one row per feature, their names in files of earlier versions, and their dimensions.
ROW_KEYS = {
    "descriptors": ("descriptors", 2),
    "keypoints": ("locations", 2),
    "scales": ("scales", 1),
    "scores": ("strengths", 1),
    "affine": ("affine", 3),
}
_OPTIONAL = ("descriptors", "affine")


class RaggedReader(Features):
    """A ragged file, opened for reading; see :class:`Features`."""

    layout = "ragged"

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        with hdf5.open_checked(self.path, {"offsets": 1, "names": 1}, KIND, virtual=True) as file:
            self._keys = row_keys(self.path, file)
            self._read_about(file)
            self._offsets = hdf5.read_array(file, "offsets", "iu").astype(np.int64, copy=False)
            self.keypoint_convention = str(file.attrs.get("keypoint_convention", "colmap"))
            self._check_chunks(file)
            self._check_shapes({key: file[stored].shape[0] for key, stored in self._keys.items()})
        self._opened: dict[str, Rows] = {}
        self.num_images = len(self._offsets) - 1
        self.num_features = int(np.diff(self._offsets).max(initial=0))
        self.has_affine = "affine" in self._keys
        self.dim, self.dtype = 0, np.dtype(np.float32)
        # Opened now, so that a missing source is found before hours of work; the other datasets when they are needed.
        self._rows("scores")
        if "descriptors" in self._keys:
            self.dim, self.dtype = self._rows("descriptors").shape[1], self._rows("descriptors").dtype

    @property
    def offsets(self) -> np.ndarray:
        """See :attr:`Features.offsets`."""
        return self._offsets

    def read(
        self, images: Iterable[int] | np.ndarray, num_features: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`Features.read`."""
        self.require("what reads descriptors")
        images = self.check_images(images)
        count = self.num_features if num_features is None else num_features
        if count < 1:
            raise DataError(f"{self.path}: {count} local descriptors per image were asked for, expected at least 1")
        descriptors = np.zeros((len(images), count, self.dim), self.dtype)
        counts = np.zeros(len(images), np.int64)
        for start, stop in _runs(np.unique(images)):
            first, last = self._offsets[start], self._offsets[stop]
            values = self._descriptors(first, last)
            scores = self._rows("scores").read(first, last)
            for image in range(start, stop):
                rows = slice(self._offsets[image] - first, self._offsets[image + 1] - first)
                strongest = values[rows][np.argsort(-scores[rows], kind="stable")[:count]]
                if not np.isfinite(strongest).all():
                    raise DataError(f"{self.where(image)}: descriptors contain NaN or infinity")
                places = np.flatnonzero(images == image)
                descriptors[places, : len(strongest)] = strongest
                counts[places] = len(strongest)
        return descriptors, counts

    def read_rows(self, start: int, stop: int, num_features: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`Features.read_rows`."""
        self.require("what reads descriptors")
        first, last = self._offsets[start], self._offsets[stop]
        descriptors = self._descriptors(first, last)
        ids = np.repeat(np.arange(start, stop), np.diff(self._offsets[start : stop + 1]))
        rows = self._strongest(start, stop, num_features)
        if rows is not None:
            descriptors, ids = descriptors[rows - first], ids[rows - first]
        return np.ascontiguousarray(descriptors, np.float32), ids

    def rows(self, num_features: int | None = None) -> np.ndarray:
        """See :meth:`Features.rows`."""
        blocks = [np.arange(0)]
        for start in range(0, len(self), _IMAGES_PER_BLOCK):
            stop = min(start + _IMAGES_PER_BLOCK, len(self))
            rows = self._strongest(start, stop, num_features)
            blocks.append(np.arange(self._offsets[start], self._offsets[stop]) if rows is None else rows)
        return np.concatenate(blocks)

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """See :meth:`Features.gather`."""
        self.require("what reads descriptors")
        result = np.empty((len(rows), self.dim), np.float32)
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        for start in range(0, int(self._offsets[-1]), _ROWS_PER_BLOCK):
            first, last = np.searchsorted(ascending, [start, start + _ROWS_PER_BLOCK])
            if first < last:
                values = self._descriptors(start, min(start + _ROWS_PER_BLOCK, int(self._offsets[-1])))
                result[order[first:last]] = values[ascending[first:last] - start]
        return result

    def block(self, start: int, stop: int) -> LocalFeatures:
        """See :meth:`Features.block`."""
        return LocalFeatures(
            self._descriptors(self._offsets[start], self._offsets[stop]),
            self.scores(start, stop),
            self.keypoints(start, stop),
            self.scales(start, stop),
            affine=self.affine(start, stop) if self.has_affine else None,
        )

    def keypoints(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.keypoints`."""
        return self._column("keypoints", start, stop)

    def scores(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.scores`."""
        return self._column("scores", start, stop)

    def scales(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.scales`."""
        return self._column("scales", start, stop)

    def affine(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """See :meth:`Features.affine`."""
        self.require("what asks for affine shapes", affine=True, descriptors=False)
        return self._column("affine", start, stop)

    def close(self) -> None:
        """See :meth:`Features.close`."""
        for rows in self._opened.values():
            rows.close()

    def _column(self, key: str, start: int, stop: int | None) -> np.ndarray:
        stop = self.num_images if stop is None else stop
        return self._rows(key).read(int(self._offsets[start]), int(self._offsets[stop]))

    def _descriptors(self, first: int, last: int) -> np.ndarray:
        if not self.dim:
            return np.zeros((int(last - first), 0), np.float32)
        return self._rows("descriptors").read(int(first), int(last))

    def _rows(self, key: str) -> Rows:
        if key not in self._opened:
            self._opened[key] = Rows(self.path, self._keys[key], KIND)
        return self._opened[key]

    def _strongest(self, start: int, stop: int, num_features: int | None) -> np.ndarray | None:
        """Find the rows of the strongest features of images ``start`` to ``stop``, ascending; None for all rows."""
        counts = np.diff(self._offsets[start : stop + 1])
        if num_features is None or not counts.size or counts.max() <= num_features:
            return None
        first, last = self._offsets[start], self._offsets[stop]
        images = np.repeat(np.arange(stop - start), counts)
        # Sorted by image, then by descending score; lexsort is stable, so that of equals the first row counts.
        order = np.lexsort((-self._rows("scores").read(first, last), images))
        place = np.arange(last - first) - np.repeat(self._offsets[start:stop] - first, counts)
        return first + np.sort(order[place < num_features])

    def _check_shapes(self, rows: dict[str, int]) -> None:
        offsets, names = self._offsets, self.names or []
        whole = len(offsets) == len(names) + 1 and offsets[0] == 0 and (np.diff(offsets) >= 0).all()
        if not whole or any(count != offsets[-1] for count in rows.values()):
            raise DataError(
                f"{self.path}: 'offsets' do not fit {len(names)} names and {rows} rows; delete it and run again"
            )

    def _check_chunks(self, file: hdf5.CheckedFile) -> None:
        """Refuse chunks with other rows than were merged: virtual datasets would accept longer ones."""
        if "chunks" not in file:
            return
        for name, rows in zip(hdf5.read_names(file, "chunks"), hdf5.read_array(file, "chunk_rows", "iu"), strict=True):
            chunk = locate(self.path, name)
            with hdf5.open_checked(chunk, {"offsets": 1}, KIND, virtual=True) as source:
                same = hdf5.read_array(source, "offsets", "iu")[-1:] == [rows]
                if "chunk_recipe" in file.attrs:
                    same &= source.attrs.get("recipe") == file.attrs["chunk_recipe"]
            if not same:
                raise DataError(
                    f"{self.path}: its chunk {chunk} was written again, or by another recipe since the merge; "
                    "run the workflow again so that the merge is repeated"
                )


def row_keys(path: str | os.PathLike, file: hdf5.CheckedFile) -> dict[str, str]:
    """Find the datasets with one row per feature.

    Args:
        path: the file, for messages
        file: the file, open

    Returns:
        name of the dataset in this version -> its name in the file

    Raises:
        DataError: one is missing, has another number of dimensions, or holds no floats
    """
    keys = {}
    for key, (earlier, dimensions) in ROW_KEYS.items():
        stored = key if key in file else earlier
        if stored not in file and key in _OPTIONAL:
            continue
        found = file.get(stored)
        if not isinstance(found, h5py.Dataset) or found.ndim != dimensions or found.dtype.kind != "f":
            raise DataError(
                f"{path}: dataset '{key}' is missing or holds no floats in {dimensions} dimensions; this file does not "
                f"hold {KIND}"
            )
        keys[key] = stored
    return keys


def _runs(images: np.ndarray) -> Iterator[tuple[int, int]]:
    """Split ascending ``images`` into runs of consecutive ones, first and after the last, of bounded length."""
    breaks = np.flatnonzero(np.diff(images) != 1) + 1
    for run in np.split(images, breaks):
        for start in range(0, len(run), _IMAGES_PER_RUN):
            part = run[start : start + _IMAGES_PER_RUN]
            yield int(part[0]), int(part[-1]) + 1

"""Files of ragged local features: written in chunks, merged without a copy, read by blocks of images.

Layout (docs/formats.md): ``descriptors`` (N, D), ``offsets`` (images + 1), ``keypoints`` (N, 2), ``scales`` (N),
``scores`` (N), ``names`` (images), ``skipped`` (the names that could not be decoded and have no features).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from reprise.formats.arrays import LocalFeatures
from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "local features"
_ROWS = ("descriptors", "keypoints", "scales", "scores")
_DATASETS = {
    "descriptors": 2,
    "keypoints": 2,
    "scales": 1,
    "scores": 1,
    "offsets": 1,
    "names": 1,
    "skipped": 1,
}
_ROWS_PER_BLOCK = 4096
_IMAGES_PER_BLOCK = 1024


class FeatureWriter:
    """Appends the features of one image after the other to an open file; made by ``feature_writer``."""

    def __init__(self, file: h5py.File, dim: int):
        self._file = file
        self._dim = dim
        self._offsets = [0]
        self._names: list[str] = []
        self._skipped: list[str] = []
        for name, width in (("descriptors", (dim,)), ("keypoints", (2,)), ("scales", ()), ("scores", ())):
            file.create_dataset(name, (0, *width), "f4", maxshape=(None, *width), chunks=(_ROWS_PER_BLOCK, *width))

    def append(self, name: str, features: LocalFeatures) -> None:
        """Add the image ``name``. NaN, infinity and another dimension are refused."""
        if features.descriptors.shape[1:] != (self._dim,):
            raise DataError(
                f"image '{name}': descriptors have shape {features.descriptors.shape}, expected (n, {self._dim}); "
                "all images of a file come from one extractor"
            )
        for key in _ROWS:
            if not np.isfinite(getattr(features, key)).all():
                raise DataError(f"image '{name}': {key} contain NaN or infinity; the weights or the image are damaged")
        start, stop = self._offsets[-1], self._offsets[-1] + len(features)
        for key in _ROWS:
            self._file[key].resize(stop, axis=0)
            self._file[key][start:stop] = getattr(features, key)
        self._offsets.append(stop)
        self._names.append(name)

    def skip(self, name: str) -> None:
        """Add the image ``name`` without features and list it as one that could not be decoded."""
        self._offsets.append(self._offsets[-1])
        self._names.append(name)
        self._skipped.append(name)

    def finish(self) -> None:
        """Write what belongs to the whole file."""
        self._file["offsets"] = np.asarray(self._offsets, np.int64)
        hdf5.write_names(self._file, "names", self._names)
        hdf5.write_names(self._file, "skipped", self._skipped)


@contextmanager
def feature_writer(path: str | os.PathLike, dim: int, attributes: Mapping[str, object]) -> Iterator[FeatureWriter]:
    """Yield a ``FeatureWriter``; the file appears at ``path`` when the block ends without an error."""
    with hdf5.create(path, attributes) as file:
        writer = FeatureWriter(file, dim)
        yield writer
        writer.finish()


def merge_features(
    chunks: Sequence[str | os.PathLike], path: str | os.PathLike, attributes: Mapping[str, object]
) -> None:
    """Make one file of ``chunks`` (in this order, all in the folder of ``path``) without copying a descriptor.

    The rows are HDF5 virtual datasets that name their sources by bare file names, so that the folder may move.

    Raises:
        DataError: chunks of different recipes or dimensions, or from another folder
    """
    path = Path(path)
    paths = [Path(chunk) for chunk in chunks]
    if not paths or any(chunk.parent != path.parent for chunk in paths):
        raise DataError(f"{path}: chunks must stand in the folder of the merged file, got {list(map(str, paths))}")
    counts, names, skipped, recipes, dims, rows = [], [], [], [], [], []
    for chunk in paths:
        with hdf5.open_checked(chunk, _DATASETS, _KIND) as file:
            counts.append(np.diff(file["offsets"][:]))
            names += hdf5.read_names(file, "names")
            skipped += hdf5.read_names(file, "skipped")
            recipes.append(file.attrs["recipe"])
            dims.append(file["descriptors"].shape[1])
            rows.append(file["descriptors"].shape[0])
    _refuse_mixture(path, paths, recipes, dims)
    with hdf5.create(path, attributes) as file:
        file.attrs["chunk_recipe"] = recipes[0]
        file["chunk_rows"] = np.asarray(rows, np.int64)
        hdf5.write_names(file, "chunks", [chunk.name for chunk in paths])
        file["offsets"] = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        hdf5.write_names(file, "names", names)
        hdf5.write_names(file, "skipped", skipped)
        for key, width in (
            ("descriptors", (dims[0],)),
            ("keypoints", (2,)),
            ("scales", ()),
            ("scores", ()),
        ):
            layout = h5py.VirtualLayout((sum(rows), *width), "f4")
            for chunk, count, start in zip(paths, rows, np.cumsum([0, *rows[:-1]]), strict=True):
                if count:
                    source = h5py.VirtualSource(chunk.name, key, (count, *width), "f4")
                    layout[int(start) : int(start) + count] = source
            file.create_virtual_dataset(key, layout)


def _refuse_mixture(path: Path, chunks: list[Path], recipes: list[str], dims: list[int]) -> None:
    for chunk, recipe, dim in zip(chunks, recipes, dims, strict=True):
        if recipe != recipes[0] or dim != dims[0]:
            raise DataError(
                f"{path}: chunk {chunk.name} was extracted with another recipe than {chunks[0].name}; "
                "delete the older chunk and run again"
            )


class FeatureFile:
    """A file of local features, single or merged, opened for reading.

    Opening a merged file checks that each of its chunks is there, whole and of the recipe that was merged, because
    HDF5 itself reads zeros where a source of a virtual dataset is missing.

    Attributes:
        names: the images, in order; skipped: those without features because they could not be decoded
        offsets: (images + 1,) int64, the features of image i are rows offsets[i] to offsets[i + 1]
        dim: D of the descriptors
        first_image: the position of the first image in its dataset; 0 but for chunks
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        with hdf5.open_checked(self.path, _DATASETS, _KIND) as file:
            self._check_chunks(file)
        # Opened again: within one session HDF5 may keep a source that was missing at first as missing.
        self._file = hdf5.open_checked(self.path, _DATASETS, _KIND)
        self.names = hdf5.read_names(self._file, "names")
        self.skipped = hdf5.read_names(self._file, "skipped")
        self.offsets = self._file["offsets"][:]
        self.dim = int(self._file["descriptors"].shape[1])
        self.first_image = int(self._file.attrs.get("first_image", 0))
        rows = self._file["descriptors"].shape[0]
        if len(self.offsets) != len(self.names) + 1 or self.offsets[-1] != rows or (np.diff(self.offsets) < 0).any():
            raise DataError(
                f"{self.path}: 'offsets' do not fit {len(self.names)} names and {rows} rows; delete it and run again"
            )

    def __enter__(self) -> "FeatureFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self.names)

    def counts(self, num_features: int | None = None) -> np.ndarray:
        """(images,) int64: how many features each image has, at most ``num_features``."""
        counts = np.diff(self.offsets)
        return counts if num_features is None else np.minimum(counts, num_features)

    def read(self, start: int, stop: int, num_features: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The strongest ``num_features`` descriptors of images ``start`` to ``stop``.

        Returns:
            descriptors (n, D) float32 and image ids (n,) int64, the positions of the images in the file
        """
        first, last = self.offsets[start], self.offsets[stop]
        descriptors = self._file["descriptors"][first:last]
        ids = np.repeat(np.arange(start, stop), np.diff(self.offsets[start : stop + 1]))
        rows = self._strongest(start, stop, num_features)
        if rows is not None:
            descriptors, ids = descriptors[rows - first], ids[rows - first]
        return np.ascontiguousarray(descriptors, np.float32), ids

    def rows(self, num_features: int | None = None) -> np.ndarray:
        """The rows of the strongest ``num_features`` of every image: int64, ascending."""
        blocks = [np.arange(0)]
        for start in range(0, len(self), _IMAGES_PER_BLOCK):
            stop = min(start + _IMAGES_PER_BLOCK, len(self))
            rows = self._strongest(start, stop, num_features)
            blocks.append(np.arange(self.offsets[start], self.offsets[stop]) if rows is None else rows)
        return np.concatenate(blocks)

    def features(self, image: int) -> LocalFeatures:
        """All that is stored about one image."""
        rows = slice(self.offsets[image], self.offsets[image + 1])
        return LocalFeatures(*(self._file[key][rows] for key in ("descriptors", "scores", "keypoints", "scales")))

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """The descriptors of ``rows`` (any order) as (len(rows), D) float32, read in one pass over the file."""
        result = np.empty((len(rows), self.dim), np.float32)
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        block = 1 << 18
        for start in range(0, int(self.offsets[-1]), block):
            first, last = np.searchsorted(ascending, [start, start + block])
            if first < last:
                values = self._file["descriptors"][start : start + block]
                result[order[first:last]] = values[ascending[first:last] - start]
        return result

    def _strongest(self, start: int, stop: int, num_features: int | None) -> np.ndarray | None:
        """The rows of the strongest features of images ``start`` to ``stop``, ascending; None where all are meant."""
        counts = np.diff(self.offsets[start : stop + 1])
        if num_features is None or not counts.size or counts.max() <= num_features:
            return None
        first, last = self.offsets[start], self.offsets[stop]
        images = np.repeat(np.arange(stop - start), counts)
        # Sorted by image, then by descending strength; lexsort is stable, so that of equals the first row counts.
        order = np.lexsort((-self._file["scores"][first:last], images))
        place = np.arange(last - first) - np.repeat(self.offsets[start:stop] - first, counts)
        return first + np.sort(order[place < num_features])

    def _check_chunks(self, file: h5py.File) -> None:
        if "chunks" not in file:
            return
        for name, rows in zip(hdf5.read_names(file, "chunks"), file["chunk_rows"][:], strict=True):
            chunk = self.path.with_name(name)
            if not chunk.is_file():
                raise DataError(f"{self.path}: its chunk {chunk} is missing; run the extraction again")
            with hdf5.open_checked(chunk, _DATASETS, _KIND) as source:
                same = source.attrs.get("recipe") == file.attrs["chunk_recipe"]
                if not same or source["descriptors"].shape[0] != rows:
                    raise DataError(
                        f"{self.path}: its chunk {chunk} was written by another recipe since the merge; "
                        "run the workflow again so that the merge is repeated"
                    )

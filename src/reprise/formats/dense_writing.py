"""Writing of files of dense local features, in the one layout that this project writes."""

from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from reprise.formats.arrays import LocalFeatures
from reprise.formats.dense_layouts import FLAG, SCALE, WEIGHT, compound, refuse_broken
from reprise.formats.row_checksums import KEY, checksums_of, num_blocks
from reprise.storage import hdf5
from reprise.storage.errors import DataError


class DenseWriter:
    """Adds one image after the other to an open file; made by ``feature_writer``.

    Args:
        file: the file, open for writing
        names: names of all images, in order
        num_features: number K of rows per image
        dim: dimensions D of the descriptors
        global_dims: kind of global descriptor -> its dimension
    """

    def __init__(
        self, file: h5py.File, names: Sequence[str], num_features: int, dim: int, global_dims: Mapping[str, int]
    ):
        self._file, self._names, self._next = file, list(names), 0
        self._skipped: list[str] = []
        self._truncated: list[str] = []
        self._turned: list[str] = []
        self._global_dims = dict(global_dims)
        self._dim = dim
        self._record = np.zeros((), compound(num_features, dim))
        self._rows = num_features
        file.create_dataset("features", (len(names),), self._record.dtype)
        file.create_dataset(KEY, (len(names), 2, num_blocks(num_features)), "u4")
        for kind, size in self._global_dims.items():
            hdf5.create_rows(file, kind, len(names), (size,), "f4")

    def append(self, name: str, features: LocalFeatures) -> None:
        """Add the next image; unused rows become padding. Descriptors are rounded to float16.

        Args:
            name: the name of the image
            features: its features, by descending score

        Raises:
            DataError: not the next image, another dimension, more rows than the file has, scores that do not descend,
                NaN, infinity (also where float16 overflows), or a descriptor of zeros
        """
        self._check_next(name)
        where = f"image '{name}'"
        count = len(features)
        for key, shape in (
            ("descriptors", (count, self._dim)),
            ("scores", (count,)),
            ("keypoints", (count, 2)),
            ("scales", (count,)),
        ):
            found = np.shape(getattr(features, key))
            if found != shape or count > self._rows:
                raise DataError(f"{where}: {key} have shape {found}, expected {shape} with at most {self._rows} rows")
        if set(features.global_descriptors) != set(self._global_dims):
            expected, found_kinds = sorted(self._global_dims), sorted(features.global_descriptors)
            raise DataError(f"{where}: has the global descriptors {found_kinds}, the file was made for {expected}")
        if (np.diff(features.scores) > 0).any():
            raise DataError(f"{where}: scores do not descend; the rows have to be sorted, strongest first")
        record = self._record
        record["metadata"], record["descriptor"] = 0, 0
        metadata = record["metadata"]
        metadata[:count, :SCALE] = features.keypoints
        metadata[:count, SCALE] = features.scales
        metadata[:count, WEIGHT] = features.scores
        metadata[count:, FLAG] = 1
        with np.errstate(over="ignore"):
            record["descriptor"][:count] = features.descriptors
        refuse_broken(record["descriptor"][:count], where)
        if not np.isfinite(metadata).all():
            raise DataError(f"{where}: scores, keypoints or scales contain NaN or infinity; the weights are damaged")
        vectors = {}
        for kind, size in self._global_dims.items():
            vectors[kind] = np.asarray(features.global_descriptors[kind], np.float32)
            if vectors[kind].shape != (size,) or not np.isfinite(vectors[kind]).all():
                raise DataError(
                    f"{where}: global descriptor '{kind}' {vectors[kind].shape}: expected ({size},), finite"
                )
        self._write(vectors)

    def skip(self, name: str) -> None:
        """Add the image ``name``, the next one, without valid rows; its global descriptors are 0."""
        self._check_next(name)
        self._skipped.append(name)
        self._record["metadata"], self._record["descriptor"] = 0, 0
        self._record["metadata"][:, FLAG] = 1
        self._write({kind: np.zeros(size, np.float32) for kind, size in self._global_dims.items()})

    def note_truncated(self, name: str) -> None:
        """Note that the end of the image ``name`` was missing, and read as grey."""
        self._truncated.append(name)

    def note_turned(self, name: str) -> None:
        """Note that EXIF says that the image ``name`` is to be rotated, which was ignored."""
        self._turned.append(name)

    def finish(self) -> None:
        """Write the datasets about the whole file."""
        if self._next != len(self._names):
            raise DataError(
                f"{self._next} of {len(self._names)} images were added; the next is '{self._names[self._next]}'"
            )
        hdf5.write_names(self._file, "names", self._names)
        hdf5.write_names(self._file, "skipped", self._skipped)
        hdf5.write_names(self._file, "truncated", self._truncated)
        if self._turned:
            hdf5.write_names(self._file, "turned", self._turned)

    def _write(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Write the record and the global descriptors of the next image."""
        self._file["features"][self._next] = self._record
        self._file[KEY][self._next] = [checksums_of(self._record[column]) for column in ("metadata", "descriptor")]
        for kind, vector in vectors.items():
            self._file[kind][self._next] = vector
        self._next += 1

    def _check_next(self, name: str) -> None:
        if self._next == len(self._names):
            raise DataError(f"more images were added than the {len(self._names)} that the file was made for")
        if name != self._names[self._next]:
            raise DataError(f"image '{name}' was added, and the file was made for '{self._names[self._next]}' next")

"""Writing files of dense local features, in the one layout that this project writes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import h5py
import numpy as np

from reprise.formats.dense_layouts import FLAG, SCALE, WEIGHT, compound, refuse_broken
from reprise.storage import hdf5
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class DenseFeatures:
    """The local features of one image, strongest first, and its global descriptors.

    descriptors  (n, D) float32
    weights      (n,) float32, descending: what the detector gives
    positions    (n, 2) float32, as the extractor defines them
    scales       (n,) float32, index of the scale of the image pyramid
    global_descriptors  by kind, (G,) float32
    """

    descriptors: np.ndarray
    weights: np.ndarray
    positions: np.ndarray
    scales: np.ndarray
    global_descriptors: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.descriptors)


class DenseWriter:
    """Adds one image after the other to an open file; made by ``dense_writer``."""

    def __init__(
        self, file: h5py.File, names: Sequence[str], num_features: int, dim: int, global_dims: Mapping[str, int]
    ):
        self._file, self._names, self._next = file, list(names), 0
        self._skipped: list[str] = []
        self._global_dims = dict(global_dims)
        self._dim = dim
        self._record = np.zeros((), compound(num_features, dim))
        self._rows = num_features
        file.create_dataset("features", (len(names),), self._record.dtype)
        for kind, size in self._global_dims.items():
            file.create_dataset(kind, (len(names), size), "f4")

    def add(self, features: DenseFeatures) -> None:
        """Add the next image; unused rows become padding. Descriptors are rounded to float16.

        Raises:
            DataError: another dimension, more rows than the file has, weights that do not descend, NaN, infinity (also
                where float16 overflows), or a descriptor of zeros
        """
        where = f"image '{self._name()}'"
        count = len(features)
        for key, shape in (
            ("descriptors", (count, self._dim)),
            ("weights", (count,)),
            ("positions", (count, 2)),
            ("scales", (count,)),
        ):
            found = np.shape(getattr(features, key))
            if found != shape or count > self._rows:
                raise DataError(f"{where}: {key} have shape {found}, expected {shape} with at most {self._rows} rows")
        if set(features.global_descriptors) != set(self._global_dims):
            expected, found_kinds = sorted(self._global_dims), sorted(features.global_descriptors)
            raise DataError(f"{where}: has the global descriptors {found_kinds}, the file was made for {expected}")
        if (np.diff(features.weights) > 0).any():
            raise DataError(f"{where}: weights do not descend; the rows have to be sorted, strongest first")
        record = self._record
        record["metadata"], record["descriptor"] = 0, 0
        metadata = record["metadata"]
        metadata[:count, :SCALE] = features.positions
        metadata[:count, SCALE] = features.scales
        metadata[:count, WEIGHT] = features.weights
        metadata[count:, FLAG] = 1
        with np.errstate(over="ignore"):
            record["descriptor"][:count] = features.descriptors
        refuse_broken(record["descriptor"][:count], where)
        if not np.isfinite(metadata).all():
            raise DataError(f"{where}: weights, positions or scales contain NaN or infinity; the weights are damaged")
        for kind, size in self._global_dims.items():
            vector = np.asarray(features.global_descriptors[kind], np.float32)
            if vector.shape != (size,) or not np.isfinite(vector).all():
                raise DataError(f"{where}: global descriptor '{kind}' {vector.shape}: expected ({size},), finite")
            self._file[kind][self._next] = vector
        self._file["features"][self._next] = record
        self._next += 1

    def skip(self) -> None:
        """Add the next image without valid rows, as one that could not be decoded; its global descriptors are 0."""
        self._skipped.append(self._name())
        self._record["metadata"], self._record["descriptor"] = 0, 0
        self._record["metadata"][:, FLAG] = 1
        self._file["features"][self._next] = self._record
        self._next += 1

    def finish(self) -> None:
        """Write what belongs to the whole file."""
        if self._next != len(self._names):
            raise DataError(f"{self._next} of {len(self._names)} images were added; the next is '{self._name()}'")
        hdf5.write_names(self._file, "names", self._names)
        hdf5.write_names(self._file, "skipped", self._skipped)

    def _name(self) -> str:
        if self._next == len(self._names):
            raise DataError(f"more images were added than the {len(self._names)} that the file was made for")
        return self._names[self._next]


@contextmanager
def dense_writer(
    path: str | os.PathLike,
    names: Sequence[str],
    *,
    num_features: int,
    dim: int,
    global_dims: Mapping[str, int] | None = None,
    attributes: Mapping[str, object],
) -> Iterator[DenseWriter]:
    """Yield a ``DenseWriter`` for the images ``names``; the file appears when the block ends without an error.

    Args:
        num_features: K, rows per image; dim: D of the descriptors
        global_dims: kind of global descriptor (a dataset of the file, such as ``cls``) -> its dimension
        attributes: recipe, extractor, dataset, split
    """
    with hdf5.create(path, attributes) as file:
        writer = DenseWriter(file, names, num_features, dim, global_dims or {})
        yield writer
        writer.finish()

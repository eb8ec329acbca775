"""Writing of files of ragged features, the layout of this project."""

from collections.abc import Mapping

import h5py
import numpy as np

from reprise.formats.arrays import LocalFeatures
from reprise.storage import hdf5
from reprise.storage.errors import DataError


class RaggedWriter:
    """Appends the features of one image after the other to an open file; made by ``feature_writer``.

    Args:
        file: the file, open for writing
        dim: dimensions D of the descriptors; 0 for keypoints alone
        global_dims: kind of global descriptor -> its dimension
        affine: keypoints have affine shapes
        descriptor_type: "f2" or "f4"
        keypoint_type: "f4" or "f8", of keypoints, scales and affine shapes
    """

    def __init__(
        self,
        file: h5py.File,
        dim: int,
        global_dims: Mapping[str, int],
        *,
        affine: bool,
        descriptor_type: str,
        keypoint_type: str,
    ) -> None:
        self._file, self._dim, self._global_dims = file, dim, dict(global_dims)
        self._offsets = [0]
        self._names: list[str] = []
        self._skipped: list[str] = []
        self._truncated: list[str] = []
        self._turned: list[str] = []
        self._keys = ["keypoints", "scales", "scores"]
        hdf5.create_rows(file, "keypoints", 0, (2,), keypoint_type)
        hdf5.create_rows(file, "scales", 0, (), keypoint_type)
        hdf5.create_rows(file, "scores", 0, (), "f4")
        if dim:
            self._keys.append("descriptors")
            hdf5.create_rows(file, "descriptors", 0, (dim,), descriptor_type)
        if affine:
            self._keys.append("affine")
            hdf5.create_rows(file, "affine", 0, (2, 2), keypoint_type)
        for kind, size in self._global_dims.items():
            hdf5.create_rows(file, kind, 0, (size,), "f4")

    def append(self, name: str, features: LocalFeatures) -> None:
        """Add an image.

        Args:
            name: the name of the image
            features: its features

        Raises:
            DataError: another dimension, other global descriptors than the file was made for, no affine shapes where
                it was made for them, NaN or infinity (also where float16 overflows)
        """
        if features.descriptors.shape[1:] != (self._dim,):
            raise DataError(
                f"image '{name}': descriptors have shape {features.descriptors.shape}, expected (n, {self._dim}); "
                "all images of a file come from one extractor"
            )
        if set(features.global_descriptors) != set(self._global_dims):
            found, expected = sorted(features.global_descriptors), sorted(self._global_dims)
            raise DataError(f"image '{name}': has the global descriptors {found}, the file was made for {expected}")
        start, stop = self._offsets[-1], self._offsets[-1] + len(features)
        columns = {key: self._column(name, key, getattr(features, key), stop - start) for key in self._keys}
        vectors = {
            kind: self._vector(name, kind, features.global_descriptors[kind], size)
            for kind, size in self._global_dims.items()
        }
        for key, values in columns.items():
            self._file[key].resize(stop, axis=0)
            self._file[key][start:stop] = values
        self._next(name, stop, vectors)

    def skip(self, name: str) -> None:
        """Add the image ``name`` without features, because it could not be decoded; its global descriptors are 0."""
        self._skipped.append(name)
        self._next(name, self._offsets[-1], {})

    def note_truncated(self, name: str) -> None:
        """Note that the end of the image ``name`` was missing, and read as grey."""
        self._truncated.append(name)

    def note_turned(self, name: str) -> None:
        """Note that EXIF says that the image ``name`` is to be rotated, which was ignored."""
        self._turned.append(name)

    def finish(self) -> None:
        """Write the datasets about the whole file."""
        hdf5.write_array(self._file, "offsets", np.asarray(self._offsets, np.int64))
        hdf5.write_names(self._file, "names", self._names)
        hdf5.write_names(self._file, "skipped", self._skipped)
        hdf5.write_names(self._file, "truncated", self._truncated)
        if self._turned:
            hdf5.write_names(self._file, "turned", self._turned)

    def _next(self, name: str, stop: int, vectors: Mapping[str, np.ndarray]) -> None:
        self._offsets.append(stop)
        self._names.append(name)
        for kind in self._global_dims:
            self._file[kind].resize(len(self._names), axis=0)
            self._file[kind][-1] = vectors.get(kind, 0)

    def _column(self, name: str, key: str, values: np.ndarray | None, count: int) -> np.ndarray:
        dataset = self._file[key]
        if values is None or np.shape(values) != (count, *dataset.shape[1:]):
            found = None if values is None else np.shape(values)
            raise DataError(f"image '{name}': {key} have shape {found}, expected {(count, *dataset.shape[1:])}")
        with np.errstate(over="ignore"):
            values = np.asarray(values).astype(dataset.dtype, copy=False)
        if not np.isfinite(values).all():
            raise DataError(f"image '{name}': {key} contain NaN or infinity; the weights or the image are damaged")
        return values

    def _vector(self, name: str, kind: str, vector: np.ndarray, size: int) -> np.ndarray:
        vector = np.asarray(vector, np.float32)
        if vector.shape != (size,) or not np.isfinite(vector).all():
            raise DataError(f"image '{name}': global descriptor '{kind}' {vector.shape}: expected ({size},), finite")
        return vector

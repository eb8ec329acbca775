"""Files of the descriptors of patches: a dataset of HDF5 for each name, (n, D) float32."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "descriptors of patches"


def write_described(
    path: str | os.PathLike, described: Iterable[tuple[str, np.ndarray]], attributes: Mapping[str, object]
) -> None:
    """Write descriptors as they come.

    Args:
        path: the file, which appears when it is complete
        described: names, such as ``i_dome/ref``, and descriptors (n, D)
        attributes: HDF5 attributes of the file, such as the recipe

    Raises:
        DataError: descriptors that are not finite
    """
    with hdf5.create(path, attributes) as file:
        for name, vectors in described:
            if not np.isfinite(vectors).all():
                raise DataError(f"{path}: the descriptors of {name} are not finite; look at the weights of the network")
            hdf5.write_array(file, name, vectors.astype(np.float32))


class DescribedPatches(Mapping[str, np.ndarray]):
    """The descriptors (n, D) of an open file by name, each read when it is asked for; used in a ``with`` statement.

    Args:
        path: a file that :func:`write_described` wrote

    Raises:
        DataError: any other file
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self._file = hdf5.open_checked(path, {}, _KIND)
        self._counts: dict[str, int] = {}
        with hdf5.reading(path):
            self._file.visititems(self._note)

    def __enter__(self) -> "DescribedPatches":
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __contains__(self, name: object) -> bool:
        return name in self._counts

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._counts:
            raise KeyError(name)
        vectors = hdf5.read_array(self._file, name, "f")
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise DataError(f"{self.path}: '{name}' are no descriptors, or not finite; delete it, and run again")
        return vectors

    def count(self, name: str) -> int:
        """Return the number of patches of a name."""
        return self._counts[name]

    def _note(self, name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim:
            self._counts[name] = item.shape[0]

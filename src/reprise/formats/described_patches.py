"""Files of the descriptors of patches: a dataset of HDF5 for each name, (n, D) float32."""

import os
from collections.abc import Iterable, Iterator, Mapping

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


def open_described(path: str | os.PathLike) -> h5py.File:
    """Open a file that :func:`write_described` wrote, in a ``with`` statement; DataError for any other."""
    return hdf5.open_checked(path, {}, _KIND)


def names_of(file: h5py.File) -> Iterator[str]:
    """Iterate over the names of an open file."""
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return iter(found)

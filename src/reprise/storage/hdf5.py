"""Helpers for the HDF5 files of this project: the recipe attribute, and errors that name the file."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError


@contextmanager
def create(path: str | os.PathLike, attributes: Mapping[str, object]) -> Iterator[h5py.File]:
    """Open a new HDF5 file for writing; it appears at ``path`` when the block ends without an error.

    Args:
        path: the file
        attributes: attributes of the file: name -> number or string

    Yields:
        the file
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        for name, value in attributes.items():
            file.attrs[name] = value
        yield file


class CheckedFile(h5py.File):
    """A file that is open for reading; what HDF5 cannot read of it, such as a wrong checksum, is a DataError.

    Used in a ``with`` statement.
    """

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        path = self.filename
        super().__exit__(kind, error, trace)
        # An error of the system, such as a full disk, has a number, and is about any file.
        if isinstance(error, OSError | RuntimeError) and getattr(error, "errno", None) is None:
            raise DataError(f"{path}: is damaged ({error}); delete it and run again") from error


def open_checked(path: str | os.PathLike, datasets: Mapping[str, int], kind: str) -> h5py.File:
    """Open an HDF5 file for reading and check that it holds ``datasets``.

    Args:
        path: the file
        datasets: name -> number of dimensions
        kind: what the file should hold, for messages

    Raises:
        DataError: no such file, not a complete HDF5 file, or a dataset that is missing or has other dimensions
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; it should hold {kind}")
    try:
        file = CheckedFile(path, "r")
    except OSError as error:
        raise DataError(
            f"{path}: not a whole HDF5 file ({error}); delete it and run again, it should hold {kind}"
        ) from error
    for name, dimensions in datasets.items():
        if name not in file or file[name].ndim != dimensions:
            found = f"has {file[name].ndim} dimensions" if name in file else "is missing"
            file.close()
            raise DataError(
                f"{path}: dataset '{name}' {found}, expected {dimensions} dimensions; this file does not hold {kind}"
            )
    return file


def write_array(file: h5py.File | h5py.Group, key: str, values: np.ndarray, **options: object) -> None:
    """Store an array with checksums, which HDF5 compares whenever it is read."""
    file.create_dataset(key, data=values, fletcher32=bool(np.size(values) and np.ndim(values)), **options)


def write_names(file: h5py.File, key: str, names: list[str]) -> None:
    """Store ``names`` as a dataset of utf-8 strings."""
    file.create_dataset(key, data=np.asarray(names, dtype=object), dtype=h5py.string_dtype("utf-8"))


def read_names(file: h5py.File, key: str) -> list[str]:
    """Read the strings that :func:`write_names` stored."""
    return [name.decode("utf-8") for name in file[key][:]]

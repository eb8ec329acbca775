"""Files of features of either layout, opened with one interface."""

import os

import h5py

from reprise.formats.dense import DenseReader
from reprise.formats.feature_reader import Features
from reprise.formats.ragged import KIND, RaggedReader
from reprise.storage import hdf5
from reprise.storage.errors import DataError

__all__ = ["Features", "open_features"]


def open_features(path: str | os.PathLike) -> Features:
    """Open a file of features for reading, single or merged, whatever its layout.

    Args:
        path: a ragged file of this project, or a dense one: flat, compound or packed, extracted or published

    Returns:
        the features, see :class:`Features`; they may be used in a ``with`` statement, which closes the file

    Raises:
        DataError: no such file, one that is incomplete or holds no features, or a source of a merged file that is
            missing or not the one that was merged
    """
    with hdf5.open_checked(path, {}, KIND, virtual=True) as file:
        layout = layout_of(path, file)
    return RaggedReader(path) if layout == "ragged" else DenseReader(path)


def layout_of(path: str | os.PathLike, file: h5py.File) -> str:
    """Return "ragged" or "dense", the layout of an open file; DataError for neither."""
    if "offsets" in file and "scales" in file:
        return "ragged"
    if "features" in file:
        return "dense"
    raise DataError(
        f"{path}: dataset 'descriptors' is missing, with its 'offsets', and so is 'features'; this file does not hold "
        f"{KIND}"
    )

"""Features that other programs wrote: NumPy files, and HDF5 files in the layout of hloc.

Only plain numbers are read: no pickled NumPy arrays, and of HDF5 neither links nor values in other files. What is not
as it should be is refused with the name of the file and of the image.

Source of the HDF5 layout: Sarlin et al., Hierarchical Localization (hloc): a group per image with ``keypoints`` (n, 2),
``descriptors`` (D, n), ``scores`` (n,) and ``image_size`` (width, height), or with ``global_descriptor`` (G,).
"""

import os
from pathlib import Path

import h5py
import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error

_KIND = "features of one group per image, in the layout of hloc"
_FLOATS = ("f2", "f4", "f8")


def read_npy(path: str | os.PathLike) -> np.ndarray:
    """Read an array of floats from a NumPy file.

    Args:
        path: a .npy file

    Returns:
        the array, float16, float32 or float64 as it is stored, without NaN and infinity

    Raises:
        DataError: no such file, one that is damaged, pickled or holds no floats, or NaN or infinity
    """
    try:
        # Mapped first: the header may state more values than the file has.
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever a damaged file makes of numpy
        raise system_error(path, error) or DataError(
            f"{path}: is no NumPy file of plain numbers ({_told(error)}); write it with numpy.save, as float32"
        ) from error
    if not isinstance(values, np.ndarray):
        raise DataError(f"{path}: is an archive of arrays; write one array with numpy.save")
    return _checked(np.array(values), f"{path}")


class GroupedFeatures:
    """An HDF5 file with one group per image, opened for reading.

    Args:
        path: the file

    Raises:
        DataError: no such file, or no whole HDF5 file
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self._file = hdf5.open_checked(self.path, {}, _KIND)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def has(self, name: str, key: str) -> bool:
        """Tell whether the group ``name`` has a dataset ``key``."""
        return f"{name}/{key}" in self._file and isinstance(self._file[f"{name}/{key}"], h5py.Dataset)

    def read(self, name: str, key: str, *, integers: bool = False) -> np.ndarray:
        """Read a dataset of a group.

        Args:
            name: the group, the name of an image
            key: the dataset
            integers: integers are taken as well as floats

        Raises:
            DataError: there is none, it is damaged or holds other values than numbers, or NaN or infinity
        """
        where = f"{self.path}: '{name}': '{key}'"
        if not self.has(name, key):
            raise DataError(f"{where} is missing; write it, in the layout of hloc, or give the files where it is")
        dataset = self._file[f"{name}/{key}"]
        if dataset.dtype.kind not in ("fiu" if integers else "f"):
            raise _wrong_type(where, dataset.dtype)
        hdf5.check_whole(self.path, f"{name}/{key}", dataset)
        with hdf5.reading(self.path):
            values = dataset[()]
        return _checked(np.asarray(values), where, integers=integers)


def _checked(values: np.ndarray, where: str, *, integers: bool = False) -> np.ndarray:
    if values.dtype.str[1:] not in _FLOATS and not (integers and values.dtype.kind in "iu"):
        raise _wrong_type(where, values.dtype)
    if not np.isfinite(values).all():
        raise DataError(f"{where}: holds NaN or infinity; compute it again")
    return values


def _wrong_type(where: str, dtype: np.dtype) -> DataError:
    return DataError(f"{where}: is of type {dtype}, expected float16, float32 or float64; convert it to float32")


def _told(error: Exception) -> str:
    text = str(error).strip()
    return f"{text.splitlines()[0]:.200}" if text else type(error).__name__

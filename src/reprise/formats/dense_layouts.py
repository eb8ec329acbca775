"""The record of one image in files of dense local features, in each of the published layouts.

All of them hold, per image, K rows of metadata (two coordinates of the position, scale, padding flag, detector weight)
and a descriptor of D dimensions:

* flat: (N, K, 5 + D) float16 or float32: the five numbers of the metadata, then the descriptor
* compound: (N,) of {metadata: float32 (K, 5), descriptor: float16 or float32 (K, D)}
* packed: compound with a descriptor of uint8 (K, D / 8): bits of a binarized descriptor, most significant first,
  where 0 stands for -1
"""

from dataclasses import dataclass

import h5py
import numpy as np

from reprise.storage.errors import DataError

METADATA = 5
SCALE, FLAG, WEIGHT = 2, 3, 4


@dataclass(frozen=True)
class Layout:
    """The form in which one image is stored.

    Attributes:
        num_features: number K of rows per image
        dim: dimensions D of the descriptors, after unpacking
        packed: descriptors are bits
        record: the stored type of one image, a structure, or (K, 5 + D) numbers
        dtype: dtype of the descriptors that are returned: as stored, native byte order, float16 for packed ones
    """

    num_features: int
    dim: int
    packed: bool
    record: np.dtype
    dtype: np.dtype

    def metadata(self, record: np.ndarray) -> np.ndarray:
        """Return the metadata of one record: (K, 5), a view."""
        return record[:, :METADATA] if self.record.names is None else record["metadata"]

    def descriptors(self, record: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        """Read the descriptors of some rows of one record, without reading other rows.

        Args:
            record: the record of an image, as stored
            rows: (n,) integers, or a slice of n rows

        Returns:
            (n, D) of type ``dtype``
        """
        if self.record.names is None:
            return record[rows, METADATA:]
        return self.unpacked(record["descriptor"][rows])

    def unpacked(self, descriptors: np.ndarray) -> np.ndarray:
        """Unpack bits (n, D / 8) to -1 and +1, (n, D) float16; other descriptors are returned as they are."""
        if not self.packed:
            return descriptors
        return np.unpackbits(descriptors, axis=-1).astype(np.float16) * 2 - 1


def compound(num_features: int, dim: int) -> np.dtype:
    """Return the type of the record that this project writes, for K rows of D dimensions."""
    return np.dtype([("metadata", "<f4", (num_features, METADATA)), ("descriptor", "<f2", (num_features, dim))])


def detect(features: h5py.Dataset, where: str) -> Layout:
    """Find the layout of a file.

    Args:
        features: its dataset ``features``
        where: what errors begin with

    Raises:
        DataError: none of the three layouts
    """
    dtype = features.dtype
    if dtype.names is None:
        if features.ndim == 3 and dtype.kind == "f" and dtype.itemsize in (2, 4) and features.shape[2] > METADATA:
            rows, width = features.shape[1:]
            return Layout(rows, width - METADATA, False, np.dtype((dtype, (rows, width))), dtype.newbyteorder("="))
    elif features.ndim == 1 and dtype.names == ("metadata", "descriptor"):
        metadata, descriptor = dtype["metadata"], dtype["descriptor"]
        packed = descriptor.base == np.uint8
        floats = descriptor.base.kind == "f" and descriptor.base.itemsize in (2, 4)
        rows = descriptor.shape[:1]
        fitting = len(descriptor.shape) == 2 and metadata.shape == (*rows, METADATA) and metadata.base.kind == "f"
        if fitting and (packed or floats):
            rows, width = descriptor.shape
            returned = np.dtype(np.float16) if packed else descriptor.base.newbyteorder("=")
            return Layout(rows, 8 * width if packed else width, packed, dtype, returned)
    raise DataError(
        f"{where}: 'features' has the type {dtype} and the shape {features.shape}; expected (images, K, 5 + D) float16 "
        "or float32, or (images,) of {metadata (K, 5), descriptor (K, D)}"
    )


def refuse_broken(descriptors: np.ndarray, where: str) -> None:
    """Refuse rows of zeros and those with NaN or infinity, by bit patterns, which is ten times as fast as isfinite.

    Args:
        descriptors: (n, D) float16 or float32
        where: what errors begin with

    Raises:
        DataError: such a row
    """
    bits = descriptors.view(f"u{descriptors.itemsize}")
    sign = bits.dtype.type(1 << (8 * descriptors.itemsize - 1))
    largest = (bits & ~sign).max(axis=1, initial=0)
    infinity = np.array(np.inf, descriptors.dtype).view(bits.dtype)
    if (largest >= infinity).any():
        raise DataError(f"{where}: descriptors contain NaN or infinity; extract it again")
    if (largest == 0).any():
        raise DataError(f"{where}: a descriptor that is no padding is 0; a part of the file is missing, write it again")

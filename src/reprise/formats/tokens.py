"""Files of the tokens that AMES projects local descriptors to, which re-ranking reads instead of the descriptors.

Layout (docs/formats.md): ``tokens`` (N, K, 128) float16 or float32, or ``codes`` (N, K, 16) uint8 of a binarized
network, in one piece, which is mapped into memory; ``counts`` (N,) i4, the valid rows of each image, which come first;
``names`` (N,) where the images have names; ``checksums`` (N, 1, ceil(K / 50)) u4, of 50 rows each. Attribute
``network``: identifies the network that made them.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from reprise.formats.row_checksums import KEY, RowChecksums, checksums_of, num_blocks
from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "tokens of AMES"
#: The dataset and the width of each type of token.
_LAYOUTS = {"float16": ("tokens", 128), "float32": ("tokens", 128), "uint8": ("codes", 16)}


class TokenWriter:
    """Writes tokens, one block of images after the other; made by :func:`token_writer`."""

    def __init__(self, values: h5py.Dataset, counts: h5py.Dataset, checksums: h5py.Dataset) -> None:
        self._values, self._counts, self._checksums, self._next = values, counts, checksums, 0

    def append(self, tokens: np.ndarray, counts: np.ndarray) -> None:
        """Add images.

        Args:
            tokens: (n, k, width) in the type of the file, k at most K
            counts: (n,) integers, the number of valid rows of each image; the others are written as 0
        """
        rows = slice(self._next, self._next + len(tokens))
        stored = np.zeros((len(tokens), *self._values.shape[1:]), self._values.dtype)
        valid = np.arange(tokens.shape[1]) < counts[:, None]
        np.copyto(stored[:, : tokens.shape[1]], tokens, where=valid[..., None])
        self._values[rows], self._counts[rows] = stored, counts
        self._checksums[rows, 0] = [checksums_of(image) for image in stored]
        self._next = rows.stop


@contextmanager
def token_writer(
    path: str | os.PathLike,
    num_images: int,
    num_descriptors: int,
    dtype: str,
    *,
    names: Sequence[str] | None,
    attributes: Mapping[str, object],
) -> Iterator[TokenWriter]:
    """Open a file of tokens for writing; it appears at ``path`` when the block ends without an error.

    Args:
        path: the file
        num_images: number N of images, which all have to be added
        num_descriptors: number K of rows per image
        dtype: float16, float32 or uint8 (codes)
        names: names of the images, None where they have none
        attributes: HDF5 attributes of the file, with ``network``

    Yields:
        the writer

    Raises:
        DataError: tokens of another number of images were added
    """
    key, width = _LAYOUTS[dtype]
    with hdf5.create(path, attributes) as file:
        if names is not None:
            hdf5.write_names(file, "names", list(names))
        values = file.create_dataset(key, (num_images, num_descriptors, width), dtype)
        counts = file.create_dataset("counts", (num_images,), "i4", fletcher32=num_images > 0)
        checksums = file.create_dataset(KEY, (num_images, 1, num_blocks(num_descriptors)), "u4")
        writer = TokenWriter(values, counts, checksums)
        yield writer
        if writer._next != num_images:
            raise DataError(f"{path}: got tokens of {writer._next} images, expected {num_images}")


class TokenFile:
    """A file of tokens, opened for reading.

    Attributes:
        path: the file
        names: the images in order, None where they have none
        num_images: number N of images
        num_descriptors: number K of rows per image
        dtype: dtype of the rows that ``read`` returns: float16, float32 or uint8
        counts: (N,) int64, the valid rows of each image
        network: identifies the network that made them
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        with hdf5.open_checked(self.path, {"counts": 1}, _KIND) as file:
            key = next((key for key in ("tokens", "codes") if key in file), "tokens")
            plain = key in file and isinstance(file[key], h5py.Dataset) and hdf5.is_plain(file[key])
            layout = _LAYOUTS.get(str(file[key].dtype)) if plain else None
            if layout is None or layout[0] != key or file[key].ndim != 3 or file[key].shape[2] != layout[1]:
                raise DataError(
                    f"{self.path}: holds neither 'tokens' (images, rows, 128) nor 'codes' (images, rows, 16); "
                    f"this file does not hold {_KIND}"
                )
            self.names = hdf5.read_names(file, "names") if "names" in file else None
            self.counts = hdf5.read_array(file, "counts", "iu").astype(np.int64)
            hdf5.check_whole(self.path, key, file[key])
            self.network = str(file.attrs.get("network"))
            self.num_images, self.num_descriptors = (int(length) for length in file[key].shape[:2])
            self.dtype = file[key].dtype
            offset, shape = file[key].id.get_offset(), file[key].shape
            self._checksums = RowChecksums(
                self.path, file, _KIND,
                num_images=self.num_images, num_rows=self.num_descriptors, columns=1,
            )  # fmt: skip
        named = self.num_images if self.names is None else len(self.names)
        damaged = not len(self.counts) == named == self.num_images or (self.counts < 0).any()
        if damaged or self.counts.max(initial=0) > self.num_descriptors or (offset is None and np.prod(shape)):
            raise DataError(f"{self.path}: its datasets do not fit each other; delete it and run again")
        with hdf5.reading(self.path):
            mapped = np.memmap(self.path, self.dtype, "r", offset, shape) if offset else None
        self._values = np.empty(shape, self.dtype) if mapped is None else mapped

    def read(self, images: np.ndarray, num_descriptors: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Read the first tokens of images.

        Args:
            images: (n,) integers, ascending, so that the file is read in its order
            num_descriptors: number k of tokens per image, None for all K

        Returns:
            tokens (n, k, 128) or, for codes, (n, k, 16) in ``dtype``, and the number of valid rows of each, (n,) int64

        Raises:
            DataError: more tokens per image than there are, images that are not in the file, or damaged tokens
        """
        count = self.check_count(num_descriptors)
        if len(images) and (images.min() < 0 or images.max() >= self.num_images):
            raise DataError(f"{self.path}: has tokens of {self.num_images} images, image {images.max()} was asked for")
        for image in self._checksums.not_compared(images, count):
            self._checksums.check(image, self._values[image], count)
        return self._values[images, :count], np.minimum(self.counts[images], count)

    def check_count(self, num_descriptors: int | None) -> int:
        """Return ``num_descriptors``, or K for None; DataError for more than there are."""
        count = self.num_descriptors if num_descriptors is None else num_descriptors
        if not 1 <= count <= self.num_descriptors:
            raise DataError(
                f"{self.path}: {count} descriptors per image were asked for, it has {self.num_descriptors}; lower the "
                "number, or project and, if need be, extract more"
            )
        return count

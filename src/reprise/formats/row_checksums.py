"""Checksums of the rows of each image, in files that are mapped into memory, so that HDF5 compares none.

The dataset ``checksums`` of such a file holds the CRC-32 of every block of 50 rows of an image, so that what reads the
first rows of an image does not need the others. Files without it, such as published ones, are not checked.
"""

import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from reprise.formats.virtual import Rows
from reprise.storage import hdf5
from reprise.storage.errors import DataError

KEY = "checksums"
ROWS_PER_CHECKSUM = 50


def num_blocks(num_rows: int) -> int:
    """Return the number of checksums of ``num_rows`` rows."""
    return -(-num_rows // ROWS_PER_CHECKSUM)


def checksums_of(values: np.ndarray) -> np.ndarray:
    """Compute the checksums of the rows (n, ...) of one image: (ceil(n / 50),) uint32."""
    return np.array([_checksum(values, block) for block in range(num_blocks(len(values)))], np.uint32)


class RowChecksums:
    """The checksums of a file, compared with what is read of it, each of them once per opened file.

    Args:
        path: the file
        file: the same, open
        kind: what the file should hold, for messages
        num_images: number N of images
        num_rows: number K of rows of an image
        columns: number of arrays of K rows of an image, which have checksums of their own
    """

    def __init__(
        self, path: Path, file: hdf5.CheckedFile, kind: str, *, num_images: int, num_rows: int, columns: int
    ) -> None:
        self._path, self._stored = path, Rows(path, KEY, kind) if KEY in file else None
        # The number of rows from the first one on that were compared.
        self._compared = np.zeros((columns, 0 if self._stored is None else num_images), np.int32)
        shape = (num_images, columns, num_blocks(num_rows))
        if self._stored is not None and (self._stored.shape != shape or self._stored.dtype != np.uint32):
            raise DataError(
                f"{path}: '{KEY}' are {self._stored.shape} of {self._stored.dtype}, expected {shape} of uint32; "
                "delete it and run again"
            )

    def check(self, image: int, rows: np.ndarray, count: int, column: int = 0) -> None:
        """Compare the first ``count`` rows of an image, rounded up to whole blocks, unless they were compared before.

        Args:
            image: the image
            rows: (K, ...), all its rows, as stored; only those that are compared are read
            count: number of rows
            column: which of its arrays they are

        Raises:
            DataError: other bytes than were written
        """
        if self._stored is None or self._compared[column, image] >= count:
            return
        blocks = range(self._compared[column, image] // ROWS_PER_CHECKSUM, num_blocks(count))
        self.check_blocks(image, rows, blocks, column)
        self._compared[column, image] = blocks.stop * ROWS_PER_CHECKSUM

    def not_compared(self, images: np.ndarray, count: int, column: int = 0) -> np.ndarray:
        """Return those of the images (n,) of which the first ``count`` rows were not all compared before, ascending."""
        return np.unique(images[self._compared[column, images] < count]) if self._stored is not None else images[:0]

    def check_blocks(self, image: int, rows: np.ndarray, blocks: Iterable[int], column: int = 0) -> None:
        """Compare some blocks of the rows (n, ...) of one image; see :meth:`check`."""
        if self._stored is None:
            return
        stored = self._stored[image][column]
        for block in blocks:
            if _checksum(rows, block) != stored[block]:
                first = block * ROWS_PER_CHECKSUM
                raise DataError(
                    f"{self._path}: image {image}: rows {first} to {min(first + ROWS_PER_CHECKSUM, len(rows))} are not "
                    "what was written, their checksum is another; delete it and run again"
                )


def _checksum(rows: np.ndarray, block: int) -> int:
    part = rows[block * ROWS_PER_CHECKSUM : (block + 1) * ROWS_PER_CHECKSUM]
    return zlib.crc32(np.ascontiguousarray(part).data.cast("B"))

"""Texts of variable length in HDF5 files, read without the library, which loops for ever where their heap is damaged.

HDF5 stores such a text as a length, the address of a heap and an index into it. The heaps are read here as the
specification of the format describes them (version 3.0, sections III.E, IV.A.1 and IV.A.2), with every length compared
with what is around it.
"""

import os
import struct

import h5py
import numpy as np

_REFERENCE = np.dtype([("length", "<u4"), ("heap", "<u8"), ("index", "<u4")])
_HEAP = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HHIQ")


class DamagedTextsError(ValueError):
    """Texts that cannot be where the file says."""


class TextReader:
    """Reads the texts that one file refers to.

    Args:
        handle: the descriptor of the file, open for reading
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._size = os.fstat(handle).st_size
        self._heaps: dict[int, dict[int, bytes]] = {}
        self._left = 2 * self._size  # heaps that overlap could be read again and again

    def read(self, offset: int, count: int) -> bytes:
        """Read ``count`` bytes at ``offset``; DamagedTextsError where the file is shorter."""
        if not 0 <= offset <= self._size or not 0 <= count <= self._size - offset:
            raise DamagedTextsError(f"{count} bytes at {offset} lie outside of the file")
        data = os.pread(self._handle, count, offset)
        if len(data) != count:
            raise DamagedTextsError("the file ends early")
        return data

    def texts(self, references: bytes) -> list[bytes]:
        """Return the texts that references of 16 bytes each refer to.

        Raises:
            DamagedTextsError: a reference, or a heap, that is not whole
        """
        result = []
        heaps, heap, before = self._heaps, {}, -1
        for length, address, index in np.frombuffer(references, _REFERENCE).tolist():
            if not length:
                result.append(b"")
                continue
            if address != before:
                heap, before = heaps.get(address) or self._heap(address), address
            text = heap.get(index, b"")
            if length != len(text):
                if length > len(text):
                    raise DamagedTextsError("a text is not in the heap that it refers to")
                text = text[:length]
            result.append(text)
        return result

    def item(self, address: int, index: int) -> bytes:
        """Return one item of a heap; DamagedTextsError where there is none."""
        heap = self._heaps.get(address) or self._heap(address)
        if index not in heap:
            raise DamagedTextsError("an item is not in the heap that refers to it")
        return heap[index]

    def _heap(self, address: int) -> dict[int, bytes]:
        signature, version, size = _HEAP.unpack(self.read(address, _HEAP.size))
        if signature != b"GCOL" or version != 1 or size < _HEAP.size:
            raise DamagedTextsError("a heap of texts does not begin as one")
        self._left -= size
        if self._left < 0:
            raise DamagedTextsError("its heaps of texts overlap")
        data = self.read(address, size)
        texts: dict[int, bytes] = {}
        position, unpack = _HEAP.size, _OBJECT.unpack_from
        while position + 16 <= size:
            index, _, _, length = unpack(data, position)
            if not index:  # free, usually the rest
                if not 16 <= length <= size - position:
                    raise DamagedTextsError("the free part of a heap of texts has an impossible length")
                position += length
                continue
            position += 16
            end = position + length
            if end > size:
                raise DamagedTextsError("a heap of texts ends early")
            texts[index] = data[position:end]
            position = (end + 7) & ~7
        self._heaps[address] = texts
        return texts


def read_texts(dataset: h5py.Dataset) -> list[bytes] | None:
    """Read a dataset (n,) of texts of variable length that is stored in one piece.

    Returns:
        the texts; None where the dataset is stored in another way

    Raises:
        DamagedTextsError: its heaps are damaged
    """
    offset = dataset.id.get_offset()
    if offset is None or dataset.file.userblock_size:
        return None
    reader = TextReader(dataset.file.id.get_vfd_handle())
    return reader.texts(reader.read(offset, dataset.shape[0] * _REFERENCE.itemsize))

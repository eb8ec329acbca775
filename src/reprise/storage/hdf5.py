"""Helpers for the HDF5 files of this project: the recipe attribute, and errors that name the file."""

import errno
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.storage.hdf5_headers import check_object
from reprise.storage.hdf5_texts import TextReader, read_texts
from reprise.storage.os_errors import system_error

_REMEDY = "delete it and run again"
# gzip makes nothing smaller than by this factor, rounded up.
_LARGEST_RATIO = 1100
_SMALL_CHUNK = 64 << 20
_CHECKSUM = 4  # bytes
# Of what is read a part at a time: a chunk with checksums is read as a whole, and should stay in HDF5's cache of 1 MiB.
_CHUNK_BYTES, _MOST_ROWS = 1 << 18, 4096
_KEEPING_SIZE = {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}


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


@contextmanager
def reading(path: str | os.PathLike) -> Iterator[None]:
    """Within the block an HDF5 file is read: every error of it becomes one that names the file.

    Args:
        path: the file

    Raises:
        DataError: in place of any other error: the system refuses the file, or it is damaged
    """
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise _explained(path, error) from error


class CheckedFile(h5py.File):
    """A file that is open for reading, of which everything that is read is checked first; made by :func:`open_checked`.

    Whatever HDF5 cannot read of it, such as a wrong checksum, is a DataError. Links to other places, values that are
    stored in other files, and datasets of sizes that the file cannot hold are refused. Used in a ``with`` statement.
    """

    def __init__(self, path: Path, *, virtual: bool) -> None:
        super().__init__(path, "r")
        self.path, self.virtual = path, virtual
        self._size = path.stat().st_size
        self._reader = None if self.userblock_size else TextReader(self.id.get_vfd_handle())
        self._checked: set[int] = set()
        self._check_header(h5py.h5o.get_info(self.id).addr)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, Exception) and not isinstance(error, DataError) and not _is_about_another(error):
            raise _explained(self.path, error) from error

    def __contains__(self, name: Any) -> bool:
        try:
            self._refuse_links(name)
        except KeyError:
            return False
        return True

    def __getitem__(self, name: Any) -> Any:
        self._refuse_links(name)
        item = super().__getitem__(name)
        if isinstance(item, h5py.Dataset):
            self._check(name, item)
        return item

    def get(self, name: Any, default: Any = None) -> Any:
        """Return ``self[name]``, or ``default`` where there is nothing of this name."""
        try:
            return self[name]
        except KeyError:
            return default

    def _refuse_links(self, name: str) -> None:
        """Refuse any link on the way to ``name``; KeyError where there is nothing of this name."""
        parts, links = [part for part in name.split("/") if part], self.id.links
        for count in range(1, len(parts) + 1):
            part = "/".join(parts[:count])
            if not links.exists(part.encode()):
                raise KeyError(part)
            link = links.get_info(part.encode())
            if link.type != h5py.h5l.TYPE_HARD:
                raise DataError(f"{self.path}: '{part:.100}' is a link to another place; {_REMEDY}")
            self._check_header(link.u)

    def _check_header(self, address: int) -> None:
        if self._reader is not None and address not in self._checked:
            check_object(self._reader, address)
            self._checked.add(address)

    def _check(self, name: str, dataset: h5py.Dataset) -> None:
        properties = dataset.id.get_create_plist()
        if properties.get_external_count():
            raise DataError(f"{self.path}: the values of '{name}' are in another file; {_REMEDY}")
        if properties.get_layout() == h5py.h5d.VIRTUAL:
            if not self.virtual:
                raise _virtual(self.path, name)
            return
        size = dataset.id.get_space().get_simple_extent_npoints() * dataset.id.get_type().get_size()
        chunk = math.prod(dataset.chunks or (0,)) * dataset.id.get_type().get_size() if size else 0
        plausible = _LARGEST_RATIO * self._size
        if size > plausible + _SMALL_CHUNK or chunk > max(plausible, _SMALL_CHUNK):
            raise DataError(
                f"{self.path}: '{name}' states more values ({size} bytes) than this file can hold; {_REMEDY}"
            )


def open_checked(
    path: str | os.PathLike, datasets: Mapping[str, int], kind: str, *, virtual: bool = False
) -> CheckedFile:
    """Open an HDF5 file for reading and check that it holds ``datasets``.

    Args:
        path: the file
        datasets: name -> number of dimensions
        kind: what the file should hold, for messages
        virtual: its datasets may be virtual, because they are read by :mod:`reprise.formats.virtual`

    Raises:
        DataError: no such file, not a complete HDF5 file, or a dataset that is missing or has other dimensions
    """
    path = Path(path)
    if not path.is_file():
        found = "is no regular file" if path.exists() else "there is no such file"
        raise DataError(f"{path}: {found}; it should hold {kind}")
    try:
        file = CheckedFile(path, virtual=virtual)
    except Exception as error:
        raise system_error(path, error) or DataError(
            f"{path}: not a whole HDF5 file ({_reason(error)}); delete it and run again, it should hold {kind}"
        ) from error
    try:
        with reading(path):
            for name, dimensions in datasets.items():
                _check_dimensions(path, file, name, dimensions, kind)
    except DataError:
        file.close()
        raise
    return file


def read_array(file: CheckedFile, key: str, kinds: str) -> np.ndarray:
    """Read a whole dataset, of which no part may be missing.

    Args:
        file: the file
        key: the dataset
        kinds: the kinds of numpy dtypes that are expected, such as "iu" for integers and "f" for floats

    Raises:
        DataError: the dataset is missing, of another kind, or not whole
    """
    dataset = file.get(key)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in kinds:
        found = f"is of type {dataset.dtype}" if isinstance(dataset, h5py.Dataset) else "is missing"
        expected = " or ".join({"i": "integers", "u": "integers", "f": "floats"}[kind] for kind in kinds[:1])
        raise DataError(f"{file.path}: dataset '{key}' {found}, expected {expected}; {_REMEDY}")
    check_whole(file.path, key, dataset)
    return dataset[()]


def check_whole(path: Path, key: str, dataset: h5py.Dataset) -> None:
    """Refuse a dataset of which a part is not in the file: HDF5 reads zeros in its place, or crashes.

    Raises:
        DataError: such a dataset
    """
    if dataset.is_virtual:
        raise _virtual(path, key)
    if not dataset.size or not dataset.ndim:
        return
    with reading(path):
        if dataset.chunks is None:
            whole = dataset.id.get_storage_size() >= dataset.size * dataset.id.get_type().get_size()
        else:
            whole = _has_all_chunks(path, dataset)
    if not whole:
        raise DataError(f"{path}: a part of '{key}' is missing; {_REMEDY}")


def _has_all_chunks(path: Path, dataset: h5py.Dataset) -> bool:
    """Tell whether every chunk of a dataset has a place in the file, and a size that its filters allow.

    The filter of checksums reads before the beginning of a chunk that is too small.
    """
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    chunk_bytes = math.prod(dataset.chunks) * dataset.id.get_type().get_size()
    file_bytes = path.stat().st_size
    whole: list[bool] = []

    def check(chunk: h5py.h5d.StoreInfo) -> None:
        used = [name for number, name in enumerate(filters) if not chunk.filter_mask >> number & 1]
        expected = chunk_bytes + (_CHECKSUM if h5py.h5z.FILTER_FLETCHER32 in used else 0)
        if dataset.dtype.hasobject:  # references to texts, whose size in the file the library does not tell
            fits = chunk.size > _CHECKSUM
        elif set(used) <= _KEEPING_SIZE:
            fits = chunk.size == expected
        else:  # what cannot be compressed grows a little
            fits = _CHECKSUM < chunk.size <= expected + expected // 8 + 1024
        whole.append(fits and chunk.byte_offset is not None and chunk.byte_offset + chunk.size <= file_bytes)

    dataset.id.chunk_iter(check)
    needed = math.prod(-(-length // chunk) for length, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    return len(whole) == needed and all(whole)


def _virtual(path: Path, key: str) -> DataError:
    return DataError(f"{path}: '{key}' is virtual, expected are the values themselves; {_REMEDY}")


def is_plain(dataset: h5py.Dataset) -> bool:
    """Tell whether the bytes in the file are those of the numpy dtype, so that they may be mapped into memory."""
    return h5py.h5t.py_create(dataset.dtype) == dataset.id.get_type()


def _check_dimensions(path: Path, file: CheckedFile, name: str, dimensions: int, kind: str) -> None:
    dataset = file.get(name)
    if dataset is None:
        found = "is missing"
    elif not isinstance(dataset, h5py.Dataset):
        found = "is a group"
    elif dataset.ndim != dimensions:
        found = f"has {dataset.ndim} dimensions"
    else:
        return
    raise DataError(
        f"{path}: dataset '{name}' {found}, expected {dimensions} dimensions; this file does not hold {kind}"
    )


def _explained(path: str | os.PathLike, error: Exception) -> DataError:
    if isinstance(error, MemoryError):
        return DataError(f"{path}: there is not enough memory to read it; give this process more, or read less of it")
    return system_error(path, error) or DataError(f"{path}: is damaged ({_reason(error)}); {_REMEDY}")


def _is_about_another(error: Exception) -> bool:
    """Tell whether an error is about a file that was opened or written meanwhile."""
    if not isinstance(error, OSError):
        return False
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT)


def _reason(error: Exception) -> str:
    text = str(error).strip()
    return (
        f"{text.splitlines()[0]:.200}"
        if text and isinstance(error, OSError)
        else f"{type(error).__name__}: {text:.200}"
    )


def write_array(file: h5py.File | h5py.Group, key: str, values: np.ndarray, **options: object) -> None:
    """Store an array with checksums, which HDF5 compares whenever it is read."""
    file.create_dataset(key, data=values, fletcher32=bool(np.size(values) and np.ndim(values)), **options)


def create_rows(file: h5py.File, key: str, count: int, width: tuple[int, ...], dtype: str) -> None:
    """Create an array that grows row by row, with checksums, which HDF5 compares whenever it is read.

    Args:
        file: the file, open for writing
        key: the dataset
        count: number of rows for now
        width: shape of one row
        dtype: dtype of its values
    """
    rows = max(1, min(_MOST_ROWS, _CHUNK_BYTES // (math.prod(width) * np.dtype(dtype).itemsize)))
    file.create_dataset(key, (count, *width), dtype, maxshape=(None, *width), chunks=(rows, *width), fletcher32=True)


def write_names(file: h5py.File, key: str, names: list[str]) -> None:
    """Store ``names`` as a dataset of utf-8 strings, of one length so that their checksums are those of the texts."""
    texts = [name.encode("utf-8") for name in names]
    kind = h5py.string_dtype("utf-8", max(map(len, texts), default=1) or 1)
    write_array(file, key, np.array(texts, kind))


def read_names(file: CheckedFile, key: str) -> list[str]:
    """Read the strings that :func:`write_names` stored.

    Raises:
        DataError: no dataset (n,) of strings, or one that is damaged
    """
    dataset = file[key]
    with reading(file.path):
        kind = h5py.check_string_dtype(dataset.dtype) if isinstance(dataset, h5py.Dataset) else None
        if kind is None or dataset.ndim != 1:
            raise DataError(f"{file.path}: dataset '{key}' holds no list of texts; {_REMEDY}")
        check_whole(file.path, key, dataset)
        texts = read_texts(dataset) if kind.length is None and len(dataset) else None
        return [text.decode("utf-8") for text in (dataset[:].tolist() if texts is None else texts)]

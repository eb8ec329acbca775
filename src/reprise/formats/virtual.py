"""HDF5 virtual datasets, resolved to the datasets that really hold their rows.

HDF5 reads zeros where a source of a virtual dataset is missing. Rows are therefore never read through a virtual
dataset, but from its sources, each of which is checked on opening.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError

_DEEPEST = 4
_MOST_FILES = 100_000


@dataclass(frozen=True)
class Segment:
    """Consecutive rows of a dataset that is not virtual.

    Attributes:
        path: the file
        key: the dataset
        start: the first row
        count: number of rows
    """

    path: Path
    key: str
    start: int
    count: int


def resolve(path: Path, key: str, kind: str) -> list[Segment]:
    """Find the segments that make up the rows of a dataset, in order.

    Args:
        path: the file
        key: the dataset
        kind: what the file should hold, for messages

    Raises:
        DataError: a source is missing, shorter than its part of the virtual dataset or of another type, or was
            written by another recipe since the merge; or rows of the virtual dataset have no source
    """
    return _resolve(path, key, kind, 0, itertools.count())


def _resolve(
    path: Path, key: str, kind: str, depth: int, opened: Iterator[int], needed: "_Needed | None" = None
) -> list[Segment]:
    """Resolve a dataset, after ``depth`` virtual datasets that led to it; ``opened`` counts the files."""
    with hdf5.open_checked(path, {}, kind, virtual=True) as file:
        dataset = file.get(key)
        if not isinstance(dataset, h5py.Dataset) or not dataset.ndim:
            raise DataError(f"{path}: dataset '{key}' is missing; this file does not hold {kind}")
        if needed is not None:
            needed.check(path, key, dataset)
        if not dataset.is_virtual:
            return [Segment(path, key, 0, dataset.shape[0])]
        if depth == _DEEPEST or next(opened) == _MOST_FILES:
            raise DataError(f"{path}: virtual datasets refer to each other; merge the files again")
        _check_recipes(path, file)
        shape, dtype = dataset.shape, dataset.dtype
        mappings = sorted(_mapping(path, source, shape) for source in dataset.virtual_sources())
        sources = [locate(path, name) for _, _, name, _, _ in mappings]
    segments: list[Segment] = []
    reached = 0
    for (start, count, _, source_key, source_start), source in zip(mappings, sources, strict=True):
        if start != reached:
            raise DataError(f"{path}: rows {reached} to {start} of '{key}' have no source; merge the files again")
        reached += count
        part = _Needed(path, (source_start + count, *shape[1:]), dtype)
        try:
            segments += _cut(_resolve(source, source_key, kind, depth + 1, opened, part), source_start, count)
        except DataError as error:
            if str(path) in str(error):
                raise
            raise DataError(f"{path}: cannot be read without what it was merged from; {error}") from error
    if reached != shape[0]:
        raise DataError(f"{path}: rows {reached} to {shape[0]} of '{key}' have no source; merge the files again")
    return segments


@dataclass(frozen=True)
class _Needed:
    """What a virtual dataset of the file ``path`` needs of a source: at least this shape, and this type."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype

    def check(self, source: Path, key: str, dataset: h5py.Dataset) -> None:
        """Refuse another source."""
        found = dataset.shape
        if dataset.dtype != self.dtype or found[1:] != self.shape[1:] or found[0] < self.shape[0]:
            raise DataError(
                f"{self.path}: its chunk {source} has '{key}' of shape {found} and type {dataset.dtype}, expected at "
                f"least {self.shape} of {self.dtype}; it is not the file that was merged, merge again"
            )


class Rows:
    """The rows of a dataset, virtual or not, read in place from the files that hold them.

    A dataset that HDF5 stores in one piece and unchanged is mapped into memory; any other is read through HDF5.

    Args:
        path: the file
        key: the dataset
        kind: what the file should hold, for messages

    Attributes:
        shape: shape of the dataset
        dtype: dtype of its values
    """

    def __init__(self, path: Path, key: str, kind: str):
        segments = resolve(path, key, kind)
        with hdf5.open_checked(path, {}, kind, virtual=True) as file:
            self.shape: tuple[int, ...] = file[key].shape
            self.dtype: np.dtype = file[key].dtype
        self._parts = [_open_rows(segment, kind) for segment in segments]
        self._starts = np.cumsum([0, *(segment.count for segment in segments)])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row: int) -> np.ndarray:
        """Return one row."""
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._parts[part][row - int(self._starts[part])]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read rows (stop - start, ...); the result is a view of the mapped file where one file holds them all."""
        blocks = []
        first = max(int(np.searchsorted(self._starts, start, side="right")) - 1, 0)
        for part, offset in zip(self._parts[first:], self._starts[first:], strict=False):
            if offset >= stop:
                break
            blocks.append(part[max(start - int(offset), 0) : stop - int(offset)])
        if len(blocks) == 1:
            return blocks[0]
        return np.concatenate(blocks) if blocks else np.empty((0, *self.shape[1:]), self.dtype)

    def close(self) -> None:
        """Close the files that are read through HDF5."""
        for part in self._parts:
            if isinstance(part, _Slice):
                part.close()


class _Slice:
    """Rows ``start`` to ``start + count`` of a dataset that cannot be mapped."""

    def __init__(self, path: Path, dataset: h5py.Dataset, start: int, count: int):
        self._path, self._dataset, self._start, self._count = path, dataset, start, count

    def __getitem__(self, rows: int | slice) -> np.ndarray:
        with hdf5.reading(self._path):
            if isinstance(rows, slice):
                first, last, _ = rows.indices(self._count)
                return self._dataset[self._start + first : self._start + last]
            return self._dataset[self._start + rows]

    def close(self) -> None:
        """Close the file."""
        self._dataset.file.close()


def _open_rows(segment: Segment, kind: str) -> np.ndarray | _Slice:
    file = hdf5.open_checked(segment.path, {}, kind)
    with hdf5.reading(segment.path):
        dataset = file[segment.key]
        hdf5.check_whole(segment.path, segment.key, dataset)
        offset = dataset.id.get_offset()
        if offset is None or not hdf5.is_plain(dataset):
            return _Slice(segment.path, dataset, segment.start, segment.count)
        start = offset + segment.start * dataset.id.get_type().get_size() * int(np.prod(dataset.shape[1:]))
        mapped = np.memmap(segment.path, dataset.dtype, "r", start, (segment.count, *dataset.shape[1:]))
        file.close()
        return mapped


def locate(path: Path, name: str) -> Path:
    """Find a source of a virtual file.

    A source whose absolute path is of another machine is looked for in the folder of ``path``.

    Args:
        path: the virtual file
        name: the stored path of the source

    Raises:
        DataError: no such file
    """
    candidates = [path.parent / name, path.parent / Path(name).name]
    for candidate in reversed(candidates) if Path(name).is_absolute() else candidates:
        if candidate.is_file() and not candidate.samefile(path):
            return candidate
    raise DataError(f"{path}: its chunk {candidates[0]} is missing; bring it back, or run the extraction again")


def link(
    file: h5py.File,
    path: Path,
    key: str,
    chunks: Sequence[Path],
    rows: Sequence[int],
    source_keys: Sequence[str] | None = None,
) -> None:
    """Create a virtual dataset from the datasets of chunks.

    Args:
        file: the virtual file, open for writing
        path: the path that the virtual file will have
        key: the name of the virtual dataset
        chunks: the files that hold the rows
        rows: number of rows of each chunk
        source_keys: the name of the dataset in each chunk, where it is not ``key``
    """
    source_keys = source_keys or [key] * len(chunks)
    with h5py.File(chunks[0]) as first:
        shape, dtype = first[source_keys[0]].shape[1:], first[source_keys[0]].dtype
    layout = h5py.VirtualLayout((sum(rows), *shape), dtype)
    layout.dcpl.set_obj_track_times(False)  # as for all other datasets, so that equal content is equal bytes
    start = 0
    for chunk, count, source_key in zip(chunks, rows, source_keys, strict=True):
        if count:
            name = os.path.relpath(chunk.absolute(), path.absolute().parent)
            layout[start : start + count] = h5py.VirtualSource(name, source_key, (count, *shape), dtype)
        start += count
    file.create_virtual_dataset(key, layout)


def write_chunks(file: h5py.File, path: Path, chunks: Sequence[Path], rows: Sequence[int], recipes: list[str]) -> None:
    """Store which chunks were merged, so that :func:`resolve` can check that they are still the same.

    Args:
        file: the merged file, open for writing
        path: the path that the merged file will have
        chunks: the files that were merged
        rows: number of rows of each chunk
        recipes: the recipe of each chunk
    """
    hdf5.write_array(file, "chunk_rows", np.asarray(rows, np.int64))
    hdf5.write_names(file, "chunks", [os.path.relpath(chunk.absolute(), path.absolute().parent) for chunk in chunks])
    hdf5.write_names(file, "chunk_recipes", recipes)


def _check_recipes(path: Path, file: hdf5.CheckedFile) -> None:
    if "chunks" not in file:
        return
    names = hdf5.read_names(file, "chunks")
    if "chunk_recipes" in file:
        recipes = hdf5.read_names(file, "chunk_recipes")
    elif "chunk_recipe" in file.attrs:  # ragged files of earlier versions, whose chunks had one recipe
        recipes = [str(file.attrs["chunk_recipe"])] * len(names)
    else:
        return
    for name, recipe in zip(names, recipes, strict=True):
        chunk = locate(path, name)
        with hdf5.open_checked(chunk, {}, "a chunk", virtual=True) as source:
            if source.attrs.get("recipe", "") != recipe:
                raise DataError(
                    f"{path}: its chunk {chunk} was written by another recipe since the merge; "
                    "run the workflow again so that the merge is repeated"
                )


def _mapping(path: Path, source: h5py.h5s.SpaceID, shape: tuple[int, ...]) -> tuple[int, int, str, str, int]:
    """Return (first row, rows, file, dataset, first row there) of one source, which has to be a run of whole rows."""
    low, high = source.vspace.get_select_bounds()
    count = high[0] - low[0] + 1
    if source.src_space.get_select_type() == h5py.h5s.SEL_ALL:
        source_low, source_high = (0,), (count - 1,)
    else:
        source_low, source_high = source.src_space.get_select_bounds()
    whole = low[1:] == (0,) * (len(shape) - 1) and high[1:] == tuple(size - 1 for size in shape[1:])
    points = count * int(np.prod(shape[1:], dtype=np.int64))
    if not whole or source.vspace.get_select_npoints() != points or source_high[0] - source_low[0] + 1 != count:
        raise DataError(f"{path}: a virtual dataset takes parts of rows from {source.file_name}; merge again")
    return low[0], count, source.file_name, source.dset_name, source_low[0]


def _cut(segments: list[Segment], start: int, count: int) -> list[Segment]:
    """Return rows ``start`` to ``start + count`` of the rows of ``segments``."""
    result, first = [], 0
    for segment in segments:
        low, high = max(start, first), min(start + count, first + segment.count)
        if low < high:
            result.append(Segment(segment.path, segment.key, segment.start + low - first, high - low))
        first += segment.count
    return result

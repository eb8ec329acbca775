"""Nearest neighbours: per query the most similar images of a database, best first, without names.

The published files are pickles of one array (2, queries, M): similarities, then indices stored as numbers of the same
type. Those read here may hold a third row, indices into a reduced database, which is left out.
"""

import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.formats.rankings import RankedList
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle
from reprise.untrusted.stored_arrays import StoredArray, find_array

# Up to this number float32 represents every integer exactly.
_LARGEST_INDEX = 2**24
# A pickle of as many bytes is read in blocks of as many items; the 6.4 GiB of GLDv2 need 17 GiB at once.
_LARGE = 2**26
_ITEMS = 2**22


def read_neighbors(
    path: str | os.PathLike,
    *,
    num_queries: int | None = None,
    num_images: int | None = None,
    first: int | None = None,
) -> RankedList:
    """Read a pickle of nearest neighbours, of numpy or torch, float32 or float64.

    Args:
        path: the file
        num_queries: number Q of queries, checked where it is known
        num_images: number of database images, checked where it is known
        first: number of neighbours per query that are read, the best ones (all for None)

    Returns:
        ranks (Q, M) int64 and scores (Q, M) float32, the similarities

    Raises:
        DataError: not such an array, other sizes, fewer neighbours than ``first``, NaN or infinity, indices that are no
            integers, lie outside of the database or repeat in a row
    """
    return open_neighbors(path, num_queries=num_queries, num_images=num_images, first=first).read()


class NeighborsFile:
    """A pickle of nearest neighbours, of which a few queries are read at once; a large one is left on the disk.

    Attributes:
        shape: number of queries, and of neighbours that are read of each
        large: whether it is left on the disk
    """

    def __init__(
        self, path: str | os.PathLike, array: "StoredArray | _Loaded", num_images: int | None, first: int | None
    ) -> None:
        self._path, self._array, self._num_images, self._first = path, array, num_images, first
        queries, width = array.shape[1:]
        self.shape = (queries, width if first is None else min(first, width))
        self.large = isinstance(array, StoredArray)

    def read(self) -> RankedList:
        """Read the neighbours of all queries, as :func:`read_neighbors`."""
        ranks, scores = np.empty(self.shape, np.int64), np.empty(self.shape, np.float32)
        for start, block in self.blocks():
            rows = slice(start, start + len(block.ranks))
            ranks[rows], scores[rows] = block.ranks, block.scores
        return RankedList(ranks, scores)

    def blocks(self) -> Iterator[tuple[int, RankedList]]:
        """Iterate over the neighbours of all queries.

        Yields:
            the first query, and ranks int64 and scores float32 of a block of queries, checked

        Raises:
            DataError: as :func:`read_neighbors`
        """
        queries, width = self._array.shape[1:]
        rows = max(1, _ITEMS // max(1, width))
        for start in range(0, max(queries, 1), rows):
            stop = min(start + rows, queries)
            similarities, indices = (self._array.rows(plane, start, stop)[:, : self._first] for plane in (0, 1))
            if not np.isfinite(indices).all() or (indices != np.trunc(indices)).any():
                raise DataError(
                    f"{self._path}: its second row holds NaN or fractions where indices of images are expected"
                )
            block = RankedList(indices.astype(np.int64), similarities.astype(np.float32))
            check_neighbors(block, str(self._path), num_images=self._num_images, first=self._first, query=start)
            _check_last(block, self._path, start)
            yield start, block


@dataclass(frozen=True)
class _Loaded:
    """An array in memory, with the interface of one that is stored."""

    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    def rows(self, plane: int, start: int, stop: int) -> np.ndarray:
        return self.values[plane, start:stop]


def open_neighbors(
    path: str | os.PathLike,
    *,
    num_queries: int | None = None,
    num_images: int | None = None,
    first: int | None = None,
) -> NeighborsFile:
    """Open a pickle of nearest neighbours to read it in blocks of queries; arguments as of :func:`read_neighbors`.

    Raises:
        DataError: not such an array, or one of other numbers of queries; what is in it is checked when it is read
    """
    path = Path(path)
    stored = find_array(path) if path.is_file() and path.stat().st_size >= _LARGE else None
    value = load_pickle(path, tensors_as_arrays=True) if stored is None else stored
    array = _Loaded(value) if isinstance(value, np.ndarray) else value
    known = isinstance(array, _Loaded | StoredArray)
    if not known or len(array.shape) != 3 or array.shape[0] not in (2, 3) or array.dtype.kind != "f":
        found = f"{array.dtype} {array.shape}" if known else type(value).__name__
        raise DataError(
            f"{path}: holds {found}, expected floats (2, queries, neighbours), similarities and indices; "
            "write it with write_neighbors"
        )
    _check_queries(path, array.shape[1], num_queries)
    return NeighborsFile(path, array, num_images, first)


def write_neighbors(path: str | os.PathLike, neighbors: RankedList, *, as_tensor: bool = False) -> None:
    """Write the published layout, (2, Q, M) float32.

    Args:
        path: the file
        neighbors: ranks and scores (Q, M)
        as_tensor: write an array of torch, which the published evaluation needs, and not one of numpy, which the
            published training needs; :func:`read_neighbors` takes both

    Raises:
        DataError: neighbours that ``read_neighbors`` would refuse, or an index of 2**24 or more, which float32 cannot
            hold exactly
    """
    check_neighbors(neighbors, str(path))
    if neighbors.ranks.size and neighbors.ranks.max() > _LARGEST_INDEX:
        raise DataError(f"{path}: index {neighbors.ranks.max()} is beyond what float32 holds exactly, {_LARGEST_INDEX}")
    content = np.stack([neighbors.scores.astype(np.float32), neighbors.ranks.astype(np.float32)])
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        pickle.dump(_tensor(content) if as_tensor else content, handle, protocol=5)


def _tensor(content: np.ndarray) -> object:
    # Imported here, so that files without tensors need no torch.
    import torch

    return torch.from_numpy(content)


def check_neighbors(
    neighbors: RankedList,
    where: str,
    *,
    num_queries: int | None = None,
    num_images: int | None = None,
    first: int | None = None,
    query: int = 0,
) -> None:
    """Refuse lists that no search can have made.

    Args:
        neighbors: ranks and scores (Q, M)
        where: what an error begins with
        num_queries: number Q of queries, checked where it is known
        num_images: number of database images, checked where it is known
        first: number of neighbours per query that are needed, or None
        query: the number of the first query, where these are not all

    Raises:
        DataError: what :func:`read_neighbors` refuses
    """
    similarities, indices = neighbors.scores, neighbors.ranks
    if similarities.ndim != 2 or similarities.shape != indices.shape or indices.dtype.kind not in "iu":
        raise DataError(
            f"{where}: similarities {similarities.shape} and indices {indices.dtype} {indices.shape} do not fit each "
            "other; expected (queries, neighbours), indices as integers"
        )
    _check_queries(where, len(indices), num_queries)
    # A database of fewer images than requested is used completely; queries that are part of it are not listed.
    needed = 0 if first is None else min(first, first if num_images is None else num_images - 1)
    if indices.shape[1] < needed:
        raise DataError(f"{where}: has {indices.shape[1]} neighbours per query, {first} were asked for; ask for fewer")
    wrong = ~np.isfinite(similarities)
    if wrong.any():
        wrong &= ~np.isneginf(similarities)  # which an image without a descriptor has
    if wrong.any():
        row, rank = (int(place[0]) for place in np.nonzero(wrong))
        raise DataError(
            f"{where}: the similarities of query {query + row} contain NaN or infinity, of image "
            f"{indices[row, rank]} at rank {rank + 1}; compute them again"
        )
    for row, line in enumerate(indices, start=query):
        if line.size and (line.min() < 0 or (num_images is not None and line.max() >= num_images)):
            outside = line.min() if line.min() < 0 else line.max()
            limit = "" if num_images is None else f" of {num_images} images"
            raise DataError(f"{where}: query {row} has the neighbour {outside}, outside of the database{limit}")
        ordered = np.sort(line)
        if (ordered[1:] == ordered[:-1]).any():
            raise DataError(f"{where}: query {row} has a neighbour more than once; compute them again")


def _check_last(neighbors: RankedList, path: str | os.PathLike, query: int) -> None:
    """Refuse images without a descriptor, of similarity minus infinity, before others."""
    without = ~np.isfinite(neighbors.scores)
    early = without[:, :-1] & ~without[:, 1:]
    if early.any():
        raise DataError(
            f"{path}: the similarities of query {query + int(np.nonzero(early)[0][0])} contain minus infinity before "
            "others; compute them again"
        )


def _check_queries(where: object, found: int, expected: int | None) -> None:
    if expected is not None and found != expected:
        raise DataError(f"{where}: has neighbours of {found} queries, expected {expected}; compute them again")

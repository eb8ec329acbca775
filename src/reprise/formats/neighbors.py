"""Nearest neighbours: per query the most similar images of a database, best first, without names.

The published files are pickles of one array (2, queries, M): similarities, then indices stored as numbers of the same
type. Those read here may hold a third row, indices into a reduced database, which is left out.
"""

import os
import pickle

import numpy as np

from reprise.formats.rankings import RankedList
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle

# Up to this number float32 represents every integer exactly.
_LARGEST_INDEX = 2**24


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
    value = load_pickle(path, tensors_as_arrays=True)
    if not isinstance(value, np.ndarray) or value.ndim != 3 or len(value) not in (2, 3) or value.dtype.kind != "f":
        found = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise DataError(
            f"{path}: holds {found}, expected floats (2, queries, neighbours), similarities and indices; "
            "write it with write_neighbors"
        )
    similarities, indices = value[0, :, :first], value[1, :, :first]
    if not np.isfinite(indices).all() or (indices != np.trunc(indices)).any():
        raise DataError(f"{path}: its second row holds NaN or fractions where indices of images are expected")
    neighbors = RankedList(indices.astype(np.int64), similarities.astype(np.float32))
    check_neighbors(neighbors, str(path), num_queries=num_queries, num_images=num_images, first=first)
    return neighbors


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
) -> None:
    """Refuse lists that no search can have made.

    Args:
        neighbors: ranks and scores (Q, M)
        where: what an error begins with
        num_queries: number Q of queries, checked where it is known
        num_images: number of database images, checked where it is known
        first: number of neighbours per query that are needed, or None

    Raises:
        DataError: what :func:`read_neighbors` refuses
    """
    similarities, indices = neighbors.scores, neighbors.ranks
    if similarities.ndim != 2 or similarities.shape != indices.shape or indices.dtype.kind not in "iu":
        raise DataError(
            f"{where}: similarities {similarities.shape} and indices {indices.dtype} {indices.shape} do not fit each "
            "other; expected (queries, neighbours), indices as integers"
        )
    if num_queries is not None and len(indices) != num_queries:
        raise DataError(
            f"{where}: has neighbours of {len(indices)} queries, expected {num_queries}; compute them again"
        )
    # A database of fewer images than requested is used completely; queries that are part of it are not listed.
    needed = 0 if first is None else min(first, first if num_images is None else num_images - 1)
    if indices.shape[1] < needed:
        raise DataError(f"{where}: has {indices.shape[1]} neighbours per query, {first} were asked for; ask for fewer")
    if not np.isfinite(similarities).all():
        row, rank = (int(place[0]) for place in np.nonzero(~np.isfinite(similarities)))
        raise DataError(
            f"{where}: the similarities of query {row} contain NaN or infinity, of image {indices[row, rank]} at rank "
            f"{rank + 1}; compute them again"
        )
    for row, line in enumerate(indices):
        if line.size and (line.min() < 0 or (num_images is not None and line.max() >= num_images)):
            outside = line.min() if line.min() < 0 else line.max()
            limit = "" if num_images is None else f" of {num_images} images"
            raise DataError(f"{where}: query {row} has the neighbour {outside}, outside of the database{limit}")
        ordered = np.sort(line)
        if (ordered[1:] == ordered[:-1]).any():
            raise DataError(f"{where}: query {row} has a neighbour more than once; compute them again")

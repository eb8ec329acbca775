"""Nearest neighbours: per query the most similar images of a database, best first.

The published files are pickles of one array (2, queries, M): similarities, then indices stored as numbers of the same
type. Those read here may hold a third row, indices into a reduced database, which is left out.
"""

import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.formats.rankings import StoredRankings, read_rankings
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle

# Up to here every integer is a float32.
_LARGEST_INDEX = 2**24
_SIGNATURE = b"\x89HDF"


@dataclass(frozen=True)
class Neighbors:
    """similarities (Q, M) float32 and indices (Q, M) int64 into the database, best first, no image twice in a row."""

    similarities: np.ndarray
    indices: np.ndarray


def read_neighbors(
    path: str | os.PathLike,
    *,
    num_queries: int | None = None,
    num_images: int | None = None,
    first: int | None = None,
) -> Neighbors:
    """Read a pickle of nearest neighbours, of numpy or torch, float32 or float64.

    Args:
        num_queries, num_images: sizes of the query list and of the database, checked where they are known
        first: only so many neighbours per query (all for None)

    Raises:
        DataError: not such an array, other sizes, fewer neighbours than ``first``, NaN or infinity, indices that are no
            integers, lie outside of the database or repeat in a row
    """
    value = load_pickle(path)
    if type(value).__name__ == "Tensor":
        value = value.numpy()
    if not isinstance(value, np.ndarray) or value.ndim != 3 or len(value) not in (2, 3) or value.dtype.kind != "f":
        found = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise DataError(
            f"{path}: holds {found}, expected floats (2, queries, neighbours), similarities and indices; "
            "write it with write_neighbors"
        )
    similarities, indices = value[0, :, :first], value[1, :, :first]
    if not np.isfinite(indices).all() or (indices != np.trunc(indices)).any():
        raise DataError(f"{path}: its second row holds NaN or fractions where indices of images are expected")
    neighbors = Neighbors(similarities.astype(np.float32), indices.astype(np.int64))
    check_neighbors(neighbors, str(path), num_queries=num_queries, num_images=num_images, first=first)
    return neighbors


def write_neighbors(path: str | os.PathLike, neighbors: Neighbors) -> None:
    """Write the published layout, (2, Q, M) float32 as numpy.

    Raises:
        DataError: neighbours that ``read_neighbors`` would refuse, or an index of 2**24 or more, which float32 cannot
            hold exactly
    """
    check_neighbors(neighbors, str(path))
    if neighbors.indices.size and neighbors.indices.max() > _LARGEST_INDEX:
        raise DataError(
            f"{path}: index {neighbors.indices.max()} is beyond what float32 holds exactly, {_LARGEST_INDEX}"
        )
    content = np.stack([neighbors.similarities.astype(np.float32), neighbors.indices.astype(np.float32)])
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        pickle.dump(content, handle, protocol=5)


def read_shortlist(
    path: str | os.PathLike,
    *,
    query_names: Sequence[str] | None = None,
    database_names: Sequence[str] | None = None,
    num_queries: int | None = None,
    num_images: int | None = None,
    first: int | None = None,
) -> Neighbors:
    """Read what is re-ranked: nearest neighbours, or any rankings of this project, whose scores are the similarities.

    Args:
        query_names, database_names: the images in the order of the local features. Rankings name their images: with
            these, indices are those of ``database_names``, which may hold more; without, those of the rankings
        num_queries, num_images, first: as for ``read_neighbors``; the first two default to the numbers of names

    Raises:
        DataError: as ``read_neighbors``; rankings of other queries, or with images that ``database_names`` lacks
    """
    num_queries = len(query_names) if num_queries is None and query_names is not None else num_queries
    num_images = len(database_names) if num_images is None and database_names is not None else num_images
    if not Path(path).is_file():
        raise DataError(f"{path}: there is no such file; it should hold nearest neighbours or rankings")
    with Path(path).open("rb") as handle:
        is_rankings = handle.read(len(_SIGNATURE)) == _SIGNATURE
    if not is_rankings:
        return read_neighbors(path, num_queries=num_queries, num_images=num_images, first=first)
    rankings = read_rankings(path)
    indices = rankings.ranks[:, :first].astype(np.int64)
    if query_names is not None and list(query_names) != rankings.query_names:
        raise DataError(f"{path}: its queries are not those of the local features; run the search again")
    if database_names is not None:
        indices = _renumbered(indices, rankings, database_names, str(path))
    neighbors = Neighbors(rankings.scores[:, :first].astype(np.float32), indices)
    check_neighbors(neighbors, str(path), num_queries=num_queries, num_images=num_images, first=first)
    return neighbors


def check_neighbors(
    neighbors: Neighbors,
    where: str,
    *,
    num_queries: int | None = None,
    num_images: int | None = None,
    first: int | None = None,
) -> None:
    """Raise DataError, which begins with ``where``, for what ``read_neighbors`` refuses."""
    similarities, indices = neighbors.similarities, neighbors.indices
    if similarities.ndim != 2 or similarities.shape != indices.shape or indices.dtype.kind not in "iu":
        raise DataError(
            f"{where}: similarities {similarities.shape} and indices {indices.dtype} {indices.shape} do not fit each "
            "other; expected (queries, neighbours), indices as integers"
        )
    if num_queries is not None and len(indices) != num_queries:
        raise DataError(
            f"{where}: has neighbours of {len(indices)} queries, expected {num_queries}; compute them again"
        )
    # A database of fewer images than asked for is taken whole; where queries are part of it, they miss themselves.
    needed = 0 if first is None else min(first, first if num_images is None else num_images - 1)
    if indices.shape[1] < needed:
        raise DataError(f"{where}: has {indices.shape[1]} neighbours per query, {first} were asked for; ask for fewer")
    if not np.isfinite(similarities).all():
        row = int(np.flatnonzero(~np.isfinite(similarities).all(axis=1))[0])
        raise DataError(f"{where}: the similarities of query {row} contain NaN or infinity; compute them again")
    for row, line in enumerate(indices):
        if line.size and (line.min() < 0 or (num_images is not None and line.max() >= num_images)):
            outside = line.min() if line.min() < 0 else line.max()
            limit = "" if num_images is None else f" of {num_images} images"
            raise DataError(f"{where}: query {row} has the neighbour {outside}, outside of the database{limit}")
        ordered = np.sort(line)
        if (ordered[1:] == ordered[:-1]).any():
            raise DataError(f"{where}: query {row} has a neighbour more than once; compute them again")


def _renumbered(indices: np.ndarray, rankings: StoredRankings, names: Sequence[str], where: str) -> np.ndarray:
    places = {name: place for place, name in enumerate(names)}
    used = np.unique(indices)
    missing = [name for name in (rankings.database_names[i] for i in used) if name not in places]
    if missing:
        raise DataError(
            f"{where}: ranks '{missing[0]}', of which there are no local features ({len(missing)} such images); "
            "extract them for the same database"
        )
    new = np.full(len(rankings.database_names), -1, np.int64)
    new[used] = [places[rankings.database_names[i]] for i in used]
    return new[indices]

"""What a search of an index has found, as a file of rankings."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from reprise.formats.rankings import ALL, RankedList, Ranking, write_ranking
from reprise.storage.errors import DataError


class Found(Protocol):
    """The images of an index for every query, best first."""

    @property
    def ranks(self) -> np.ndarray:
        """(Q, M) integers, indices of images."""
        ...

    @property
    def scores(self) -> np.ndarray:
        """(Q, M) floats, descending."""
        ...


def write_found(
    output: str | os.PathLike,
    found: Found,
    index: str | os.PathLike,
    query_names: Sequence[str],
    names: Sequence[str],
    attributes: Mapping[str, object],
) -> None:
    """Write the ranking of all images of a database, with the names of both and the memory of the index.

    Args:
        output: the file of rankings
        found: the images of the index for every query
        index: the folder of the index, in that of its experiment
        query_names: names of the queries
        names: names of all images of the database, in its order
        attributes: HDF5 attributes of the file of rankings, such as the recipe
    """
    ranked = RankedList(found.ranks, found.scores)
    ranking = Ranking(list(query_names), list(names), {ALL: ranked}, sizes=index_size([index]))
    write_ranking(output, ranking, attributes)


def check_images(index: str | os.PathLike, found: int, names: Sequence[str]) -> None:
    """Check the number of images of an index; DataError where the dataset has another one."""
    if found != len(names):
        raise DataError(f"{index}: the index holds {found} images, the dataset {len(names)}; delete it and run again")


def index_size(indexes: Sequence[str | os.PathLike]) -> dict[str, dict[str, int]]:
    """Compute the memory of the indexes of a search, in the form that rankings store it."""
    size = sum(file.stat().st_size for index in indexes for file in Path(index).iterdir())
    return {"index bytes": {Path(indexes[0]).parent.name: size}}

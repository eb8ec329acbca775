"""The stages of neighbours as functions of files: from global descriptors to neighbours, and from those to rankings."""

import os
from collections.abc import Sequence

import numpy as np

from reprise.formats.features import open_features
from reprise.formats.neighbors import read_neighbors, write_neighbors
from reprise.formats.rankings import StoredRankings, write_rankings
from reprise.neighbors.search import compute_neighbors
from reprise.storage.errors import DataError


def find_neighbors(
    queries: str | os.PathLike | None,
    databases: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    descriptor: str,
    count: int | None,
    exclude_self: bool,
    device: str,
) -> None:
    """Write the nearest neighbours of ``queries`` among ``databases``, features of any layout, in the published layout.

    Args:
        queries: None compares the images of the database with each other
        databases: one after the other, such as a benchmark and distractors
        descriptor: kind of global descriptor
        count, exclude_self: as ``num_neighbors`` of :func:`reprise.neighbors.search.compute_neighbors`; a database with
            fewer images has as many neighbours as it can
    """
    database = np.concatenate([_vectors(file, descriptor) for file in databases])
    asked = database if queries is None else _vectors(queries, descriptor)
    most = len(database) - exclude_self
    neighbors = compute_neighbors(
        asked, database, most if count is None else min(count, most), exclude_self=exclude_self, device=device
    )
    write_neighbors(output, neighbors)


def _vectors(file: str | os.PathLike, kind: str) -> np.ndarray:
    """The global descriptors of one file: (N, G) float32. DataError: there are none of this kind."""
    with open_features(file) as features:
        features.require("the search for nearest neighbours", global_kind=kind, descriptors=False)
        return features.globals(kind)


def rank_neighbors(
    neighbors: str | os.PathLike,
    output: str | os.PathLike,
    query_names: list[str],
    database_names: list[str],
    distractor_names: list[str],
    recipe: str,
) -> None:
    """Write neighbours as rankings, with the names of the images; ``distractor_names`` follow those of the database.

    DataError: neighbours of other numbers of images, or with distractors not of all of them.
    """
    names = database_names + distractor_names
    found = read_neighbors(neighbors, num_queries=len(query_names), num_images=len(names))
    places = None
    if distractor_names:
        if found.indices.shape[1] < len(names):
            raise DataError(
                f"{neighbors}: ranks {found.indices.shape[1]} of {len(names)} images; with distractors rank all of them"
            )
        places = np.argsort(found.indices, axis=1)[:, : len(database_names)].astype(np.int32)
    rankings = StoredRankings(found.indices, found.similarities, query_names, names, places)
    write_rankings(output, rankings, {"recipe": recipe})

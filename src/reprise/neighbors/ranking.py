"""From a file of neighbours, which has no names, to a ranking."""

import os
from collections.abc import Mapping

from reprise.formats.neighbors import read_neighbors
from reprise.formats.rankings import ALL, Ranking, write_ranking
from reprise.storage.errors import DataError


def rank_neighbors(
    neighbors: str | os.PathLike,
    output: str | os.PathLike,
    query_names: list[str],
    database_names: list[str],
    distractor_names: list[str],
    attributes: Mapping[str, object],
) -> None:
    """Write neighbours as a ranking, with the names of the images.

    Args:
        neighbors: a pickle (:mod:`reprise.formats.neighbors`)
        output: a file of rankings
        query_names: names of the queries
        database_names: names of the images of the database
        distractor_names: names of the images that follow those of the database; empty without distractors
        attributes: HDF5 attributes of the file of rankings, such as the recipe

    Raises:
        DataError: neighbours of other numbers of images, or with distractors not of all of them
    """
    names = database_names + distractor_names
    found = read_neighbors(neighbors, num_queries=len(query_names), num_images=len(names))
    if distractor_names and found.ranks.shape[1] < len(names):
        raise DataError(
            f"{neighbors}: ranks {found.ranks.shape[1]} of {len(names)} images; with distractors rank all of them"
        )
    write_ranking(output, Ranking(query_names, names, {ALL: found}, len(distractor_names)), attributes)

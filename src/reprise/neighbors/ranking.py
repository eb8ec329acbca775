"""From a file of neighbours, which has no names, to a ranking."""

import os
from collections.abc import Mapping
from dataclasses import replace

from reprise.formats.named_ranks import list_of_named, read_named
from reprise.formats.neighbors import open_neighbors
from reprise.formats.rankings import ALL, Ranking, write_ranking, write_ranking_in_blocks
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
        neighbors: a pickle (:mod:`reprise.formats.neighbors`, or :mod:`reprise.formats.named_ranks`)
        output: a file of rankings
        query_names: names of the queries
        database_names: names of the images of the database
        distractor_names: names of the images that follow those of the database; empty without distractors
        attributes: HDF5 attributes of the file of rankings, such as the recipe

    Raises:
        DataError: neighbours of other numbers of images, or with distractors not of all of them
    """
    names = database_names + distractor_names
    named = read_named(neighbors)
    if named is not None:
        found = list_of_named(named, query_names, names, neighbors)
        write_ranking(output, Ranking(query_names, names, {ALL: found}, len(distractor_names)), attributes)
        return
    file = open_neighbors(neighbors, num_queries=len(query_names), num_images=len(names))
    if distractor_names and file.shape[1] < len(names):
        raise DataError(f"{neighbors}: ranks {file.shape[1]} of {len(names)} images; with distractors rank all of them")
    ranking = Ranking(query_names, names, {}, len(distractor_names))
    if file.large:
        write_ranking_in_blocks(output, ranking, file.shape, file.blocks(), attributes)
    else:
        write_ranking(output, replace(ranking, lists={ALL: file.read()}), attributes)

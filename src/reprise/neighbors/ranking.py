"""From a file of neighbours, which has no names, to a ranking."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from reprise.formats.features import open_features
from reprise.formats.named_ranks import list_of_named, read_named
from reprise.formats.neighbors import open_neighbors
from reprise.formats.rankings import ALL, RankedList, Ranking, write_ranking, write_ranking_in_blocks
from reprise.storage.errors import DataError


def rank_neighbors(
    neighbors: str | os.PathLike,
    output: str | os.PathLike,
    query_names: list[str],
    database_names: list[str],
    distractor_names: list[str],
    attributes: Mapping[str, object],
    features: Sequence[str | os.PathLike] = (),
) -> None:
    """Write neighbours as a ranking, with the names of the images.

    Args:
        neighbors: a pickle (:mod:`reprise.formats.neighbors`, or :mod:`reprise.formats.named_ranks`)
        output: a file of rankings
        query_names: names of the queries
        database_names: names of the images of the database
        distractor_names: names of the images that follow those of the database; empty without distractors
        attributes: HDF5 attributes of the file of rankings, such as the recipe
        features: files of features, of which images that could not be decoded have descriptors of zeros: they find
            nothing, and are not found (-1)

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
        found = _without(_skipped(features), file.read(), query_names, names)
        write_ranking(output, replace(ranking, lists={ALL: found}), attributes)


def _skipped(features: Sequence[str | os.PathLike]) -> set[str]:
    names: set[str] = set()
    for path in features:
        with open_features(path) as file:
            names.update(file.skipped)
    return names


def _without(
    skipped: set[str], ranked: RankedList, query_names: Sequence[str], database_names: Sequence[str]
) -> RankedList:
    """Return a list without images, whose places at its end are empty."""
    if not skipped:
        return ranked
    gone = np.isin(ranked.ranks, [row for row, name in enumerate(database_names) if name in skipped])
    gone[[name in skipped for name in query_names]] = True
    order = np.argsort(gone, axis=1, kind="stable")
    ranks, scores = np.where(gone, -1, ranked.ranks), np.where(gone, 0, ranked.scores)
    return RankedList(np.take_along_axis(ranks, order, axis=1), np.take_along_axis(scores, order, axis=1))

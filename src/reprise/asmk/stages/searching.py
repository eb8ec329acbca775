"""From inverted files, features of queries and a codebook to rankings."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reprise.asmk.aggregation import Aggregated
from reprise.asmk.codebook import Codebook
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.stages.blocks import aggregate_features
from reprise.asmk.together import search_together
from reprise.formats.features import open_features
from reprise.formats.rankings import StoredRankings, write_rankings
from reprise.storage.errors import DataError


def search_indexes(
    indexes: Sequence[str | os.PathLike],
    codebook: str | os.PathLike,
    queries: str | os.PathLike,
    names: list[str],
    output: str | os.PathLike,
    *,
    num_features: int,
    assignments: int,
    binary: bool,
    alpha: float,
    threshold: float,
    topk: int | None,
    recipe: str,
) -> None:
    """Rank the images of a database for every query, and store the rankings with the names of both.

    Args:
        indexes: the inverted file of the database and, if any, the one of the distractors
        names: of all images of the indexes, one after the other

    With distractors, the rankings hold only the ``topk`` best, and beside them the place of every database image among
    all, from which the exact scores follow.
    """
    words = Codebook.load(codebook)
    opened = [InvertedFile.open(index) for index in indexes]
    found = sum(index.n_images for index in opened)
    if len(names) != found:
        raise DataError(
            f"{indexes[0]}: the indexes hold {found} images, the datasets {len(names)}; delete them and run again"
        )
    with open_features(queries) as file:
        file.require("searching", dim=words.dim, names=True)
        query_names = file.names or []
        bare = [name for name, count in zip(query_names, file.counts(), strict=True) if not count]
        if bare:
            raise DataError(f"{queries}: query '{bare[0]}' has no features; check its image and its box")
        aggregated = aggregate_features(
            file,
            words,
            images_per_block=1,  # as the published code does, so that near-ties of the assignment fall alike
            num_features=num_features,
            assignments=assignments,
            binary=binary,
        )
    query_ids = np.arange(len(query_names))
    rankings = search_together(opened, aggregated, alpha=alpha, threshold=threshold, topk=topk, query_ids=query_ids)
    places = _places(opened, aggregated, query_ids, alpha, threshold) if len(opened) > 1 else None
    stored = StoredRankings(rankings.ranks, rankings.scores, query_names, names, places)
    size = sum(file.stat().st_size for index in indexes for file in Path(index).iterdir())
    write_rankings(output, stored.without_unranked(), {"recipe": recipe, "index_bytes": size})


def _places(
    indexes: list[InvertedFile], queries: Aggregated, query_ids: np.ndarray, alpha: float, threshold: float
) -> np.ndarray:
    """The place, from 0, of every image of the first index among the images of all: (Q, n_images) int32."""
    places = np.empty((len(query_ids), indexes[0].n_images), np.int32)
    for row, query in enumerate(query_ids):
        chosen = queries.image_ids == query
        one = Aggregated(queries.vectors[chosen], queries.words[chosen], queries.image_ids[chosen])
        scores = [-index.scores(one, alpha=alpha, threshold=threshold)[0] for index in indexes]
        places[row, np.argsort(scores[0], kind="stable")] = np.arange(len(scores[0]))
        for distractors in scores[1:]:
            # Of equal scores the database image comes first, because its id is lower.
            places[row] += np.searchsorted(np.sort(distractors), scores[0], side="left").astype(np.int32)
    return places

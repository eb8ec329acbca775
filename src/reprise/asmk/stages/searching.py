"""From an inverted file, features of queries and a codebook to rankings."""

import os

import numpy as np

from reprise.asmk.codebook import Codebook
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.stages.blocks import aggregate_features
from reprise.storage.errors import DataError
from reprise.storage.features import FeatureFile
from reprise.storage.rankings import StoredRankings, write_rankings


def search_index(
    index: str | os.PathLike,
    codebook: str | os.PathLike,
    queries: str | os.PathLike,
    database: str | os.PathLike,
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
    """Rank the images of an index for every query, and store the rankings with the names of both."""
    words = Codebook.load(codebook)
    inverted_file = InvertedFile.open(index)
    with FeatureFile(database) as file:
        database_names = file.names
    if len(database_names) != inverted_file.n_images:
        raise DataError(
            f"{index}: holds {inverted_file.n_images} images, {database} has {len(database_names)}; "
            "delete the index and run again"
        )
    with FeatureFile(queries) as file:
        query_names = file.names
        aggregated = aggregate_features(
            file,
            words,
            0,
            len(file),
            images_per_block=1,  # as the published code does, so that near-ties of the assignment fall alike
            num_features=num_features,
            assignments=assignments,
            binary=binary,
        )
    rankings = inverted_file.search(
        aggregated, alpha=alpha, threshold=threshold, topk=topk, query_ids=np.arange(len(query_names))
    )
    stored = StoredRankings(rankings.ranks, rankings.scores, query_names, database_names)
    write_rankings(output, stored, {"recipe": recipe})

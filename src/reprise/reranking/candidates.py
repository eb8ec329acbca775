"""What is re-ranked: the rankings of an experiment, with the images and the ground truth that they are of."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprise.datasets.reading import read_dataset
from reprise.formats.neighbors import Neighbors, read_shortlist
from reprise.formats.rankings import read_rankings
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class Candidates:
    """Rankings of all queries of a dataset.

    neighbors     indices into ``database_names``; ground_truth  one mapping per query
    private_queries  so many of the queries, the last ones, are the private ones of Google Landmarks v2
    """

    neighbors: Neighbors
    ground_truth: Sequence[Mapping]
    query_names: list[str]
    database_names: list[str]
    private_queries: int

    def at_most(self, num_rerank: int) -> int:
        """How many images of each ranking are re-ranked: ``num_rerank``, or all of a smaller database."""
        return min(num_rerank, self.neighbors.indices.shape[1])


def read_candidates(path: str | os.PathLike, dataset: Mapping, distractors: Mapping | None) -> Candidates:
    """Read rankings on the dataset of a description (:func:`reprise.datasets.reading.read_dataset`).

    The images of ``distractors`` follow those of its database.
    DataError: rankings of other images, rankings that were cut, or a dataset without queries.
    """
    benchmark = read_dataset(dataset)
    if benchmark.ground_truth is None:
        raise DataError(f"{path}: the dataset has no ground truth; re-rank rankings on one with queries")
    names = list(benchmark.database.names)
    if distractors:
        names += read_dataset(distractors).database.names
        if read_rankings(path).ranks.shape[1] < len(names):
            raise DataError(
                f"{path}: keeps only the first images of rankings with distractors, so that no score of a re-ranked "
                "one would be right; re-rank the experiment of a global descriptor, which ranks all images"
            )
    queries = benchmark.split("queries").names
    neighbors = read_shortlist(path, query_names=queries, database_names=names)
    return Candidates(neighbors, benchmark.ground_truth, list(queries), names, benchmark.private_queries)

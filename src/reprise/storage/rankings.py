"""Files of rankings: who was found for which query, in which order, by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class StoredRankings:
    """ranks (Q, M) int32, database indices best first; scores (Q, M) float; the names that the indices stand for."""

    ranks: np.ndarray
    scores: np.ndarray
    query_names: list[str]
    database_names: list[str]

    def of(self, query: str) -> list[tuple[str, float]]:
        """The ranking of one query as (database name, score), best first."""
        if query not in self.query_names:
            raise DataError(f"no query '{query}' in these rankings; there are {', '.join(self.query_names)}")
        row = self.query_names.index(query)
        return [
            (self.database_names[image], float(score))
            for image, score in zip(self.ranks[row], self.scores[row], strict=True)
        ]


def write_rankings(path: str | os.PathLike, rankings: StoredRankings, attributes: Mapping[str, object]) -> None:
    """Write ``rankings`` to ``path``."""
    with hdf5.create(path, attributes) as file:
        file.create_dataset("ranks", data=rankings.ranks.astype(np.int32), compression="gzip", shuffle=True)
        file.create_dataset("scores", data=rankings.scores, compression="gzip", shuffle=True)
        hdf5.write_names(file, "query_names", rankings.query_names)
        hdf5.write_names(file, "database_names", rankings.database_names)


def read_rankings(path: str | os.PathLike) -> StoredRankings:
    """Read and check a file of rankings."""
    datasets = {"ranks": 2, "scores": 2, "query_names": 1, "database_names": 1}
    with hdf5.open_checked(path, datasets, "rankings") as file:
        rankings = StoredRankings(
            file["ranks"][:],
            file["scores"][:],
            hdf5.read_names(file, "query_names"),
            hdf5.read_names(file, "database_names"),
        )
    if rankings.ranks.shape != rankings.scores.shape or len(rankings.ranks) != len(rankings.query_names):
        raise DataError(f"{path}: 'ranks', 'scores' and 'query_names' do not fit each other; delete it and run again")
    return rankings

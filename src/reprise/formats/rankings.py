"""Files of rankings: who was found for which query, in which order, by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class StoredRankings:
    """The images found for each query, best first.

    ranks    (Q, M) int32, indices into ``database_names``; scores  (Q, M) float
    places   with distractors, where ranks are cut: (Q, N) int32, the place, from 0, of each of the N images of the
             database among all; the first N of ``database_names`` are they. None without distractors
    index_bytes  the size of the inverted files that were searched, None where unknown
    """

    ranks: np.ndarray
    scores: np.ndarray
    query_names: list[str]
    database_names: list[str]
    places: np.ndarray | None = None
    index_bytes: int | None = None

    def of(self, query: str) -> list[tuple[str, float]]:
        """The ranking of one query as (database name, score), best first."""
        if query not in self.query_names:
            raise DataError(f"no query '{query}' in these rankings; there are {', '.join(self.query_names)}")
        row = self.query_names.index(query)
        return [
            (self.database_names[image], float(score))
            for image, score in zip(self.ranks[row], self.scores[row], strict=True)
        ]

    def complete(self) -> np.ndarray:
        """The rankings of all images, (Q, images) int, with negative ids in the places of distractors."""
        if self.places is None:
            return self.ranks
        ranks = np.tile(-1 - np.arange(self.places.max(initial=-1) + 1, dtype=np.int32), (len(self.places), 1))
        np.put_along_axis(ranks, self.places, np.arange(self.places.shape[1], dtype=np.int32)[None], axis=1)
        return ranks

    def without_unranked(self) -> "StoredRankings":
        """The same without the names of distractors that stand in no ranking, which may be a million."""
        if self.places is None:
            return self
        count = self.places.shape[1]
        ranked = np.unique(self.ranks[self.ranks >= count])
        ranks = np.where(self.ranks < count, self.ranks, count + np.searchsorted(ranked, self.ranks))
        names = self.database_names[:count] + [self.database_names[image] for image in ranked]
        return replace(self, ranks=ranks, database_names=names)


def write_rankings(path: str | os.PathLike, rankings: StoredRankings, attributes: Mapping[str, object]) -> None:
    """Write ``rankings`` to ``path``; ``index_bytes`` is one of ``attributes``."""
    with hdf5.create(path, attributes) as file:
        file.create_dataset("ranks", data=rankings.ranks.astype(np.int32), compression="gzip", shuffle=True)
        file.create_dataset("scores", data=rankings.scores, compression="gzip", shuffle=True)
        if rankings.places is not None:
            file.create_dataset("places", data=rankings.places, compression="gzip", shuffle=True)
        hdf5.write_names(file, "query_names", rankings.query_names)
        hdf5.write_names(file, "database_names", rankings.database_names)


def read_rankings(path: str | os.PathLike) -> StoredRankings:
    """Read and check a file of rankings."""
    datasets = {"ranks": 2, "scores": 2, "query_names": 1, "database_names": 1}
    with hdf5.open_checked(path, datasets, "rankings") as file:
        size = file.attrs.get("index_bytes")
        rankings = StoredRankings(
            file["ranks"][:],
            file["scores"][:],
            hdf5.read_names(file, "query_names"),
            hdf5.read_names(file, "database_names"),
            file["places"][:] if "places" in file else None,
            None if size is None else int(size),
        )
    if rankings.ranks.shape != rankings.scores.shape or len(rankings.ranks) != len(rankings.query_names):
        raise DataError(f"{path}: 'ranks', 'scores' and 'query_names' do not fit each other; delete it and run again")
    return rankings

"""The tuples of an epoch: pairs drawn at random, and hard negatives found with the network as it is.

Radenovic, Tolias and Chum, TPAMI 2018, section 4.2, as Tolias, Jenicek and Chum, ECCV 2020, use it.
"""

from dataclasses import dataclass

import numpy as np
import torch

from reprise.datasets.sfm120k import TrainingSet
from reprise.storage.errors import DataError

_SCORES = 1 << 24  # similarities in memory at a time


@dataclass(frozen=True)
class Draw:
    """What is random in an epoch.

    Attributes:
        pairs: (Q,) int64, rows of the training pairs
        pool: (N,) int64, images that negatives are chosen from
        order: (Q,) int64, in which the tuples of ``pairs`` are trained on
    """

    pairs: np.ndarray
    pool: np.ndarray
    order: np.ndarray


def draw_epoch(training_set: TrainingSet, *, queries: int, pool: int, seed: int) -> Draw:
    """Draw at most ``queries`` pairs, and at most ``pool`` images.

    The numbers are consumed in the order of the published training with a torch of 1.7 or later: two permutations, a
    seed for each of three data loaders, of which none matters, and the seed of the permutation of the tuples.

    Args:
        training_set: what is drawn from
        queries: pairs, at most
        pool: images, at most
        seed: of the epoch
    """
    generator = torch.Generator().manual_seed(seed)
    pairs = torch.randperm(len(training_set.queries), generator=generator)[:queries]
    images = torch.randperm(len(training_set.images), generator=generator)[:pool]
    for _ in ("queries", "pool", "tuples"):
        _draw_seed(generator)
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(_draw_seed(generator)))
    return Draw(pairs.numpy(), images.numpy(), order.numpy())


def mine_negatives(
    queries: np.ndarray,
    pool: np.ndarray,
    query_clusters: np.ndarray,
    pool_clusters: np.ndarray,
    negatives: int,
) -> np.ndarray:
    """The most similar images of other clusters for each query, at most one of a cluster.

    A block of queries is compared at a time, so that memory does not grow with their number.

    Args:
        queries: (Q, D) float32 global descriptors
        pool: (N, D) float32 global descriptors
        query_clusters: (Q,) integers
        pool_clusters: (N,) integers
        negatives: of each query

    Returns:
        (Q, negatives) int64, positions in the pool, most similar first; equally similar images in the order of the pool

    Raises:
        DataError: a query for which the pool has fewer than ``negatives`` clusters beside its own
    """
    available = np.unique(pool_clusters)
    chosen = np.empty((len(queries), negatives), np.int64)
    candidates = torch.from_numpy(pool).T
    block = max(1, _SCORES // max(len(pool), 1))
    for start in range(0, len(queries), block):
        scores = torch.from_numpy(queries[start : start + block]) @ candidates
        rankings = torch.sort(scores, dim=1, descending=True, stable=True).indices.numpy()
        for row, ranking in enumerate(rankings, start):
            others = len(available) - int(query_clusters[row] in available)
            if others < negatives:
                raise DataError(
                    f"query {row} of the epoch, of cluster {query_clusters[row]}: the pool has {others} others, and "
                    f"{negatives} negatives come from as many; raise pool, lower negatives, or train on more"
                )
            chosen[row] = _first_of_clusters(ranking, pool_clusters, query_clusters[row], negatives)
    return chosen


def negative_distance(queries: np.ndarray, negatives: np.ndarray) -> float:
    """The mean distance of queries and their negatives, with 1e-6 added to differences as published.

    Args:
        queries: (Q, D) float
        negatives: (Q, n, D) float
    """
    return float(np.linalg.norm(queries[:, None] - negatives + 1e-6, axis=2).mean())


def _first_of_clusters(ranking: np.ndarray, clusters: np.ndarray, own: int, count: int) -> list[int]:
    taken = {int(own)}
    chosen: list[int] = []
    for position in ranking:
        cluster = int(clusters[position])
        if cluster not in taken:
            taken.add(cluster)
            chosen.append(int(position))
            if len(chosen) == count:
                break
    return chosen


def _draw_seed(generator: torch.Generator) -> int:
    return int(torch.empty((), dtype=torch.int64).random_(generator=generator).item())

"""Mining of hard negatives, one similarity and one image at a time."""

import numpy as np


def mine(queries, pool, query_clusters, pool_clusters, negatives):
    """The positions in the pool of the negatives of each query; see reprise.training.how.mining.mine_negatives."""
    chosen = []
    for query, own in zip(queries, query_clusters, strict=True):
        similarities = [float(np.dot(query, candidate)) for candidate in pool]
        # sorted is stable: equally similar images stay in the order of the pool.
        ranking = sorted(range(len(pool)), key=lambda position: -similarities[position])
        taken, picked = [own], []
        for position in ranking:
            if len(picked) < negatives and pool_clusters[position] not in taken:
                taken.append(pool_clusters[position])
                picked.append(position)
        chosen.append(picked)
    return np.array(chosen)

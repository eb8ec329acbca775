"""Which images are re-ranked: the first of a ranking out of which the images that a protocol ignores are taken."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.formats.neighbors import Neighbors
from reprise.storage.errors import DataError

#: The lists that each protocol of the revisited benchmarks pushes to the end before it re-ranks (Suma et al., ECCV
#: 2024, published code): its junk, so that no pair is spent on images that do not count.
PUSHED_BACK = {"easy": ("junk", "hard"), "medium": ("junk",), "hard": ("junk", "easy")}
#: The protocols that the paper reports.
REPORTED = ("medium", "hard")


def shortlists(
    neighbors: Neighbors, ground_truth: Sequence[Mapping] | None, protocols: Sequence[str] = REPORTED
) -> dict[str, Neighbors]:
    """The ranking of every protocol, in which the ignored images stand at the end; all keep their order otherwise.

    Similarities move with their images. Without ground truth, or with one without easy and hard lists, there is one
    ranking, ``all``, the given one (with a list ``junk``, its images at the end).
    DataError: an unknown protocol, or another number of queries in the ground truth.
    """
    if ground_truth is None:
        return {"all": neighbors}
    if len(ground_truth) != len(neighbors.indices):
        raise DataError(
            f"neighbours: of {len(neighbors.indices)} queries, the ground truth has {len(ground_truth)}; both have to "
            "come from the same dataset"
        )
    if not _is_revisited(ground_truth):
        return {"all": push_back(neighbors, ground_truth, ("junk",))}
    for protocol in protocols:
        if protocol not in PUSHED_BACK:
            raise DataError(f"protocols: {protocol!r} is unknown; known are {', '.join(PUSHED_BACK)}")
    return {name: push_back(neighbors, ground_truth, PUSHED_BACK[name]) for name in protocols}


def push_back(neighbors: Neighbors, ground_truth: Sequence[Mapping], keys: Sequence[str]) -> Neighbors:
    """Move the images of the lists ``keys`` to the end of each ranking; a stable partition."""
    indices, similarities = neighbors.indices.copy(), neighbors.similarities.copy()
    for row, truth in enumerate(ground_truth):
        ignored = np.concatenate([np.asarray(truth.get(key, ()), np.int64).ravel() for key in keys])
        order = np.argsort(np.isin(indices[row], ignored), kind="stable")
        indices[row], similarities[row] = indices[row, order], similarities[row, order]
    return Neighbors(similarities, indices)


def union(rankings: Mapping[str, Neighbors], num_rerank: int) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that some shortlist of ``num_rerank`` images needs, each once: offsets (Q + 1), images ascending.

    DataError: a shortlist longer than the rankings.
    """
    heads = [head(ranking, num_rerank).indices for ranking in rankings.values()]
    images = [np.unique(rows) for rows in np.concatenate(heads, axis=1)]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in images])]).astype(np.int64)
    return offsets, np.concatenate([np.empty(0, np.int64), *images])


def head(ranking: Neighbors, num_rerank: int) -> Neighbors:
    """The first ``num_rerank`` images of each ranking. DataError: rankings that are shorter."""
    if not 1 <= num_rerank <= ranking.indices.shape[1]:
        raise DataError(
            f"num_rerank: is {num_rerank}, and the rankings hold {ranking.indices.shape[1]} images per query; lower "
            "it, or search for more neighbours"
        )
    return Neighbors(ranking.similarities[:, :num_rerank], ranking.indices[:, :num_rerank])


def _is_revisited(ground_truth: Sequence[Mapping]) -> bool:
    return bool(ground_truth) and {"easy", "hard"} <= ground_truth[0].keys()

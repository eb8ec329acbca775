"""Searching several inverted files as if they were one: a database and its distractors."""

from collections.abc import Sequence

import numpy as np

from reprise.asmk import _kernels
from reprise.asmk.aggregation import Aggregated
from reprise.asmk.inputs import thread_count
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.queries import checked_topk
from reprise.asmk.rankings import Rankings
from reprise.storage.errors import DataError


def search_together(
    indexes: Sequence[InvertedFile],
    queries: Aggregated,
    *,
    alpha: float = 3.0,
    threshold: float = 0.0,
    topk: int | None = None,
    query_ids: np.ndarray | None = None,
    threads: int | None = None,
) -> Rankings:
    """Rank the images of several inverted files for every query.

    The images of the first keep their ids, those of the second follow them, and so on: of a database of N images and
    distractors, the ids from N on are distractors. The result is the same, to the last bit, as that of one inverted
    file over all of them. For the parameters see :meth:`InvertedFile.search`. Raises DataError for inverted files of
    different codebooks or vectors, and for such with idf, whose weights are those of one part of the images.
    """
    check_alike(indexes)
    topk = checked_topk(topk, sum(index.n_images for index in indexes))
    heads = [
        index.search(queries, alpha=alpha, threshold=threshold, topk=topk, query_ids=query_ids, threads=threads)
        for index in indexes
    ]
    starts = np.cumsum([0, *(index.n_images for index in indexes[:-1])])
    ranks = np.concatenate([head.ranks + np.int32(start) for head, start in zip(heads, starts, strict=True)], axis=1)
    scores = np.concatenate([head.scores for head in heads], axis=1)
    # Equal scores stand in the order of their ids already: within a part, and the parts one after the other.
    places, best = np.empty((len(scores), topk), np.int32), np.empty((len(scores), topk))
    _kernels.rank(scores, places, best, thread_count(threads))
    return Rankings(heads[0].query_ids, np.take_along_axis(ranks, places, axis=1), best)


def check_alike(indexes: Sequence[InvertedFile]) -> None:
    """Raise DataError for inverted files that cannot be searched as one; see :func:`search_together`."""
    if not indexes:
        raise DataError("indexes: none given; give at least one inverted file")
    first = indexes[0]
    for number, index in enumerate(indexes):
        if index.weights is not None and len(indexes) > 1:
            raise DataError(
                f"indexes: inverted file {number} weighs words by the idf of its own images; "
                "build one inverted file of the images of all, with InvertedFile.build_on_disk or extend"
            )
        kind = (index.n_words, index.vectors.dtype, index.vectors.shape[1])
        expected = (first.n_words, first.vectors.dtype, first.vectors.shape[1])
        if kind != expected:
            raise DataError(
                f"indexes: inverted file {number} has {kind[0]} words and vectors of {kind[1]} x {kind[2]}, the first "
                f"one {expected[0]} and {expected[1]} x {expected[2]}; build them with one codebook"
            )
    if sum(index.n_images for index in indexes) >= 1 << 31:
        raise DataError("indexes: more than 2^31 - 1 images together; search fewer at a time")

"""Several inverted files, such as those of a database and of distractors, searched as if they were one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reprise.asmk import _kernels
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.postings import Aggregated, thread_count
from reprise.asmk.queries import Rankings, Undefined, checked_topk
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
    undefined: Undefined = "zero",
) -> Rankings:
    """Rank the images of several inverted files, such as a database and its distractors, for every query.

    The result is the same, to the last bit, as that of one inverted file over all of them.

    Args:
        indexes: the images of the first keep their ids, those of the second follow them, and so on: with a database of
            N images and distractors, the ids from N on are distractors
        queries: aggregated descriptors of any number of queries
        alpha: exponent of the selectivity function
        threshold: similarities of two vectors below it add nothing
        topk: number of images to return, all of them if None or larger
        query_ids: (Q,) integers, the rows of the result, as in :meth:`InvertedFile.search`
        threads: number of threads; default: OMP_NUM_THREADS, else all cores
        undefined: as in :meth:`InvertedFile.search`

    Returns:
        rankings (Q, all images or topk)

    Raises:
        DataError: inverted files of different codebooks or vectors, or with idf, whose weights are those of one part
            of the images
    """
    check_alike(indexes)
    topk = checked_topk(topk, sum(index.n_images for index in indexes))
    options: dict[str, Any] = {"alpha": alpha, "threshold": threshold, "threads": threads, "undefined": undefined}
    heads = [index.search(queries, topk=topk, query_ids=query_ids, **options) for index in indexes]
    starts = np.cumsum([0, *(index.n_images for index in indexes[:-1])])
    ranks = np.concatenate([head.ranks + np.int32(start) for head, start in zip(heads, starts, strict=True)], axis=1)
    scores = np.concatenate([head.scores for head in heads], axis=1)
    # Equal scores are in the order of their ids already, within each part and across the parts.
    places, best = np.empty((len(scores), topk), np.int32), np.empty((len(scores), topk))
    _kernels.rank(scores, places, best, thread_count(threads))
    return Rankings(heads[0].query_ids, np.take_along_axis(ranks, places, axis=1), best)


def check_alike(indexes: Sequence[InvertedFile]) -> None:
    """Check that inverted files can be searched as one, see :func:`search_together`; DataError where not."""
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

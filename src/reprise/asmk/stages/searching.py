"""From inverted files, features of queries and a codebook to rankings."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from reprise.asmk import _kernels, index_files
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.postings import Aggregated, thread_count
from reprise.asmk.queries import checked_topk
from reprise.asmk.stages.blocks import aggregate_features
from reprise.asmk.together import check_alike, search_together
from reprise.codebooks.codebook import Codebook
from reprise.formats.features import open_features
from reprise.formats.rankings import ALL, RankedList, Ranking, write_ranking
from reprise.formats.search_results import index_size
from reprise.storage.errors import DataError
from reprise.storage.timing import measured


def search_indexes(
    indexes: Sequence[str | os.PathLike],
    codebook: str | os.PathLike,
    queries: str | os.PathLike,
    names: list[str],
    output: str | os.PathLike,
    *,
    num_features: int,
    query_assignments: int,
    binary: bool,
    alpha: float,
    threshold: float,
    topk: int | None,
    attributes: Mapping[str, object],
    bare: Literal["error", "zero"] = "error",
) -> None:
    """Rank the images of a database for every query, and store the rankings with the names of both.

    With distractors, the rankings hold only the ``topk`` best, and beside them the place of every database image among
    all, from which the exact metrics follow.

    Args:
        indexes: the inverted file of the database and, if any, the one of the distractors
        codebook: the file of the codebook
        queries: the file of features of the queries
        names: names of all images of the indexes, in their order
        output: the file of rankings
        num_features: number of strongest descriptors of a query that are used
        query_assignments: number of words that each descriptor is assigned to
        binary: aggregate to sign bits, see :func:`reprise.asmk.aggregate`
        alpha: exponent of the selectivity function, see :meth:`InvertedFile.search`
        threshold: similarities of two vectors below it add nothing
        topk: number of images to return; None for all
        attributes: HDF5 attributes of the file of rankings, such as the recipe
        bare: what a query without features does: it is an error, or all images have the score 0 for it

    Raises:
        DataError: files that do not fit each other, or a query without features where that is an error
    """
    words = Codebook.load(codebook)
    for index in indexes:
        index_files.check(index)
    opened = [InvertedFile.open(index) for index in indexes]
    found = sum(index.n_images for index in opened)
    if len(names) != found:
        raise DataError(
            f"{indexes[0]}: the indexes hold {found} images, the datasets {len(names)}; delete them and run again"
        )
    with open_features(queries) as file:
        file.require("searching", dim=words.dim, names=True)
        query_names = file.names or []
        without = np.flatnonzero(file.counts() == 0)
        if len(without) and bare == "error":
            raise DataError(
                f"{queries}: query '{query_names[without[0]]}' has no features; check its image and its box"
            )
        with measured("search"):
            aggregated = aggregate_features(
                file,
                words,
                images_per_block=1,  # as in the published code, so that near-ties are assigned alike
                num_features=num_features,
                assignments=query_assignments,
                binary=binary,
            )
    query_ids = np.arange(len(query_names))
    kernel: dict[str, Any] = {"alpha": alpha, "threshold": threshold, "topk": topk}
    with measured("search"):
        if len(opened) == 1:
            ranked = search_together(opened, aggregated, query_ids=query_ids, **kernel)
            result = RankedList(ranked.ranks, ranked.scores)
        else:
            result = _search_with_places(opened, aggregated, query_ids, **kernel)
    result.scores[without] = 0
    distractors = len(names) - opened[0].n_images
    ranking = Ranking(query_names, names, {ALL: result}, distractors, sizes=index_size(indexes))
    write_ranking(output, ranking.without_unranked(), attributes)


def _search_with_places(
    indexes: Sequence[InvertedFile],
    queries: Aggregated,
    query_ids: np.ndarray,
    *,
    alpha: float,
    threshold: float,
    topk: int | None,
) -> RankedList:
    """Rank the images of several inverted files, with the place of every image of the first one among all.

    Both come from the same scores, one query at a time, so that a million distractors are scored once. Of equal scores
    the image with the lower id comes first, a database image before a distractor; undefined ones come last.
    """
    check_alike(indexes)
    own, total = indexes[0].n_images, sum(index.n_images for index in indexes)
    topk = checked_topk(topk, total)
    ranks, best = np.empty((len(query_ids), topk), np.int32), np.empty((len(query_ids), topk))
    places = np.empty((len(query_ids), own), np.int32)
    for row, query in enumerate(query_ids):
        chosen = queries.image_ids == query
        one = Aggregated(queries.vectors[chosen], queries.words[chosen], queries.image_ids[chosen])
        scores = np.concatenate(
            [index.scores(one, alpha=alpha, threshold=threshold, query_ids=np.array([query]))[0] for index in indexes]
        )
        _kernels.rank(scores[None], ranks[row : row + 1], best[row : row + 1], thread_count(None))
        order = np.argsort(-scores[:own], kind="stable")
        places[row, order] = np.arange(own) + np.searchsorted(np.sort(-scores[own:]), -scores[order], side="left")
    return RankedList(ranks, best, places)

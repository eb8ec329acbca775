"""Query expansion of global descriptors: the weighted mean of every query and its first images is searched."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from reprise.formats.rankings import RankedList, write_ranking
from reprise.reranking.settings import Count, ExpansionStep
from reprise.storage.errors import DataError
from reprise.storage.references import Refers
from reprise.storage.timing import measured

if TYPE_CHECKING:
    from reprise.reranking.candidates import Candidates


class Step(ExpansionStep):
    """Query expansion of global descriptors (Radenovic, Tolias and Chum, PAMI 2019)."""

    section = "neighbors"

    expand: Annotated[str, Refers("neighbors")] = Field(
        description="the global descriptor that is averaged and searched: neighbours that are computed"
    )
    images: Count = Field(50, description="first images of each ranking that expand the query")
    alpha: float = Field(
        3.0, ge=0, description="an image of similarity s weighs s^alpha; 0 weighs all alike, as the query"
    )


def expand_files(
    candidates: "Candidates",
    queries: str | os.PathLike,
    databases: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    descriptor: str,
    images: int,
    alpha: float,
    device: str,
    attributes: Mapping[str, object],
) -> None:
    """Write the ranking after the step.

    Args:
        candidates: the ranking before it
        queries: features of the queries
        databases: features of the database and, if any, of the distractors
        output: a file of rankings
        descriptor: kind of global descriptor
        images: first images of each ranking that expand the query
        alpha: exponent of the similarities
        device: device of torch
        attributes: of the file, such as the recipe

    Raises:
        DataError: files without this kind of global descriptor, or of other numbers of images than the ranking
    """
    from reprise.neighbors.files import global_descriptors

    asked, database = global_descriptors([queries], descriptor), global_descriptors(databases, descriptor)
    names = candidates.ranking.query_names, candidates.ranking.database_names
    for where, found, expected in zip((queries, databases[0]), (asked, database), names, strict=True):
        if len(found) != len(expected):
            raise DataError(
                f"{where}: has the descriptors of {len(found)} images, the ranking is of {len(expected)}; extract and "
                "search again"
            )
    with measured("search"):
        lists = {
            name: expanded(
                ranked,
                asked.vectors,
                database.vectors,
                images=images,
                alpha=alpha,
                skipped=database.skipped,
                device=device,
            )
            for name, ranked in candidates.ranking.lists.items()
        }
    write_ranking(output, replace(candidates.ranking, lists=lists, reranked=None), attributes)


def expanded(
    ranked: RankedList, queries: np.ndarray, database: np.ndarray, *, images: int, alpha: float,
    skipped: np.ndarray | None = None, device: str = "cpu",
) -> RankedList:  # fmt: skip
    """Search a database with the mean of every query and the first images of its ranking.

    Their weights are powers of their similarities to the query by these descriptors, whatever ranked them.

    Args:
        ranked: the ranking of the database for the queries; -1 pads its rows
        queries: (Q, D) descriptors of unit length
        database: (N, D) descriptors of unit length
        images: first images of each ranking that expand the query
        alpha: exponent of the similarities
        skipped: (N,) bool, images without a descriptor, which expand nothing and come last; None: all have one
        device: device of torch

    Returns:
        the new ranking, of all images or as many as before
    """
    from reprise.neighbors.query_expansion import expand_queries
    from reprise.neighbors.search import compute_neighbors

    first = ranked.ranks[:, :images].astype(np.int64)
    if skipped is not None:
        first = np.where((first >= 0) & skipped[first], -1, first)
    similarities = np.einsum("qd,qkd->qk", queries, database[np.maximum(first, 0)])
    means = expand_queries(queries, database, first, similarities, alpha=alpha)
    return compute_neighbors(means, database, ranked.ranks.shape[1], skipped_images=skipped, device=device)

"""The stage of re-ranking that costs: scoring the pairs of all shortlists, in chunks of queries, into files."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from reprise.formats.neighbors import Neighbors
from reprise.formats.pair_scores import PairScores, write_pair_scores
from reprise.formats.tokens import TokenFile
from reprise.networks.ames import AMES
from reprise.reranking.projecting import network_hash
from reprise.reranking.scoring import Engine, score
from reprise.reranking.shortlists import REPORTED, shortlists, union
from reprise.storage.errors import DataError


def score_pairs(
    checkpoint: str | os.PathLike,
    query_tokens: str | os.PathLike,
    database_tokens: str | os.PathLike,
    neighbors: Neighbors,
    output: str | os.PathLike,
    *,
    num_rerank: int,
    ground_truth: Sequence[Mapping] | None = None,
    protocols: Sequence[str] = REPORTED,
    query_descriptors: int | None = None,
    database_descriptors: int | None = None,
    chunk: int = 0,
    num_chunks: int = 1,
    engine: Engine | None = None,
    attributes: Mapping[str, object] | None = None,
) -> None:
    """Score the pairs that the shortlists of all protocols need, each once, and store the logits.

    Args:
        checkpoint: the network; tokens: what :func:`reprise.reranking.projecting.project_tokens` made with it
        neighbors: of all queries (:func:`reprise.formats.neighbors.read_shortlist`)
        num_rerank: length of the shortlists; the largest that will be asked for
        ground_truth, protocols: see :func:`reprise.reranking.shortlists.shortlists`
        query_descriptors, database_descriptors: the strongest of each image that are used; None uses all
        chunk, num_chunks: score one chunk of the queries, 0 to num_chunks - 1; read together by ``read_chunks``
        attributes: of the file, such as the recipe

    DataError: tokens of another network, more queries, images, neighbours or descriptors than there are.
    """
    network = AMES.from_checkpoint(checkpoint)
    queries, database = TokenFile(query_tokens), TokenFile(database_tokens)
    _check(network, checkpoint, queries, database, neighbors)
    offsets, images = union(shortlists(neighbors, ground_truth, protocols), num_rerank)
    first, last = chunk_bounds(len(neighbors.indices), chunk, num_chunks)
    images = images[offsets[first] : offsets[last]]
    query_ids = np.repeat(np.arange(first, last), np.diff(offsets[first : last + 1]))
    logits = score(
        network,
        queries,
        database,
        query_ids,
        images,
        query_descriptors=query_descriptors,
        database_descriptors=database_descriptors,
        engine=engine,
    )
    scores = PairScores(offsets[first : last + 1] - offsets[first], images, logits, database.num_images)
    write_pair_scores(output, scores, {"first_query": first, **(attributes or {})})


def chunk_bounds(num_queries: int, chunk: int, num_chunks: int) -> tuple[int, int]:
    """The first query of a chunk and the one after its last; sizes differ by one at most. DataError: no such chunk."""
    if not 0 <= chunk < num_chunks:
        raise DataError(f"chunk: is {chunk}, expected 0 to {num_chunks - 1}")
    return num_queries * chunk // num_chunks, num_queries * (chunk + 1) // num_chunks


def _check(
    network: AMES, checkpoint: str | os.PathLike, queries: TokenFile, database: TokenFile, neighbors: Neighbors
) -> None:
    for file in (queries, database):
        if file.network != network_hash(network):
            raise DataError(f"{file.path}: was made with another network than {checkpoint}; project again")
    if len(neighbors.indices) != queries.num_images:
        raise DataError(
            f"{queries.path}: has tokens of {queries.num_images} queries, the neighbours are of "
            f"{len(neighbors.indices)}; both have to come from the same list of queries"
        )
    if neighbors.indices.size and neighbors.indices.max() >= database.num_images:
        raise DataError(
            f"{database.path}: has tokens of {database.num_images} images, the neighbours name image "
            f"{neighbors.indices.max()}; both have to come from the same list of images"
        )

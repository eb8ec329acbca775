"""Hamming query expansion by verified images, HQE-SP: their signatures are merged into the query."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from reprise.formats.rankings import RankedList, write_ranking
from reprise.formats.regions import RegionFile
from reprise.reranking.verified_features import VerifiedExpansion, VerifiedImages
from reprise.storage.errors import DataError
from reprise.storage.timing import measured

if TYPE_CHECKING:
    from reprise.hamming.hamming_index import HammingIndex
    from reprise.hamming.settings import Votes
    from reprise.hamming.signatures import Signatures
    from reprise.reranking.candidates import Candidates


class Step(VerifiedExpansion):
    """Hamming query expansion by verified images, HQE-SP (Tolias and Jegou, Pattern Recognition 2014)."""

    new_words: float = Field(
        0.5, ge=0, description="alpha: words that are added to the query, as a share of its own different words"
    )


def expand_files(
    candidates: "Candidates",
    index: str | os.PathLike,
    codebook: str | os.PathLike,
    embedding: str | os.PathLike,
    queries: str | os.PathLike,
    regions: Mapping[str, str | os.PathLike],
    output: str | os.PathLike,
    *,
    num_features: int | None,
    query_assignments: int,
    votes: Mapping[str, Any],
    settings: Mapping[str, Any],
    attributes: Mapping[str, object],
) -> None:
    """Write the ranking after the step.

    Args:
        candidates: the ranking before it
        index: the folder of the signatures of the database
        codebook: the file of the codebook of the search
        embedding: the file of the embedding
        queries: the file of features of the queries
        regions: the files of regions of "queries" and "database"
        output: a file of rankings
        num_features: number of strongest descriptors of a query that are used; None for all
        query_assignments: number of words that each descriptor of a query is assigned to
        votes: values of :class:`reprise.hamming.settings.Votes`
        settings: values of :class:`Step` without ``expand``
        attributes: of the file, such as the recipe

    Raises:
        DataError: files that do not fit each other
    """
    from reprise.codebooks.codebook import Codebook
    from reprise.hamming.embedding import HammingEmbedding
    from reprise.hamming.hamming_index import HammingIndex
    from reprise.hamming.settings import Votes
    from reprise.hamming.stages import sign_features

    verified = VerifiedImages(RegionFile(regions["queries"]), RegionFile(regions["database"]), candidates.boxes)
    signatures = HammingIndex.open(index, check=True)
    verified.check(candidates.ranking, signatures)
    words, signer, weights = Codebook.load(codebook), HammingEmbedding.load(embedding), Votes(**votes)
    with measured("search"):
        asked = sign_features(queries, words, signer, num_features=num_features, nearest=query_assignments)
        lists = {
            name: expanded(ranked, signatures, asked, weights, verified, **settings)
            for name, ranked in candidates.ranking.lists.items()
        }
    write_ranking(output, replace(candidates.ranking, lists=lists, reranked=None), attributes)


def expanded(
    ranked: RankedList,
    index: "HammingIndex",
    queries: "Signatures",
    votes: "Votes",
    regions: VerifiedImages,
    *,
    new_words: float = 0.5,
    **selection: Any,
) -> RankedList:
    """Search a database with every query and the signatures of its verified images.

    Args:
        ranked: the ranking of the database for the queries
        index: the signatures of the database
        queries: the signatures of the queries
        votes: how matches are weighed
        regions: of queries and database, of the same features as the signatures
        new_words: words that are added, as a share of the query's own
        selection: settings of :meth:`VerifiedImages.features`

    Returns:
        the new ranking, of all images or as many as before

    Raises:
        DataError: regions of other features than those of the index
    """
    from reprise.hamming.hqe import search_expanded
    from reprise.hamming.settings import Expansion

    if not np.array_equal(regions.database.offsets, index.image_offsets):
        raise DataError(
            f"{regions.database.path}: has other numbers of features than the index; give the reranker and the search "
            "the same num_features, and project again"
        )
    verified = {query: found.selected for query, found in enumerate(regions.features(ranked, **selection))}
    found = search_expanded(
        index, queries, votes, Expansion(new_words=new_words), verified=verified, query_ids=np.arange(len(verified)),
        topk=ranked.ranks.shape[1],
    )  # fmt: skip
    return RankedList(found.ranks, found.scores)

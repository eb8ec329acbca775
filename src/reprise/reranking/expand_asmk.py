"""Query expansion of ASMK: the features of verified images join those of the query before they are aggregated."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reprise.formats.features import Features, open_features
from reprise.formats.rankings import RankedList, write_ranking
from reprise.formats.regions import RegionFile
from reprise.reranking.verified_features import VerifiedExpansion, VerifiedImages
from reprise.storage.errors import DataError
from reprise.storage.timing import measured

if TYPE_CHECKING:
    from reprise.asmk.postings import Aggregated
    from reprise.codebooks.codebook import Codebook
    from reprise.reranking.candidates import Candidates


class Step(VerifiedExpansion):
    """Query expansion of ASMK: a query and the features of its verified images are aggregated together."""


def expand_files(
    candidates: "Candidates",
    index: str | os.PathLike,
    codebook: str | os.PathLike,
    features: Mapping[str, str | os.PathLike],
    regions: Mapping[str, str | os.PathLike],
    output: str | os.PathLike,
    *,
    num_features: int,
    region_features: int | None,
    query_assignments: int,
    binary: bool,
    alpha: float,
    threshold: float,
    settings: Mapping[str, Any],
    attributes: Mapping[str, object],
) -> None:
    """Write the ranking after the step.

    Args:
        candidates: the ranking before it
        index: the inverted file of the database
        codebook: the file of the codebook of the search
        features: the files of features of "queries" and "database"
        regions: the files of regions of "queries" and "database"
        output: a file of rankings
        num_features: number of strongest descriptors of a query that are used
        region_features: number of strongest features of an image that are in the files of regions; None for all
        query_assignments: number of words that each descriptor is assigned to, those of verified images included
        binary: aggregate to sign bits, see :func:`reprise.asmk.aggregate`
        alpha: exponent of the selectivity function, see :meth:`reprise.asmk.InvertedFile.search`
        threshold: similarities of two vectors below it add nothing
        settings: values of :class:`Step` without ``expand``
        attributes: of the file, such as the recipe

    Raises:
        DataError: files that do not fit each other
    """
    from reprise.asmk import index_files
    from reprise.asmk.inverted_file import InvertedFile
    from reprise.codebooks.codebook import Codebook

    verified = VerifiedImages(RegionFile(regions["queries"]), RegionFile(regions["database"]), candidates.boxes)
    index_files.check(index)
    inverted, words = InvertedFile.open(index), Codebook.load(codebook)
    verified.check(candidates.ranking, inverted)
    query_ids, lists = np.arange(len(candidates.ranking.query_names)), {}
    with open_features(features["queries"]) as asked, open_features(features["database"]) as database:
        for file in (asked, database):
            file.require("query expansion with this codebook", dim=words.dim)
        _check_rows(verified, database, region_features)
        for name, ranked in candidates.ranking.lists.items():
            parts = expanded_queries(
                ranked, verified, asked, database, words, num_features=num_features, region_features=region_features,
                assignments=query_assignments, binary=binary, **settings,
            )  # fmt: skip
            topk = ranked.ranks.shape[1]
            with measured("search"):
                found = inverted.search(
                    _together(parts), alpha=alpha, threshold=threshold, topk=topk, query_ids=query_ids
                )
            lists[name] = RankedList(found.ranks, found.scores)
    write_ranking(output, replace(candidates.ranking, lists=lists, reranked=None), attributes)


def expanded_queries(
    ranked: RankedList,
    regions: VerifiedImages,
    queries: Features,
    database: Features,
    codebook: "Codebook",
    *,
    num_features: int | None,
    region_features: int | None,
    assignments: int,
    binary: bool,
    **selection: Any,
) -> Iterator["Aggregated"]:
    """Iterate over the queries, each aggregated with the features of its verified images.

    Args:
        ranked: the ranking of the database for the queries
        regions: of queries and database
        queries: features of the queries
        database: features of the database
        codebook: of the search
        num_features: number of strongest descriptors of a query that are used; None for all
        region_features: number of strongest features of an image that are regions; None for all
        assignments: number of words that each descriptor is assigned to
        binary: aggregate to sign bits
        selection: settings of :meth:`VerifiedImages.features`

    Yields:
        the postings of a query
    """
    from reprise.asmk.aggregation import aggregate

    rows = database.rows(region_features)
    for query, found in enumerate(regions.features(ranked, **selection)):
        own, _ = queries.read_rows(query, query + 1, num_features)
        descriptors = np.concatenate([own, database.gather(rows[found.selected.rows])])
        words = codebook.assign(descriptors, assignments, device="auto")
        yield aggregate(descriptors, words, np.full(len(descriptors), query), codebook, binary=binary)


def _together(parts: Iterator["Aggregated"]) -> "Aggregated":
    from reprise.asmk.postings import Aggregated

    found = list(parts)
    return Aggregated(*(np.concatenate([getattr(part, key) for part in found]) for key in _COLUMNS))


_COLUMNS = ("vectors", "words", "image_ids")


def _check_rows(regions: VerifiedImages, database: Features, region_features: int | None) -> None:
    """Check that regions and features are of the same keypoints, image by image."""
    if not np.array_equal(np.diff(regions.database.offsets), database.counts(region_features)):
        raise DataError(f"{regions.database.path}: has other numbers of features than {database.path}; project again")

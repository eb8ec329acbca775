"""Average query expansion of bags of words: the mean of every query and its verified images is searched."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from reprise.formats.rankings import RankedList, write_ranking
from reprise.formats.regions import RegionFile
from reprise.reranking.verified_features import VerifiedExpansion, VerifiedImages
from reprise.storage.errors import DataError
from reprise.storage.timing import measured

if TYPE_CHECKING:
    from reprise.bow import BagOfWords
    from reprise.reranking.candidates import Candidates


class Step(VerifiedExpansion):
    """Average query expansion of bags of words (Chum et al., ICCV 2007)."""

    mean: Literal["raw", "normalised"] = Field(
        "raw", description="what the mean is taken of: tf-idf vectors as they are, or of unit length"
    )


def expand_files(
    candidates: "Candidates",
    index: str | os.PathLike,
    queries: str | os.PathLike,
    database: str | os.PathLike,
    output: str | os.PathLike,
    *,
    settings: Mapping[str, Any],
    attributes: Mapping[str, object],
) -> None:
    """Write the ranking after the step.

    Args:
        candidates: the ranking before it
        index: the folder of the bags of words of the database
        queries: the file of regions of the queries
        database: the file of regions of the database
        output: a file of rankings
        settings: values of :class:`Step` without ``expand``
        attributes: of the file, such as the recipe

    Raises:
        DataError: files that do not fit each other
    """
    from reprise.bow.bag_of_words import BagOfWords

    regions = VerifiedImages(RegionFile(queries), RegionFile(database), candidates.boxes)
    words = BagOfWords.open(index, check=True)
    regions.check(candidates.ranking, words)
    with measured("search"):
        lists = {
            name: expanded(ranked, words, regions, **settings) for name, ranked in candidates.ranking.lists.items()
        }
    write_ranking(output, replace(candidates.ranking, lists=lists, reranked=None), attributes)


def expanded(
    ranked: RankedList, index: "BagOfWords", regions: VerifiedImages, *, mean: Literal["raw", "normalised"] = "raw",
    **selection: Any,
) -> RankedList:  # fmt: skip
    """Search a database with the mean of every query and its verified images.

    Args:
        ranked: the ranking of the database for the queries
        index: the bags of words of the database
        regions: of queries and database, with the words of the index
        mean: what the mean is taken of, see :func:`reprise.bow.mean_vectors`
        selection: settings of :meth:`VerifiedImages.features`

    Returns:
        the new ranking, of all images or as many as before

    Raises:
        DataError: words of another codebook than those of the index
    """
    from reprise.bow.expansion import mean_vectors

    if regions.database.n_words != index.n_words:
        raise DataError(f"{regions.database.path}: has the words of another codebook than the index; project again")
    found = list(regions.features(ranked, **selection))
    counts = [len(one.selected.images) for one in found]
    query_of, first = np.repeat(np.arange(len(found)), counts), np.cumsum([0, *counts])[:-1]
    none = np.zeros(0, np.int64)
    added_of = [none, *(one.selected.image_of + start for one, start in zip(found, first, strict=True))]
    asked_of = np.repeat(np.arange(len(found)), [len(one.query.words) for one in found])
    asked = np.concatenate([none, *(one.query.words.astype(np.int64) for one in found)])
    vectors = index.vectors(asked, asked_of, len(found))
    added = np.concatenate([none, *(one.words for one in found)])
    selected = index.vectors(added, np.concatenate(added_of), len(query_of))
    again = index.search(mean_vectors(vectors, selected, query_of, mean=mean), topk=ranked.ranks.shape[1])
    return RankedList(again.ranks, again.scores)

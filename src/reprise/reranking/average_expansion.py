"""Average query expansion as a step: it takes a ranking, verifies its first images, and searches again."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from reprise.formats.rankings import RankedList, Ranking, write_ranking
from reprise.formats.regions import RegionFile, StoredRegions
from reprise.geometry.back_projection import select_features
from reprise.geometry.tentatives import Words, word_tentatives
from reprise.geometry.verification import Regions, verify_images
from reprise.images.boxes import Box
from reprise.reranking.settings import Count
from reprise.storage.errors import DataError
from reprise.storage.references import Refers
from reprise.storage.settings import Settings

if TYPE_CHECKING:
    from reprise.bow import BagOfWords
    from reprise.reranking.candidates import Candidates


class ExpansionStep(Settings):
    """Average query expansion of bags of words (Chum et al., ICCV 2007)."""

    expand: Annotated[str, Refers("rerankers")] = Field(
        description="the regions that images are verified by: a reranker of the scorer affine_words, with the codebook "
        "of the search"
    )
    images: Count = Field(50, description="first images of each ranking that are verified")
    least: Count = Field(15, description="inliers of an image that expands the query")
    mean: Literal["raw", "normalised"] = Field(
        "raw", description="what the mean is taken of: tf-idf vectors as they are, or of unit length"
    )
    tentatives: Count = Field(600, description="tentative correspondences of two images, at most")
    threshold: float = Field(8.0, gt=0, description="largest distance of an inlier in pixels of the database image")
    scale_ratio: float | None = Field(
        None,
        ge=1,
        description="largest ratio of an inlier's scale to that of the transform; null does not compare them",
    )
    optimised: int = Field(5, ge=0, le=64, description="best transforms that are optimised by least squares")
    iterations: int = Field(3, ge=0, description="of least squares, at most")
    most: Count = Field(10, description="pairs of features of one word; words with more are left out")

    @property
    def reranker(self) -> str:
        """The entry of rerankers that the step uses."""
        return self.expand


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
        settings: values of :class:`ExpansionStep` without ``expand``
        attributes: of the file, such as the recipe

    Raises:
        DataError: files that do not fit each other
    """
    from reprise.bow.bag_of_words import BagOfWords

    regions = RegionFile(queries), RegionFile(database)
    words = BagOfWords.open(index, check=True)
    _check(candidates.ranking, words, *regions)
    boxes = candidates.dataset.split("queries").boxes or [None] * len(candidates.ranking.query_names)
    lists = {
        name: expanded(ranked, words, *regions, boxes, **settings) for name, ranked in candidates.ranking.lists.items()
    }
    write_ranking(output, replace(candidates.ranking, lists=lists, reranked=None), attributes)


def expanded(
    ranked: RankedList,
    index: "BagOfWords",
    queries: RegionFile,
    database: RegionFile,
    boxes: Sequence[Box | None],
    *,
    images: int = 50,
    least: int = 15,
    mean: Literal["raw", "normalised"] = "raw",
    tentatives: int = 600,
    most: int = 10,
    **verification: Any,
) -> RankedList:
    """Search a database with the mean of every query and its verified images.

    Args:
        ranked: the ranking of the database for the queries
        index: the bags of words of the database
        queries: the regions of the queries
        database: the regions of the database
        boxes: (x1, y1, x2, y2) of every query, or None
        images: first images of each ranking that are verified
        least: inliers of an image that expands the query
        mean: what the mean is taken of, see :func:`reprise.bow.mean_vectors`
        tentatives: of two images, at most
        most: pairs of features of one word
        verification: threshold, scale_ratio, optimised and iterations of :func:`reprise.geometry.verify_affine`

    Returns:
        the new ranking, of all images or as many as before
    """
    from reprise.bow.expansion import mean_vectors

    asked, added, added_of = [], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    query_of: list[int] = []
    for query, row in enumerate(ranked.ranks[:, :images].astype(np.int64)):
        stored, found = queries.read(np.array([query])), database.read(row)
        places = np.arange(len(row))
        pairs = word_tentatives(_words(stored), _words(found), places, most=most, limit=tentatives)
        own, regions = _regions(stored), _regions(found)
        verified = verify_images(own, regions, pairs, places, **verification)
        chosen = select_features(own, boxes[query], regions, places, verified, least=least, most=images)
        asked.append(stored.words.astype(np.int64))
        added.append(found.words[chosen.rows].astype(np.int64))
        added_of.append(chosen.image_of + len(query_of))
        query_of += [query] * len(chosen.images)
    query_ids = np.repeat(np.arange(len(asked)), [len(words) for words in asked])
    vectors = index.vectors(np.concatenate(asked), query_ids, len(asked))
    selected = index.vectors(np.concatenate(added), np.concatenate(added_of), len(query_of))
    found_again = index.search(
        mean_vectors(vectors, selected, np.array(query_of, np.int64), mean=mean), topk=ranked.ranks.shape[1]
    )
    return RankedList(found_again.ranks, found_again.scores)


def _check(ranking: Ranking, index: "BagOfWords", queries: RegionFile, database: RegionFile) -> None:
    for file, count in ((queries, len(ranking.query_names)), (database, len(ranking.database_names))):
        if len(file) != count:
            raise DataError(f"{file.path}: has {len(file)} images, the ranking has {count}; project again")
        if file.n_words != index.n_words or file.codebook != queries.codebook:
            raise DataError(
                f"{file.path}: has the words of another codebook than the index or the other split; project again"
            )
    if index.n_images != len(database):
        raise DataError(f"{database.path}: has {len(database)} images, the index {index.n_images}; build it again")


def _words(stored: StoredRegions) -> Words:
    return Words.of(stored.words, stored.offsets)


def _regions(stored: StoredRegions) -> Regions:
    return Regions(stored.keypoints, stored.frames, stored.offsets)

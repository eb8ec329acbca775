"""The features of verified images that expand a query, for the searches of local features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from reprise.formats.rankings import RankedList, Ranking
from reprise.formats.regions import RegionFile, StoredRegions
from reprise.geometry.back_projection import Selected, select_features
from reprise.geometry.tentatives import Words, word_tentatives
from reprise.geometry.verification import Regions, verify_images
from reprise.images.boxes import Box
from reprise.reranking.inliers import Iterations, MostTentatives, Optimised, ScaleRatio, Threshold, check_queries
from reprise.reranking.settings import Count, ExpansionStep
from reprise.storage.errors import DataError
from reprise.storage.references import Refers


class VerifiedExpansion(ExpansionStep):
    """Query expansion by images that are verified spatially (Chum et al., ICCV 2007)."""

    expand: Annotated[str, Refers("rerankers")] = Field(
        description="the regions that images are verified by: a reranker of the scorer affine_words, with the features "
        "of the search"
    )
    images: Count = Field(50, description="first images of each ranking that are verified")
    least: Count = Field(15, description="inliers of an image that expands the query")
    tentatives: MostTentatives = 600
    threshold: Threshold = 8.0
    scale_ratio: ScaleRatio = 2.0
    optimised: Optimised = 5
    iterations: Iterations = 3
    most: Count = Field(10, description="pairs of features of one word; words with more are left out")


@dataclass(frozen=True)
class VerifiedFeatures:
    """What a query is expanded by.

    Attributes:
        query: its regions
        words: (F,) int64, the visual words of the features of the selected images that are in the box of the query
        selected: these images, by their numbers in the database, and the rows of these features in its file
    """

    query: StoredRegions
    words: np.ndarray
    selected: Selected


class VerifiedImages:
    """The regions of queries and a database, by which images are verified.

    Args:
        queries: the file of regions of the queries
        database: the file of regions of the database
        boxes: (x1, y1, x2, y2) of every query, or None

    Raises:
        DataError: files of different codebooks
    """

    def __init__(self, queries: RegionFile, database: RegionFile, boxes: Sequence[Box | None]):
        if database.codebook != queries.codebook:
            raise DataError(f"{database.path}: was made with another codebook than {queries.path}; project again")
        self.queries, self.database, self.boxes = queries, database, boxes

    def check(self, ranking: Ranking, index: Any = None) -> None:
        """Check that the regions are those of the images of a ranking, and of an index with ``n_images``.

        Raises:
            DataError: other numbers of queries or images
        """
        check_queries(self.queries.path, len(self.queries), len(ranking.query_names))
        for found, where in ((len(ranking.database_names), "ranking"), (getattr(index, "n_images", None), "index")):
            if found is not None and len(self.database) != found:
                raise DataError(
                    f"{self.database.path}: has {len(self.database)} images, the {where} {found}; project again, or "
                    "build the index again"
                )

    def features(
        self, ranked: RankedList, *, images: int = 50, least: int = 15, tentatives: int = 600, most: int = 10,
        **verification: Any,
    ) -> Iterator[VerifiedFeatures]:  # fmt: skip
        """Iterate over the queries of a ranking, and find what each is expanded by.

        Args:
            ranked: the images of the database for the queries; -1 pads its rows
            images: first images of each ranking that are verified
            least: inliers of an image that expands the query
            tentatives: of two images, at most
            most: pairs of features of one word
            verification: threshold, scale_ratio, optimised and iterations of :func:`reprise.geometry.verify_affine`
        """
        for query, row in enumerate(ranked.ranks[:, :images].astype(np.int64)):
            row = row[row >= 0]
            own, found, places = self.queries.read(np.array([query])), self.database.read(row), np.arange(len(row))
            pairs = word_tentatives(_words(own), _words(found), places, most=most, limit=tentatives)
            verified = verify_images(_regions(own), _regions(found), pairs, places, **verification)
            chosen = select_features(
                _regions(own), self.boxes[query], _regions(found), places, verified, least=least, most=images
            )
            starts = self.database.offsets[row] - found.offsets[:-1]
            rows = chosen.rows + starts[chosen.images[chosen.image_of]]
            yield VerifiedFeatures(
                own, found.words[chosen.rows].astype(np.int64), Selected(row[chosen.images], rows, chosen.image_of)
            )


def _words(stored: StoredRegions) -> Words:
    return Words.of(stored.words, stored.offsets)


def _regions(stored: StoredRegions) -> Regions:
    return Regions(stored.keypoints, stored.frames, stored.offsets)

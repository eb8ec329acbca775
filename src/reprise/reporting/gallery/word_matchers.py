"""What visual words give of the scores of a search, for each engine that has words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from reprise.asmk.explanation import explain as explain_asmk
from reprise.asmk.image_words import assigned_within, words_of_images
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.shares import Explanation
from reprise.bow.bag_of_words import BagOfWords
from reprise.bow.explanation import explain as explain_bow
from reprise.codebooks.codebook import Codebook
from reprise.formats.strongest import Strongest, StrongestFeatures
from reprise.hamming.embedding import HammingEmbedding
from reprise.hamming.explanation import explain as explain_hamming
from reprise.hamming.hamming_index import HammingIndex
from reprise.hamming.settings import Votes
from reprise.reporting.gallery.match_lines import Content, word_lines
from reprise.storage.errors import DataError

#: Image and its features -> the explanation of its score for a query.
Explain = Callable[[int, Strongest], Explanation]


class WordMatcher(ABC):
    """The explanations of an engine, drawn.

    Args:
        files: "queries" and "database", files of features; "index" and "codebook", and what else the engine needs
        num_features: number of strongest features of an image that were searched; None for all
        query_assignments: number of words of each descriptor of a query
    """

    kind: Literal["words", "signatures"] = "words"

    def __init__(self, files: Mapping[str, str], num_features: int | None, query_assignments: int) -> None:
        self._queries, self._database = (StrongestFeatures(files[key], num_features) for key in ("queries", "database"))
        self._codebook, self._assignments = Codebook.load(files["codebook"]), query_assignments

    def match(self, query: int, images: Sequence[int]) -> list[Content]:
        """See :class:`reprise.reporting.gallery.matches.Matcher`."""
        asked, found = self._queries.read(query), [self._database.read(image) for image in images]
        words = self._codebook.assign(asked.descriptors, self._assignments)
        explain = self._explaining(asked.descriptors, words, images)
        told = [explain(image, features) for image, features in zip(images, found, strict=True)]
        return [word_lines(one, asked, features) for one, features in zip(told, found, strict=True)]

    @abstractmethod
    def _explaining(self, descriptors: np.ndarray, words: np.ndarray, images: Sequence[int]) -> Explain:
        """Prepare to explain the scores of some images for a query, given as its descriptors and their words."""


class AsmkMatcher(WordMatcher):
    """A search by ASMK, see :func:`reprise.asmk.explain`.

    Args:
        files: as of :class:`WordMatcher`
        num_features: as of :class:`WordMatcher`
        query_assignments: as of :class:`WordMatcher`
        database_assignments: number of words of each descriptor of the database
        alpha: exponent of the selectivity function
        threshold: similarities of two vectors below it add nothing
    """

    def __init__(
        self, files: Mapping[str, str], *, num_features: int | None, query_assignments: int, database_assignments: int,
        alpha: float, threshold: float,
    ) -> None:  # fmt: skip
        super().__init__(files, num_features, query_assignments)
        self._index = InvertedFile.open(files["index"])
        self._in_database, self._alpha, self._threshold = database_assignments, alpha, threshold

    def _explaining(self, descriptors: np.ndarray, words: np.ndarray, images: Sequence[int]) -> Explain:
        own = words_of_images(self._index, images)

        def explain(image: int, found: Strongest) -> Explanation:
            assigned = assigned_within(self._codebook, found.descriptors, own[image], self._in_database)
            return explain_asmk(
                self._index, self._codebook, image, descriptors, found.descriptors, query_words=words,
                image_words=assigned, alpha=self._alpha, threshold=self._threshold,
            )  # fmt: skip

        return explain


class BowMatcher(WordMatcher):
    """A search of bags of words, see :func:`reprise.bow.explain`; arguments as of :class:`WordMatcher`."""

    def __init__(self, files: Mapping[str, str], *, num_features: int | None, query_assignments: int) -> None:
        super().__init__(files, num_features, query_assignments)
        self._index = BagOfWords.open(files["index"])

    def _explaining(self, descriptors: np.ndarray, words: np.ndarray, images: Sequence[int]) -> Explain:
        own = words_of_images(self._index, images)

        def explain(image: int, found: Strongest) -> Explanation:
            assigned = assigned_within(self._codebook, found.descriptors, own[image])
            return explain_bow(self._index, image, words, assigned)

        return explain


class HammingMatcher(WordMatcher):
    """A search with Hamming embedding, see :func:`reprise.hamming.explain`.

    Args:
        files: as of :class:`WordMatcher`, and "embedding"
        num_features: as of :class:`WordMatcher`
        query_assignments: as of :class:`WordMatcher`
        votes: values of :class:`reprise.hamming.settings.Votes`
    """

    kind = "signatures"

    def __init__(
        self, files: Mapping[str, str], *, num_features: int | None, query_assignments: int, votes: Mapping[str, Any]
    ) -> None:
        super().__init__(files, num_features, query_assignments)
        self._index, self._embedding = HammingIndex.open(files["index"]), HammingEmbedding.load(files["embedding"])
        self._path, self._votes = files["index"], Votes(**votes)

    def _explaining(self, descriptors: np.ndarray, words: np.ndarray, images: Sequence[int]) -> Explain:
        prepared = self._codebook.prepared(descriptors)
        query = self._embedding.encode(prepared, words, np.zeros(len(words), np.int64))
        counts = np.diff(self._index.image_offsets)

        def explain(image: int, found: Strongest) -> Explanation:
            if len(found.rows) != counts[image]:
                raise DataError(
                    f"{self._path}: has {counts[image]} features of image {image}, its file of features "
                    f"{len(found.rows)}; build the index again"
                )
            return explain_hamming(self._index, image, query, self._votes, assignments=self._assignments)

        return explain

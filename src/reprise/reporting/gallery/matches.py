"""What is drawn on a query and a result: the inliers of a verification, or what visual words give of the score.

The values are numbers only, with coordinates in pixels of the image files, and few enough of each pair that a gallery
stays small.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from reprise.asmk.explanation import Explanation, Shares, assigned_within, explain, words_of_images
from reprise.asmk.inverted_file import InvertedFile
from reprise.codebooks.codebook import Codebook
from reprise.formats.features import open_features
from reprise.formats.strongest import Strongest, StrongestFeatures
from reprise.reranking.matched_points import MatchedPoints, open_verifier

_log = logging.getLogger(__name__)
Content = dict[str, Any]
Kind = Literal["inliers", "words"]
#: Of a pair of images, at most: lines that are drawn, and words that are listed.
_LINES, _WORDS = 100, 12


class Matcher(Protocol):
    """Finds what is drawn on pairs of images."""

    @property
    def kind(self) -> Kind:
        """What is drawn."""
        ...

    def match(self, query: int, images: Sequence[int]) -> list[Content]:
        """Find what is drawn on a query and each of some images, by their numbers in the dataset."""
        ...


def open_matcher(
    *, files: Mapping[str, str], settings: Mapping[str, Any], scorer: str | None = None, threads: int | None = None
) -> Matcher | None:
    """Open what matches of a method are drawn from.

    Args:
        files: "queries" and "database"; of a search by ASMK "index" and "codebook", too
        settings: of the step, those that change the scores of pairs; or of the search
        scorer: one of :data:`reprise.reranking.matched_points.VERIFYING`; None for a search by ASMK
        threads: number of pairs that are verified at the same time

    Returns:
        the matcher; None where keypoints are not those of the image files, as in some published features
    """
    if scorer != "affine_words":  # which takes regions, always in pixels
        for key in ("queries", "database"):
            with open_features(files[key]) as features:
                if features.keypoint_convention != "colmap":
                    _log.warning("no matches: the keypoints of %s are not in pixels of the images", files[key])
                    return None
    return InlierMatcher(scorer, files, settings, threads) if scorer else WordMatcher(files, **settings)


class InlierMatcher:
    """The inliers of a step that verifies images.

    Args:
        scorer: one of :data:`reprise.reranking.matched_points.VERIFYING`
        files: "queries" and "database", as the scorer reads them
        settings: those of the step that change the scores of pairs
        threads: number of pairs that are verified at the same time
    """

    kind: Kind = "inliers"

    def __init__(
        self, scorer: str, files: Mapping[str, str], settings: Mapping[str, Any], threads: int | None = None
    ):  # fmt: skip
        self._verify, self._threads = open_verifier(scorer, files, settings), threads

    def match(self, query: int, images: Sequence[int]) -> list[Content]:
        """See :class:`Matcher`."""
        from reprise.matching import side_by_side  # torch, which galleries without inliers do without

        return side_by_side(lambda image: inlier_lines(self._verify(query, image)), images, self._threads)


class WordMatcher:
    """What visual words give of the scores of a search by ASMK, see :func:`reprise.asmk.explain`.

    Args:
        files: "queries" and "database", files of features; "index" and "codebook"
        num_features: number of strongest features of an image that were searched
        query_assignments: number of words of each descriptor of a query
        database_assignments: number of words of each descriptor of the database
        alpha: exponent of the selectivity function
        threshold: similarities of two vectors below it add nothing
    """

    kind: Kind = "words"

    def __init__(
        self, files: Mapping[str, str], *, num_features: int, query_assignments: int, database_assignments: int,
        alpha: float, threshold: float,
    ):  # fmt: skip
        self._queries, self._database = (StrongestFeatures(files[key], num_features) for key in ("queries", "database"))
        self._index, self._codebook = InvertedFile.open(files["index"]), Codebook.load(files["codebook"])
        self._assignments = query_assignments, database_assignments
        self._alpha, self._threshold = alpha, threshold

    def match(self, query: int, images: Sequence[int]) -> list[Content]:
        """See :class:`Matcher`."""
        asked, words = self._queries.read(query), words_of_images(self._index, images)
        asked_words = self._codebook.assign(asked.descriptors, self._assignments[0])
        drawn = []
        for image in images:
            found = self._database.read(image)
            found_words = assigned_within(self._codebook, found.descriptors, words[image], self._assignments[1])
            told = explain(
                self._index, self._codebook, image, asked.descriptors, found.descriptors,
                query_words=asked_words, image_words=found_words, alpha=self._alpha, threshold=self._threshold,
            )  # fmt: skip
            drawn.append(word_lines(told, asked, found))
        return drawn


def inlier_lines(found: MatchedPoints) -> Content:
    """Make what is drawn of inliers: a line for each; of many, for some that are spread over all."""
    count = len(found.query)
    kept = np.unique(np.linspace(0, count - 1, min(count, _LINES)).astype(int)) if count else np.zeros(0, int)
    transform = found.transform
    return {
        "inliers": count,
        "tentative": found.tentative,
        "query": _flat(found.query[kept]),
        "image": _flat(found.image[kept]),
        "transform": None if transform is None else [float(f"{value:.8g}") for value in transform.ravel()],
    }


def word_lines(told: Explanation, asked: Strongest, found: Strongest) -> Content:
    """Make what is drawn of an explanation: the strongest lines between features of a word, and the strongest words."""
    lines = _strongest_lines(told)
    ends = [np.unique([line[side] for line in lines]).astype(int) for side in (0, 1)]
    places = [{feature: place for place, feature in enumerate(side.tolist())} for side in ends]
    counts = [np.bincount(side.words, minlength=len(told.words)) for side in (told.query, told.image)]
    listed = max([_WORDS, *(line[3] + 1 for line in lines)])
    return {
        "score": _rounded(told.score),
        "count": len(told.words),
        "words": [
            [int(word), _rounded(value), int(in_query), int(in_image)]
            for word, value, in_query, in_image in zip(
                told.words[:listed], told.contributions, counts[0], counts[1], strict=False
            )
        ],
        "query": _flat(asked.keypoints[ends[0]]),
        "image": _flat(found.keypoints[ends[1]]),
        "lines": [[places[0][a], places[1][b], _rounded(value), word] for a, b, value, word in lines],
    }


def _strongest_lines(told: Explanation) -> list[tuple[int, int, float, int]]:
    """Pair the features of each word: a pair gives the product of their shares of the word's contribution."""
    lines: list[tuple[int, int, float, int]] = []
    for word, total in enumerate(told.contributions.tolist()):
        if total <= (lines[-1][2] if len(lines) == _LINES else 0):
            break  # words come in the order of their contributions, and no line gives more than its word
        own = [
            (first, second, one * other / total, word)
            for first, one in _of_word(told.query, word)
            for second, other in _of_word(told.image, word)
            if one * other > 0
        ]
        lines = sorted([*lines, *own], key=lambda line: -line[2])[:_LINES]
    return lines


def _of_word(shares: Shares, word: int) -> list[tuple[int, float]]:
    rows = np.flatnonzero(shares.words == word)
    return list(zip(shares.features[rows].tolist(), shares.contributions[rows].tolist(), strict=True))


def _flat(points: np.ndarray) -> list[float]:
    """Points as x, y, x, y ... in tenths of a pixel."""
    return [round(float(value), 1) for value in points.ravel()]


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")

"""What is drawn on a query and a result: the inliers of a verification, or what visual words give of the score.

Every method of a gallery has something of the kind, by the search or the step that compared the images, or a sentence
that says why there is nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from reprise.formats.features import open_features
from reprise.reporting.gallery.match_lines import Content, inlier_lines
from reprise.reporting.gallery.word_matchers import AsmkMatcher, BowMatcher, HammingMatcher
from reprise.reranking.matched_points import VERIFYING, open_verifier

Kind = Literal["inliers", "words", "signatures"]


class Matcher(Protocol):
    """Finds what is drawn on pairs of images."""

    @property
    def kind(self) -> Kind:
        """What is drawn: inliers of a transform, features of one word, or those of a word whose signatures match."""
        ...

    def match(self, query: int, images: Sequence[int]) -> list[Content]:
        """Find what is drawn on a query and each of some images, by their numbers in the dataset."""
        ...


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a method.

    Attributes:
        matcher: finds it; None where there is nothing to draw
        note: a sentence, such as why there is nothing
    """

    matcher: Matcher | None = None
    note: str = ""


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


_SEARCHES: Mapping[str, Callable[..., Matcher]] = {"asmk": AsmkMatcher, "bow": BowMatcher, "hamming": HammingMatcher}
_NOT_IN_PIXELS = "The keypoints of these features are not in pixels of the images, so that no matches can be drawn."


def open_drawn(
    by: str | None,
    *,
    files: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    note: str = "",
    threads: int | None = None,
) -> Drawn:
    """Open what matches of a method are drawn from.

    Args:
        by: what compared the images: a search with visual words ("asmk", "bow" or "hamming"), or a scorer, one of
            :data:`reprise.reranking.matched_points.VERIFYING`; None where nothing is drawn
        files: "queries" and "database"; of a search "index" and "codebook", too, and of hamming "embedding"
        settings: of the search, or those of the step that change the scores of pairs
        note: what has to be said of it
        threads: number of pairs that are verified at the same time

    Returns:
        what is drawn; nothing where keypoints are not those of the image files, as in some published features
    """
    if by is None or files is None:
        return Drawn(None, note)
    if by != "affine_words":  # which takes regions, always in pixels
        for key in ("queries", "database"):
            with open_features(files[key]) as features:
                if features.keypoint_convention != "colmap":
                    return Drawn(None, _NOT_IN_PIXELS)
    if by in VERIFYING:
        return Drawn(InlierMatcher(by, files, settings or {}, threads), note)
    return Drawn(_SEARCHES[by](files, **(settings or {})), note)

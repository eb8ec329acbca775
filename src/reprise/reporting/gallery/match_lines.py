"""What is drawn of inliers, or of an explanation: numbers only, and few enough that a gallery stays small.

Coordinates are in pixels of the image files.
"""

from typing import Any

import numpy as np

from reprise.asmk.shares import Explanation
from reprise.formats.strongest import Strongest
from reprise.reranking.matched_points import MatchedPoints

Content = dict[str, Any]
#: Of a pair of images, at most: lines that are drawn, and words that are listed.
_LINES, _WORDS = 100, 12


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
    """Find the pairs of features that give most: those of query and image, contribution, and place of the word."""
    lines: list[tuple[int, int, float, int]] = []
    for word, total in enumerate(told.contributions.tolist()):
        if total <= (lines[-1][2] if len(lines) == _LINES else 0):
            break  # words come in the order of their contributions, and no line gives more than its word
        own = [(*pair, word) for pair in told.pairs_of(word)]
        lines = sorted([*lines, *own], key=lambda line: -line[2])[:_LINES]
    return lines


def _flat(points: np.ndarray) -> list[float]:
    """Points as x, y, x, y ... in tenths of a pixel."""
    return [round(float(value), 1) for value in points.ravel()]


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")

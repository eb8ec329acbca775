"""What a score of visual words is made of, whatever engine gave it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shares:
    """What the local features of one of the two images give of a score.

    A feature that several words share is in several rows.

    Attributes:
        features: (L,) int64, rows of the descriptors
        words: (L,) int64, places in ``Explanation.words``
        contributions: (L,) float64; those of a word sum up to that of the word
    """

    features: np.ndarray
    words: np.ndarray
    contributions: np.ndarray

    def of(self, word: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the features of a word, by its place, and their contributions."""
        rows = np.flatnonzero(self.words == word)
        return self.features[rows], self.contributions[rows]


@dataclass(frozen=True)
class Pairs:
    """What single pairs of features give of a score.

    Attributes:
        query: (M,) int64, rows of the descriptors of the query
        image: (M,) int64, those of the image
        words: (M,) int64, places in ``Explanation.words``
        contributions: (M,) float64; those of a word sum up to that of the word
    """

    query: np.ndarray
    image: np.ndarray
    words: np.ndarray
    contributions: np.ndarray


@dataclass(frozen=True)
class Explanation:
    """What the score of a query and an image is made of.

    Attributes:
        score: as the search of the index gives it
        words: (W,) int64, the visual words that add something, the largest contribution first
        contributions: (W,) float64, what each adds; they sum up to ``score``
        query: what the features of the query give
        image: what the features of the image give
        pairs: which features were compared; None where those of a word are compared all together
    """

    score: float
    words: np.ndarray
    contributions: np.ndarray
    query: Shares
    image: Shares
    pairs: Pairs | None = None

    def pairs_of(self, word: int) -> list[tuple[int, int, float]]:
        """Divide the contribution of a word among pairs of a feature of the query and one of the image.

        Where features are compared all together, a pair gives the product of the shares of both.

        Args:
            word: its place in ``words``

        Returns:
            feature of the query, feature of the image, contribution, for pairs that give something
        """
        if self.pairs is not None:
            rows = np.flatnonzero(self.pairs.words == word)
            columns = (self.pairs.query[rows], self.pairs.image[rows], self.pairs.contributions[rows])
        else:
            (asked, first), (found, second) = self.query.of(word), self.image.of(word)
            parts = np.outer(first, second / self.contributions[word])
            columns = (np.repeat(asked, len(found)), np.tile(found, len(asked)), parts.ravel())
        return [pair for pair in zip(*(column.tolist() for column in columns), strict=True) if pair[2] > 0]


def largest_first(values: np.ndarray) -> np.ndarray:
    """Find the places of values that are not 0, the largest first: (W,) int64."""
    order = np.argsort(-values, kind="stable")
    return order[values[order] != 0]

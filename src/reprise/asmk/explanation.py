"""Why an image has its score for a query of ASMK: what each visual word, and each local feature, gives of it."""

from dataclasses import dataclass

import numpy as np

from reprise.asmk.aggregation import aggregate
from reprise.asmk.image_words import links, postings_of
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.postings import Aggregated, as_integers
from reprise.asmk.queries import divisors, kernel, query_norm
from reprise.asmk.shares import Explanation, Shares, largest_first
from reprise.codebooks.codebook import Codebook
from reprise.codebooks.descriptors import as_descriptors
from reprise.storage.errors import DataError


def explain(
    index: InvertedFile,
    codebook: Codebook,
    image_id: int,
    query: np.ndarray,
    image: np.ndarray,
    *,
    query_assignments: int = 5,
    alpha: float = 3.0,
    threshold: float = 0.0,
    query_words: np.ndarray | None = None,
    image_words: np.ndarray | None = None,
    database_assignments: int = 1,
) -> Explanation:
    """Divide the score of a query and an image among visual words, and among the features of both.

    The contribution of a word is its weight times the selectivity function of the two aggregated residuals, divided by
    the roots of both norms, as in the search. It is divided among the features of the word in an image in proportion to
    the projections of their residuals on what the other image has of this word, those that point away counting nothing;
    if all do, in equal parts. The vectors of the database image are those of the index, so that the score is the one of
    the ranking, whatever its features are.

    Source: the score is that of Tolias, Avrithis, Jegou, "To aggregate or not to aggregate", ICCV 2013; its division
    among features is our own.

    Args:
        index: the inverted file of the database
        codebook: its visual words
        image_id: the image in the index
        query: (n, D) float32, the descriptors that the query is searched by
        image: (m, D) float32, the descriptors of the image
        query_assignments: number of words of each descriptor of the query
        alpha: exponent of the selectivity function
        threshold: similarities of two vectors below it add nothing
        query_words: (n, assignments) integers, the words of the query, so that a query is assigned once for many
            images; None assigns it
        image_words: (m, assignments) integers, as of :func:`assigned_within`; None assigns the image
        database_assignments: number of words of each descriptor of the image

    Returns:
        the explanation; a word of the index to which no descriptor of ``image`` is assigned has no share in it

    Raises:
        DataError: descriptors that do not fit the codebook, or an image that is not in the index
    """
    if not 0 <= image_id < index.n_images:
        raise DataError(f"image_id: is {image_id}, and the index has {index.n_images} images")
    if codebook.size != index.n_words:
        raise DataError(f"codebook: has {codebook.size} words, the index {index.n_words}; give that of the index")
    asked = _Features.of(codebook, query, query_words, query_assignments)
    found = _Features.of(codebook, image, image_words, database_assignments)
    aggregated = aggregate(
        asked.descriptors, asked.words, np.zeros(len(asked.descriptors), int), codebook, binary=index.binary, threads=1
    )
    words, values, root = _contributions(index, aggregated, image_id, alpha, threshold)
    order = largest_first(values)
    chosen, contributions = words[order], values[order].astype(np.float64) / root
    sums = [side.sums(codebook, chosen) for side in (asked, found)]
    towards = [np.where(total > 0, 1.0, -1.0) if index.binary else total for total in sums]
    return Explanation(
        float(np.cumsum(values.astype(np.float64))[-1:].sum() / root),
        chosen,
        contributions,
        asked.shares(codebook, chosen, contributions, towards[1]),
        found.shares(codebook, chosen, contributions, towards[0]),
    )


@dataclass(frozen=True)
class _Features:
    """Descriptors (n, D) float32 and their words (n, assignments) int64."""

    descriptors: np.ndarray
    words: np.ndarray

    @classmethod
    def of(cls, codebook: Codebook, descriptors: np.ndarray, words: np.ndarray | None, nearest: int) -> "_Features":
        descriptors = as_descriptors(descriptors, codebook.dim)
        words = codebook.assign(descriptors, nearest) if words is None else words
        return cls(descriptors, as_integers(words, "words", (len(descriptors), None)))

    def residuals(self, codebook: Codebook, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, places = links(self.words, chosen)
        return rows, places, self.descriptors[rows] - codebook.centroids[chosen[places]]

    def sums(self, codebook: Codebook, chosen: np.ndarray) -> np.ndarray:
        """Sum the residuals to each of the words ``chosen``: (W, D) float32."""
        _, places, residuals = self.residuals(codebook, chosen)
        sums = np.zeros((len(chosen), codebook.dim), np.float32)
        np.add.at(sums, places, residuals)
        return sums

    def shares(self, codebook: Codebook, chosen: np.ndarray, contributions: np.ndarray, towards: np.ndarray) -> Shares:
        """Divide the contributions of words among the features by their residuals towards the other image."""
        rows, places, residuals = self.residuals(codebook, chosen)
        parts = np.maximum((residuals * towards[places]).sum(axis=1, dtype=np.float64), 0)
        totals = np.bincount(places, parts, len(chosen))[places]
        equal = 1 / np.bincount(places, minlength=len(chosen))[places]
        parts = np.where(totals > 0, parts / np.where(totals > 0, totals, 1), equal)
        return Shares(rows, places, contributions[places] * parts)


def _contributions(
    index: InvertedFile, query: Aggregated, image: int, alpha: float, threshold: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Compute what the common words add before the division by the root of the query's norm, rounded as in the search.

    Returns:
        words (W,) ascending, values (W,) float32, and the root of the norm of the query
    """
    rows, places = postings_of(index, query.words, image)
    words, own, other = query.words[rows], query.vectors[rows], np.asarray(index.vectors[places])
    powers, furthest, _, _ = kernel(index.vectors, alpha, threshold)
    if index.binary:
        distances = _distances(own, other)
        values = np.where(distances <= furthest, powers[distances], np.float32(0))
    else:
        similarities = np.einsum("ij,ij->i", own, other, dtype=np.float32)
        passing = similarities >= np.float32(threshold)
        values = np.where(passing, np.power(np.where(passing, similarities, 0), np.float32(alpha)), np.float32(0))
    weights = np.ones(len(words), np.float32) if index.weights is None else index.weights[words]
    root = divisors(index.norms[image : image + 1], "zero")[0]
    norm = np.array([query_norm(index.weights, query.words)], np.float32)
    return words, ((values * weights).astype(np.float64) / root).astype(np.float32), float(divisors(norm, "zero")[0])


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute Hamming distances of codes (n, width) uint32."""
    different = np.ascontiguousarray(first ^ second)
    return np.unpackbits(different.view(np.uint8), axis=1).sum(axis=1, dtype=np.int64)

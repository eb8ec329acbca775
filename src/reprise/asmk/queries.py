"""Queries and parameters, checked before a search reads a posting, and the rankings that it returns."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from reprise.asmk import _kernels
from reprise.asmk.postings import Aggregated, as_bytes, as_integers, check_words, columns
from reprise.storage.arguments import count, number, quoted
from reprise.storage.errors import DataError

#: What the score of an image or of a query without any weighted word is: 0, or NaN as in the published code.
Undefined = Literal["zero", "nan"]
_UNDEFINED: tuple[Undefined, ...] = get_args(Undefined)


@dataclass(frozen=True)
class Rankings:
    """The images of the index ranked for each query, best first; equal scores in the order of their ids.

    Attributes:
        query_ids: (Q,) int64
        ranks: (Q, N or topk) int32, image ids
        scores: the same shape, float64, descending; nan, with ``undefined="nan"`` alone, is at the end of a row
    """

    query_ids: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray

    def __repr__(self) -> str:
        queries, images = self.ranks.shape
        return f"Rankings({queries} queries, {images} images each)"


def split_queries(
    queries: Aggregated, query_ids: np.ndarray | None, n_words: int, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check queries and find the rows of the result that they belong to.

    Args:
        queries: aggregated descriptors of any number of queries
        query_ids: (Q,) integers, the rows of the result; None for the ids in ``queries``
        n_words: number of words of the inverted file
        vectors: the vectors of the inverted file; those of the queries must have the same width and dtype

    Returns:
        the words of the queries (P,), the ids of the rows (Q,), and the first posting of each row and the one after its
        last, (Q, 2); all int64

    Raises:
        DataError: queries of other vectors or words, out of order, or with ids that are not in ``query_ids``
    """
    words, image_ids = columns(queries)
    if as_bytes(queries.vectors).shape[1] != as_bytes(vectors).shape[1] or queries.vectors.dtype != vectors.dtype:
        raise DataError(
            f"queries: vectors of {queries.vectors.dtype} x {queries.vectors.shape[1]}, the inverted file has "
            f"{vectors.dtype} x {vectors.shape[1]}; aggregate both alike"
        )
    if _kernels.first_disorder(words, image_ids) >= 0:
        raise DataError("queries: postings out of order; images have to ascend, and words within an image")
    check_words(words, n_words)
    present = image_ids[np.flatnonzero(np.diff(image_ids, prepend=-1))]
    ids = present if query_ids is None else as_integers(query_ids, "query_ids", (None,))
    if len(np.unique(ids)) != len(ids):
        raise DataError("query_ids: an id occurs more than once")
    if not np.isin(present, ids).all():
        raise DataError(f"query_ids: {present[~np.isin(present, ids)][0]} is missing, though it has descriptors")
    bounds = [np.searchsorted(image_ids, ids, side) for side in ("left", "right")]
    return words, ids, np.stack(bounds, axis=1)


def checked_kernel(alpha: float, threshold: float) -> tuple[float, float]:
    """Return exponent and threshold of the kernel as floats; errors as for :func:`kernel`."""
    alpha, threshold = number("alpha", alpha), number("threshold", threshold)
    if alpha < 0:
        raise DataError(f"alpha: {alpha} is negative, so that the least similar vectors would count most")
    if threshold < 0 and alpha != int(alpha):
        raise DataError(f"threshold: {threshold} lets negative similarities pass, which have no power {alpha}")
    return alpha, threshold


def kernel(vectors: np.ndarray, alpha: float, threshold: float) -> tuple:
    """Compute the parameters of the kernel in the form that the compiled function takes.

    Args:
        vectors: the vectors of the inverted file
        alpha: exponent of the selectivity function
        threshold: similarities of two vectors below it add nothing

    Returns:
        the powers of every Hamming distance (bits + 1,) float32 (None for real vectors), the largest distance that
        passes, threshold, alpha

    Raises:
        DataError: an exponent or a threshold with which some similarity has no power
    """
    alpha, threshold = checked_kernel(alpha, threshold)
    if vectors.dtype != np.uint32:
        return None, -1, threshold, alpha
    bits = 32 * vectors.shape[1]
    similarities = 1 - 2 * (np.arange(bits + 1) / bits).astype(np.float32)
    passing = similarities >= np.float32(threshold)
    powers = np.power(np.where(passing, similarities, 0), np.float32(alpha))
    return powers, int(np.count_nonzero(passing)) - 1, threshold, alpha


def checked_undefined(undefined: Undefined) -> Undefined:
    """Return what scores without a definition are; DataError for anything but "zero" and "nan"."""
    for name in _UNDEFINED:
        if isinstance(undefined, str) and undefined == name:
            return name
    raise DataError(f"undefined: {quoted(undefined)} is neither 'zero' nor 'nan'")


def divisors(norms: np.ndarray, undefined: Undefined) -> np.ndarray:
    """Compute what similarities are divided by: the roots of norms.

    Args:
        norms: (n,) floats, of images or of queries
        undefined: what a score is where the norm is 0: "zero", by dividing by infinity, or "nan", as published

    Returns:
        (n,) float64; the root is taken in the precision of ``norms``
    """
    roots = np.sqrt(norms).astype(np.float64, copy=False)
    if undefined == "zero":
        roots[roots == 0] = np.inf
    return roots


def query_norm(weights: np.ndarray | None, words: np.ndarray) -> float:
    """Sum the weights of a query's words, in single precision and one after the other, as published.

    Args:
        weights: (K,) float32 weights of all words, None for weights of one
        words: (P,) integers, the words of the query
    """
    return len(words) if weights is None else float(np.cumsum(weights[words], dtype=np.float32)[-1:].sum())


def checked_topk(topk: int | None, n_images: int) -> int:
    """Return the number of images to return, of ``n_images``; DataError where ``topk`` is no such number."""
    return n_images if topk is None else min(count("topk", topk, minimum=0), n_images)

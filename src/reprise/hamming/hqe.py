"""Hamming query expansion: the features of reliable images are merged into the query (Tolias and Jegou, 2014)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprise.asmk import _kernels as shared
from reprise.asmk.postings import as_integers, thread_count
from reprise.asmk.queries import Rankings, checked_topk
from reprise.geometry.back_projection import Selected
from reprise.hamming.hamming_index import HammingIndex
from reprise.hamming.settings import Expansion, Votes
from reprise.hamming.signatures import Signatures, bits_of, codes_of
from reprise.storage.errors import DataError

_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True)
class Expanded:
    """A query with one signature for each word.

    Attributes:
        signatures: of the query, words ascending; its own ones, several for a word, where no image is reliable
        reliable: (R,) int64 images, best first
        selected: (S,) int64, the words of reliable images that were merged, most frequent first
        means: (words, bits) float64, the share of merged signatures that have each bit set
    """

    signatures: Signatures
    reliable: np.ndarray
    selected: np.ndarray
    means: np.ndarray


def expand(
    index: HammingIndex, query: Signatures, votes: Votes | None = None, expansion: Expansion | None = None, *,
    verified: Selected | None = None,
) -> Expanded:  # fmt: skip
    """Expand one query by the reliable images of a first search.

    1. The first search counts matches without idf and without norms, with burst normalisation.
    2. Reliable are those of its first ``shortlist`` images that have ``least`` matches within ``strict`` bits.
    3. Words are sorted by the number of reliable images that have them, equal ones by their number, and taken in this
       order until floor(new_words * different words of the query) words that the query lacks have been taken.
    4. Of each word of the query and each taken word, the signatures of the query and, for taken words, of all reliable
       images are merged by the majority of each bit. A tie is drawn by a sequence without a seed: tie number l of the
       bits, row by row from 1, is set where the fraction of l times the golden ratio is above one half.

    Args:
        index: the database
        query: signatures of one query, those of several words of its features included
        votes: how matches are weighed: threshold and sigma are used
        expansion: the settings of these steps
        verified: images that are reliable because they were verified spatially, in place of steps 1 and 2, and those
            of their features that lie inside of the box of the query, which alone count in steps 3 and 4 (HQE-SP).
            Its rows are features of the database in the order of the images, as in the regions that were verified

    Raises:
        DataError: a query of other words or signatures, or of several queries
    """
    votes, expansion = votes or Votes(), expansion or Expansion()
    if len(query) and query.image_ids[0] != query.image_ids[-1]:
        raise DataError("query: holds features of several queries; expand them one after the other")
    reliable = reliable_images(index, query, votes, expansion) if verified is None else verified.images
    if not len(reliable):
        none = np.zeros(0, np.int64)
        return Expanded(query, reliable, none, np.zeros((0, index.bits)))
    if verified is None:
        words, codes, place = index.features(reliable)
    else:
        (words, codes), place = index.at(verified.rows), verified.image_of
    selected = select_words(np.unique(query.words), words, place, index.n_words, expansion.new_words)
    kept = np.isin(words, selected)
    merged, means = _merge(np.concatenate([query.words, words[kept]]), np.concatenate([query.codes, codes[kept]]))
    signatures = Signatures(merged, _majority(means), np.full(len(merged), query.image_ids[0]))
    return Expanded(signatures, reliable, selected, means)


def reliable_images(index: HammingIndex, query: Signatures, votes: Votes, expansion: Expansion) -> np.ndarray:
    """Find the reliable images of a query, steps 1 and 2 of :func:`expand`: (R,) int64, best first."""
    first = votes.model_copy(update={"idf": False, "normalise": False, "burst": True})
    scores, strong = index.scores(query, first, strict=expansion.strict)
    if not len(scores):
        return np.zeros(0, np.int64)
    best = np.argsort(-scores[0], kind="stable")[: expansion.shortlist]
    return best[strong[0, best] >= expansion.least]


def select_words(
    query_words: np.ndarray, words: np.ndarray, image_of: np.ndarray, n_words: int, new_words: float
) -> np.ndarray:
    """Select the words of reliable images that are merged, step 3 of :func:`expand`.

    Args:
        query_words: (n,) the different words of the query
        words: (F,) the words of the features of the reliable images
        image_of: (F,) the image of each
        n_words: number of visual words
        new_words: words that the query lacks, as a share of its own

    Returns:
        (S,) int64, most frequent first
    """
    pairs = np.sort(image_of * n_words + words)
    histogram = np.bincount(pairs[np.diff(pairs, prepend=-1) > 0] % n_words, minlength=n_words)
    order = np.argsort(-histogram, kind="stable")[: np.count_nonzero(histogram)]
    new = np.cumsum(~np.isin(order, query_words))
    wanted = int(new_words * len(query_words))
    if wanted == 0:
        return order[:0]
    return order[: int(np.searchsorted(new, wanted)) + 1]


def search_expanded(
    index: HammingIndex,
    queries: Signatures,
    votes: Votes | None = None,
    expansion: Expansion | None = None,
    *,
    verified: Mapping[int, Selected] | None = None,
    query_ids: np.ndarray | None = None,
    topk: int | None = None,
    threads: int | None = None,
) -> Rankings:
    """Rank the images for every query by Hamming query expansion.

    The expanded query is searched with the weights of ``votes``: one signature for each word, matches weighed by idf^2,
    burst normalisation, norms. A query without reliable images keeps the scores of its first search, which are
    without idf, divided by the norms; this is what the published program does.

    Args:
        index: the database
        queries: signatures of any number of queries
        votes: how matches are weighed; the published settings if None
        expansion: the settings of the expansion; the published ones if None
        verified: query id -> its verified images, see :func:`expand`; None: those of a first search are reliable
        query_ids: (Q,) integers, the rows of the result; those with features if None
        topk: number of images to return, all of them if None or larger
        threads: number of threads; default: OMP_NUM_THREADS, else all cores

    Returns:
        rankings (Q, N or topk)

    Raises:
        DataError: as :meth:`HammingIndex.search`
    """
    votes, topk = votes or Votes(), checked_topk(topk, index.n_images)
    queries.check(index.n_words, index.bits, "queries")
    ids = np.unique(queries.image_ids) if query_ids is None else as_integers(query_ids, "query_ids", (None,))
    result = Rankings(ids, np.empty((len(ids), topk), np.int32), np.empty((len(ids), topk)))
    without_idf = votes.model_copy(update={"idf": False})
    for row, query in enumerate(ids):
        selected = None if verified is None else verified[int(query)]
        expanded = expand(index, queries.of(query), votes, expansion, verified=selected)
        weights = votes if len(expanded.reliable) else without_idf
        scores, _ = index.scores(expanded.signatures, weights, query_ids=np.array([query]), threads=threads)
        here = slice(row, row + 1)
        shared.rank(scores, result.ranks[here], result.scores[here], thread_count(threads))
    return result


def _merge(words: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different words, ascending, and the share of their signatures that have each bit set."""
    order = np.argsort(words, kind="stable")
    unique, starts, counts = np.unique(words[order], return_index=True, return_counts=True)
    sums = np.add.reduceat(bits_of(codes[order]), starts, axis=0, dtype=np.int64)
    return unique, sums / counts[:, None]


def _majority(means: np.ndarray) -> np.ndarray:
    """Return codes of the bits whose share (n, bits) is above one half, with ties drawn as :func:`expand` says."""
    places = np.arange(1, means.size + 1).reshape(means.shape)
    drawn = places * _GOLDEN_RATIO % 1.0 > 0.5
    return codes_of(np.where(means == 0.5, drawn, means > 0.5))

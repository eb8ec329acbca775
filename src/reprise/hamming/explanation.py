"""Why an image has its score for a query of Hamming embedding: what each visual word, and each match, gives of it."""

import numpy as np

from reprise.asmk.shares import Explanation, Pairs, Shares, largest_first
from reprise.hamming.hamming_index import HammingIndex
from reprise.hamming.settings import Votes
from reprise.hamming.signatures import Signatures
from reprise.storage.errors import DataError


def explain(
    index: HammingIndex, image_id: int, query: Signatures, votes: Votes | None = None, *, assignments: int = 1
) -> Explanation:
    """Divide the score of a query and an image among visual words, among matches, and among the features of both.

    A match is a pair of a signature of the query and one of the image, of the same word and near each other. It gives
    its vote of :meth:`HammingIndex.scores`; with burst normalisation, divided by the root of the number of matches of
    the same signature of the query in the image. A word gives the sum of its matches.

    Source: the score is that of Jegou, Douze, Schmid, ECCV 2008, with the weights of Tolias and Jegou, Pattern
    Recognition 2014.

    Args:
        index: the signatures of the database
        image_id: the image in the index
        query: signatures of one query
        votes: how matches are weighed; the published settings if None
        assignments: number of signatures of each feature of the query, one after the other, as
            :meth:`HammingEmbedding.encode` gives them

    Returns:
        the explanation, with the matches as ``pairs``; features of the image are numbered as in the index. Where the
        score is not defined, it is nan, and so are the contributions

    Raises:
        DataError: a query of other words or signatures or several queries, or an image that is not in the index
    """
    votes = votes or Votes()
    if not 0 <= image_id < index.n_images:
        raise DataError(f"image_id: is {image_id}, and the index has {index.n_images} images")
    if len(query) and query.image_ids[0] != query.image_ids[-1]:
        raise DataError("query: holds features of several queries; explain them one after the other")
    query.check(index.n_words, index.bits, "query")
    entries, features, distances = _matches(index, image_id, query, votes.threshold)
    counts = np.bincount(entries, minlength=len(query))[entries]
    words = query.words[entries]
    given = np.exp(-((distances / votes.sigma) ** 2)) / np.sqrt(counts if votes.burst else 1)
    given *= index.idf[words] ** 2 if votes.idf else 1.0
    if votes.normalise:
        norm = index.norms[image_id]
        given = np.where(given != 0, np.nan, 0.0) if norm == 0 else given / norm
    different, places = np.unique(words, return_inverse=True)
    sums = np.bincount(places, given, len(different))
    order = largest_first(sums)
    rank = np.full(len(different), -1)
    rank[order] = np.arange(len(order))
    kept = rank[places] >= 0
    pairs = Pairs(entries[kept] // assignments, features[kept], rank[places][kept], given[kept])
    return Explanation(
        float(given.sum()),
        different[order],
        sums[order],
        _shares(pairs.query, pairs.words, pairs.contributions),
        _shares(pairs.image, pairs.words, pairs.contributions),
        pairs,
    )


def _matches(
    index: HammingIndex, image: int, query: Signatures, threshold: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the matches of a query in an image: the entry of the query, the feature of the image, their distance."""
    words, codes, _ = index.features(np.array([image]))
    order = np.argsort(words, kind="stable")
    first, last = (np.searchsorted(words[order], query.words, side) for side in ("left", "right"))
    counts = last - first
    entries = np.repeat(np.arange(len(query)), counts)
    features = order[np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)]
    different = np.ascontiguousarray(query.codes[entries] ^ codes[features])
    distances = np.unpackbits(different.view(np.uint8), axis=1).sum(axis=1, dtype=np.int64)
    near = distances <= threshold
    return entries[near], features[near], distances[near]


def _shares(features: np.ndarray, words: np.ndarray, contributions: np.ndarray) -> Shares:
    """Sum the matches of each feature and word."""
    keys = np.stack([words, features])
    unique, places = np.unique(keys, axis=1, return_inverse=True)
    return Shares(unique[1], unique[0], np.bincount(places.ravel(), contributions, unique.shape[1]))

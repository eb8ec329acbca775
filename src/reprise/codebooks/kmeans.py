"""K-means: exact by faiss, or with an approximate index for the assignment in each iteration."""

import heapq

import faiss
import numpy as np
from tqdm import tqdm

from reprise.codebooks.approximate import ApproximateIndex
from reprise.codebooks.descriptors import BLOCK, blocks
from reprise.codebooks.exact import flat_index
from reprise.storage.arguments import count

#: faiss takes iterations and seeds as C's int, and adds one to the seed.
LARGEST_INT = 2**31 - 1

#: faiss draws the first centroids with the seed of the training plus one.
_FIRST_CENTROIDS = 1

#: Relative difference of the two halves of a word that is split.
_SPLIT = np.float32(1 / 1024)


def sample_rows(n: int, size: int, seed: int = 1234, per_centroid: int = 256) -> np.ndarray | None:
    """Draw the rows of ``n`` descriptors that the training of a codebook uses.

    Training on these rows alone gives the same codebook to the last bit, so that no other row has to be read from disk.

    Args:
        n: number of descriptors
        size: number of visual words
        seed: seed of the training
        per_centroid: number of descriptors for each word, at most

    Returns:
        the rows in the order of the draw, (size * per_centroid,) int64; None where all rows are used
    """
    n, size = count("n", n, minimum=0), count("codebook size", size)
    per_centroid = count("per_centroid", per_centroid)
    seed = count("seed", seed, minimum=-LARGEST_INT, maximum=LARGEST_INT - 1)
    if n <= size * per_centroid:
        return None
    return _permutation(n, seed)[: size * per_centroid].astype(np.int64)


def train_exact(descriptors: np.ndarray, size: int, *, iterations: int, seed: int, device: str) -> np.ndarray:
    """Run Lloyd's algorithm of faiss.

    Args:
        descriptors: (n, D) float32, contiguous
        size: number K of centroids
        iterations: number of iterations
        seed: seed of the sample and of the first centroids
        device: "cpu", "cuda", "cuda:N" or "auto"

    Returns:
        (K, D) float32 centroids
    """
    clustering = faiss.Clustering(descriptors.shape[1], size)
    clustering.niter = iterations
    clustering.seed = seed
    clustering.train(descriptors, flat_index(descriptors.shape[1], device))
    return faiss.vector_to_array(clustering.centroids).reshape(size, -1)


def train_approximate(descriptors: np.ndarray, size: int, *, iterations: int, seed: int) -> np.ndarray:
    """Run Lloyd's algorithm with an approximate index, from the same rows and first centroids as :func:`train_exact`.

    The index is built anew in each iteration, from the centroids of that iteration.

    Args:
        descriptors: (n, D) float32, contiguous
        size: number K of centroids
        iterations: number of iterations
        seed: seed of the sample and of the first centroids

    Returns:
        (K, D) float32 centroids
    """
    rows = sample_rows(len(descriptors), size, seed)
    if rows is not None:
        descriptors = descriptors[rows]
    centroids = descriptors[_permutation(len(descriptors), seed + _FIRST_CENTROIDS)[:size]]
    words = np.empty((len(descriptors), 1), np.int64)
    for _ in tqdm(range(iterations), unit="iteration", mininterval=1.0):
        index = ApproximateIndex.build(centroids)
        for start, stop in blocks(len(descriptors)):
            index.search(descriptors[start:stop], words[start:stop])
        centroids = _means(descriptors, words[:, 0], centroids)
    return centroids


def _means(descriptors: np.ndarray, words: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Compute the mean of each word's descriptors; words without any are split off those with the most."""
    counts = np.bincount(words, minlength=len(centroids))
    order = np.argsort(words, kind="stable")
    sums = np.zeros_like(centroids)
    for start in range(0, len(order), BLOCK):
        rows = order[start : start + BLOCK]
        found, firsts = np.unique(words[rows], return_index=True)
        sums[found] += np.add.reduceat(descriptors[rows], firsts, axis=0)
    means = sums / np.maximum(counts, 1).astype(np.float32)[:, None]
    _split_largest(means, counts)
    return means


def _split_largest(means: np.ndarray, counts: np.ndarray) -> None:
    """Give each word without descriptors, in ``means``, half of the word that has the most at this moment."""
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return
    waiting = [(-count, word) for word, count in enumerate(counts.tolist()) if count > 1]
    heapq.heapify(waiting)
    tilt = np.where(np.arange(means.shape[1]) % 2, 1 - _SPLIT, 1 + _SPLIT).astype(np.float32)
    for word in empty.tolist():
        # A word with several descriptors always exists, since there are at least as many descriptors as words.
        negative, largest = heapq.heappop(waiting)
        half = -negative // 2
        for size, which in ((half, word), (-negative - half, largest)):
            if size > 1:
                heapq.heappush(waiting, (-size, which))
        means[word] = means[largest] * tilt
        means[largest] *= 2 - tilt


def _permutation(n: int, seed: int) -> np.ndarray:
    """Compute the permutation of ``n`` rows that faiss draws with ``seed``: (n,) int32."""
    permutation = np.empty(n, np.int32)
    faiss.rand_perm(faiss.swig_ptr(permutation), n, seed)  # type: ignore[attr-defined]
    return permutation

"""Aggregation of the descriptors of an image, word by word."""

import numpy as np

from reprise.asmk import _kernels
from reprise.asmk.postings import Aggregated, as_integers, thread_count
from reprise.codebooks.codebook import Codebook
from reprise.codebooks.descriptors import as_descriptors
from reprise.storage.arguments import array, flag
from reprise.storage.errors import DataError


def aggregate(
    descriptors: np.ndarray,
    words: np.ndarray,
    image_ids: np.ndarray,
    codebook: Codebook,
    *,
    binary: bool = True,
    threads: int | None = None,
) -> Aggregated:
    """Sum the residuals of each image's descriptors to each of its visual words.

    The residuals are summed in float32 in the order of the descriptors; they are not normalised one by one. A bit is
    set for sums above zero. The result does not depend on ``threads``.

    Source: Tolias, Avrithis, Jegou, "To aggregate or not to aggregate", ICCV 2013, with the binarization
    of Tolias, Jenicek, Chum, "Learning and aggregating deep local descriptors", ECCV 2020: signs without
    rotation or median thresholds.

    Args:
        descriptors: (n, D) float32; other dtypes and layouts are copied
        words: (n,) or (n, assignments) integers, as from :meth:`Codebook.assign`
        image_ids: (n,) integers, ascending, not negative
        codebook: the words that the residuals are taken to, those of descriptors as they are
        binary: keep the signs of the sums (ASMK*), or the sums divided by (their L2 norm + 1e-6)
        threads: number of threads; default: OMP_NUM_THREADS, else all cores

    Returns:
        one vector for each word of each image; images without descriptors are absent

    Raises:
        DataError: (a ValueError) input that does not fit
    """
    n_threads, binary = thread_count(threads), flag("binary", binary)
    if codebook.mean is not None:
        raise DataError("codebook: is centred, and residuals are those of descriptors as they are; train it without")
    descriptors = as_descriptors(descriptors, codebook.dim)
    words = array("words", words)
    words = as_integers(words[:, None] if words.ndim == 1 else words, "words", (len(descriptors), None))
    image_ids = as_integers(image_ids, "image_ids", (len(descriptors),))
    if words.size and (words.min() < 0 or words.max() >= codebook.size):
        raise DataError(
            f"words: {words.min()} to {words.max()} do not fit a codebook of {codebook.size} words; "
            "assign the descriptors with this codebook"
        )
    steps = np.diff(image_ids)
    if (steps < 0).any() or (len(image_ids) and image_ids[0] < 0):
        row = int((steps < 0).argmax()) + 1 if (steps < 0).any() else 0
        raise DataError(
            f"image_ids: {image_ids[row]} in row {row} is negative or below its predecessor; "
            "sort the descriptors by image"
        )
    if words.shape[1] == 0:
        raise DataError("words: at least one assignment for each descriptor is needed")
    starts = np.concatenate([[0], np.flatnonzero(steps) + 1, [len(image_ids)]]) if len(image_ids) else np.zeros(1, int)
    vectors, out_words, counts = _kernels.aggregate(
        descriptors, words, starts.astype(np.int64), codebook.centroids, binary, n_threads
    )
    return Aggregated(vectors, out_words, np.repeat(image_ids[starts[:-1]], counts))

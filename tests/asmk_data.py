"""Postings for tests of inverted files."""

import numpy as np

from reprise.asmk import Aggregated


def random_aggregated(random, n_images, n_words, width, binary, max_words=6):
    """Postings of images, some of them without any, but not the last."""
    counts = random.integers(0, min(max_words, n_words) + 1, n_images)
    counts[-1] = max(counts[-1], 1)
    lists = [np.sort(random.choice(n_words, count, replace=False)) for count in counts]
    words = np.concatenate([*lists, np.zeros(0, int)]).astype(np.int64)
    ids = np.repeat(np.arange(n_images), [len(words) for words in lists])
    if binary:
        # Few different codes, so that all distances occur.
        vectors = random.integers(0, 2**32, (4, width), dtype=np.uint32)[random.integers(0, 4, len(words))]
        vectors[random.random(len(words)) < 0.3, 0] ^= 0xFF00
    else:
        vectors = random.standard_normal((len(words), width)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Aggregated(vectors, words, ids)


def split(aggregated, *places):
    """The postings in sets that begin with the images ``places``."""
    rows = np.split(np.arange(len(aggregated)), np.searchsorted(aggregated.image_ids, places))
    return [Aggregated(aggregated.vectors[r], aggregated.words[r], aggregated.image_ids[r]) for r in rows]


def select(aggregated, images, first=0):
    """The postings of a range of images, whose ids then count from ``first``."""
    rows = (aggregated.image_ids >= images.start) & (aggregated.image_ids < images.stop)
    ids = aggregated.image_ids[rows] - images.start + first
    return Aggregated(aggregated.vectors[rows], aggregated.words[rows], ids)

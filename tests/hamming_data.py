"""Words and codes of the published program of Hamming query expansion."""

import numpy as np

from reprise.hamming import Signatures


def signatures(published, name, counts):
    """The signatures ``name`` of images with ``counts`` features."""
    words, codes = published[f"{name}_words"].astype(np.int64), published[f"{name}_codes"]
    ids = np.repeat(np.arange(len(counts)), counts)
    ids = np.repeat(ids, words.shape[1]) if words.ndim == 2 else ids
    return Signatures(words.ravel(), codes.reshape(-1, codes.shape[-1]).view("<u8").astype(np.uint64), ids)


def query_of(published, number):
    """The signatures of a query, three for each of its 30 features."""
    return signatures(published, f"query{number}", [30])

# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""Threads over the inner loops of scan.h.

The callers have checked shapes, dtypes and ranges: nothing here does. Every query is worked on by one thread in a fixed
order, so that results do not depend on ``threads``.
"""

from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

import numpy as np

cdef extern from *:
    const char *REPRISE_SOURCES

# The sha256 of this file, the headers beside it and the shared ones when they were compiled.
SOURCES = REPRISE_SOURCES.decode()

cdef extern from "scan.h" nogil:
    ctypedef struct signature_view:
        const int64_t *offsets
        const uint32_t *image_ids
        const uint64_t *codes
        int64_t numbers
        int64_t n_images

    int score_signatures(const signature_view *index, const int64_t *words, const uint64_t *codes,
                         const double *weights, int64_t n, int threshold, int strict, const double *values, int burst,
                         double *scores, int32_t *strong)
    int64_t match_signature(const signature_view *index, const uint64_t *code, int64_t begin, int64_t end,
                            int threshold, int64_t *postings, int32_t *distances)


cdef class View:
    """The arrays of an inverted file of signatures."""

    cdef signature_view c
    cdef object keep

    def __init__(self, const int64_t[::1] offsets, const uint32_t[::1] image_ids, const uint64_t[:, ::1] codes,
                 int64_t n_images):
        self.keep = (offsets, image_ids, codes)
        self.c.offsets = &offsets[0]
        self.c.image_ids = &image_ids[0] if image_ids.shape[0] else NULL
        self.c.codes = &codes[0, 0] if codes.shape[0] else NULL
        self.c.numbers = codes.shape[1]
        self.c.n_images = n_images


def score(View view, const int64_t[::1] words, const uint64_t[:, ::1] codes, const double[::1] weights,
          const int64_t[:, ::1] bounds, int threshold, int strict, const double[::1] values, bint burst,
          double[:, ::1] scores, int32_t[:, ::1] strong, int threads):
    """Add to scores[i] and strong[i], zeros so far, the matches of query i: words[bounds[i, 0]:bounds[i, 1]].

    Returns False if the inverted file is damaged.
    """
    cdef int64_t query, begin
    cdef int failed = 0
    if scores.shape[0] == 0 or scores.shape[1] == 0 or words.shape[0] == 0:
        return True
    threads = min(threads, scores.shape[0])
    for query in prange(scores.shape[0], nogil=True, num_threads=threads, schedule="dynamic"):
        begin = bounds[query, 0]
        if bounds[query, 1] > begin:
            failed += score_signatures(&view.c, &words[begin], &codes[begin, 0], &weights[begin],
                                       bounds[query, 1] - begin, threshold, strict, &values[0], burst,
                                       &scores[query, 0], &strong[query, 0])
    return failed == 0


def match(View view, const int64_t[::1] words, const uint64_t[:, ::1] codes, int threshold, int threads):
    """The matches of every signature: how many there are of each, their postings and distances."""
    cdef int64_t n = words.shape[0], i
    counts = np.zeros(n, np.int64)
    cdef int64_t[::1] count = counts
    if n == 0:
        return counts, np.empty(0, np.int64), np.empty(0, np.int32)
    threads = max(1, min(threads, n))
    for i in prange(n, nogil=True, num_threads=threads, schedule="dynamic", chunksize=64):
        count[i] = match_signature(&view.c, &codes[i, 0], view.c.offsets[words[i]], view.c.offsets[words[i] + 1],
                                   threshold, NULL, NULL)
    starts = np.concatenate([[0], np.cumsum(counts)])
    cdef const int64_t[::1] start = starts
    # One entry too many, so that there always is an address to write to.
    postings, distances = np.empty(starts[n] + 1, np.int64), np.empty(starts[n] + 1, np.int32)
    cdef int64_t[::1] posting = postings
    cdef int32_t[::1] distance = distances
    for i in prange(n, nogil=True, num_threads=threads, schedule="dynamic", chunksize=64):
        match_signature(&view.c, &codes[i, 0], view.c.offsets[words[i]], view.c.offsets[words[i] + 1], threshold,
                        &posting[start[i]], &distance[start[i]])
    return counts, postings[:starts[n]], distances[:starts[n]]

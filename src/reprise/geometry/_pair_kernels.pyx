# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""Threads over the inner loops of tentatives.h and verification.h.

The callers have checked shapes, dtypes and ranges: nothing here does. Every pair of images is worked on by one thread
in a fixed order, so that results do not depend on ``threads``.
"""

from cython.parallel cimport prange, threadid
from libc.stdint cimport int32_t, int64_t
cimport openmp

import numpy as np

cdef extern from *:
    const char *REPRISE_SOURCES

# The sha256 of this file, the headers beside it and the shared ones when they were compiled.
SOURCES = REPRISE_SOURCES.decode()

cdef extern from "tentatives.h" nogil:
    int64_t match_words(const int64_t *query_words, const int32_t *query_order, int64_t n_query, const int64_t *words,
                        const int32_t *order, int64_t n, int64_t most, int64_t limit, int32_t *groups, int32_t *pairs)

cdef extern from "verification.h" nogil:
    ctypedef struct verification:
        double threshold
        double scale_ratio
        int64_t optimised
        int64_t iterations

    ctypedef struct workspace:
        double *qx
        double *qy
        double *dx
        double *dy
        double *ratios
        double *residuals
        int64_t *counts
        int64_t *order
        int64_t *inliers
        int32_t *query_uses
        int32_t *database_uses

    ctypedef struct keyed:
        double key
        int64_t index

    int64_t verify_pair(workspace *w, const verification *v, const double *query_points, const double *query_frames,
                        const double *database_points, const double *database_frames, const int32_t *pairs, int64_t n,
                        double *model, keyed *spare)
    enum: MOST_OPTIMISED


#: The largest number of hypotheses that can be optimised.
LIMIT_OPTIMISED = MOST_OPTIMISED


def max_threads():
    """The number of threads that OpenMP would start here; follows OMP_NUM_THREADS."""
    return openmp.omp_get_max_threads()


def word_pairs(const int64_t[::1] query_words, const int32_t[::1] query_order, const int64_t[::1] words,
               const int32_t[::1] order, const int64_t[:, ::1] bounds, int64_t most, int64_t limit, int threads):
    """The tentative correspondences of a query and the images words[bounds[i, 0]:bounds[i, 1]].

    Returns the number of each image, and rows of ``limit`` pairs.
    """
    cdef int64_t n = bounds.shape[0], n_query = query_words.shape[0], i
    counts = np.zeros(n, np.int64)
    pairs = np.empty((n, limit, 2), np.int32)
    cdef int64_t[::1] count = counts
    cdef int32_t[:, :, ::1] pair = pairs
    if n == 0 or n_query == 0 or words.shape[0] == 0:
        return counts, pairs
    threads = min(threads, n)
    cdef int32_t[:, ::1] groups = np.empty((threads, 4 * n_query), np.int32)
    for i in prange(n, nogil=True, num_threads=threads, schedule="dynamic"):
        if bounds[i, 1] > bounds[i, 0]:
            count[i] = match_words(&query_words[0], &query_order[0], n_query, &words[bounds[i, 0]],
                                   &order[bounds[i, 0]], bounds[i, 1] - bounds[i, 0], most, limit,
                                   &groups[threadid(), 0], &pair[i, 0, 0])
    return counts, pairs


def verify(const double[:, ::1] query_points, const double[:, :, ::1] query_frames, const double[:, ::1] points,
           const double[:, :, ::1] frames, const int64_t[:, ::1] bounds, const int32_t[:, ::1] pairs,
           const int64_t[::1] starts, double threshold, double scale_ratio, int64_t optimised, int64_t iterations,
           bint with_inliers, int threads):
    """Verify a query and the images points[bounds[i, 0]:bounds[i, 1]], with pairs[starts[i]:starts[i + 1]].

    Returns the number of inliers of each image, the transforms and, with ``with_inliers``, a mark for each pair.
    """
    cdef int64_t n = bounds.shape[0], i, k, count, most, n_images
    cdef int worker
    cdef verification v
    scores, models = np.zeros(n, np.int32), np.full((n, 2, 3), np.nan)
    marks = np.zeros(pairs.shape[0] if with_inliers else 0, np.uint8)
    cdef int32_t[::1] score = scores
    cdef double[:, :, ::1] model = models
    cdef unsigned char[::1] mark = marks
    if n == 0 or pairs.shape[0] == 0:
        return scores, models, marks
    v.threshold, v.scale_ratio = threshold * threshold, scale_ratio
    v.optimised, v.iterations = optimised, iterations
    most, n_images = int(np.diff(starts).max()), int(np.diff(bounds, axis=1).max())
    threads = min(threads, n)
    cdef double[:, :, ::1] reals = np.empty((threads, 6, most))
    cdef int64_t[:, :, ::1] integers = np.empty((threads, 3, most), np.int64)
    cdef int32_t[:, ::1] query_uses = np.zeros((threads, query_points.shape[0]), np.int32)
    cdef int32_t[:, ::1] uses = np.zeros((threads, n_images), np.int32)
    cdef double[:, ::1] spare = np.empty((threads, 2 * most))
    cdef workspace[64] spaces
    threads = min(threads, 64)
    for worker in range(threads):
        spaces[worker].qx, spaces[worker].qy = &reals[worker, 0, 0], &reals[worker, 1, 0]
        spaces[worker].dx, spaces[worker].dy = &reals[worker, 2, 0], &reals[worker, 3, 0]
        spaces[worker].ratios, spaces[worker].residuals = &reals[worker, 4, 0], &reals[worker, 5, 0]
        spaces[worker].counts, spaces[worker].order = &integers[worker, 0, 0], &integers[worker, 1, 0]
        spaces[worker].inliers = &integers[worker, 2, 0]
        spaces[worker].query_uses, spaces[worker].database_uses = &query_uses[worker, 0], &uses[worker, 0]
    for i in prange(n, nogil=True, num_threads=threads, schedule="dynamic"):
        if starts[i + 1] > starts[i]:
            worker = threadid()
            count = verify_pair(&spaces[worker], &v, &query_points[0, 0], &query_frames[0, 0, 0],
                                &points[bounds[i, 0], 0], &frames[bounds[i, 0], 0, 0], &pairs[starts[i], 0],
                                starts[i + 1] - starts[i], &model[i, 0, 0], <keyed *>&spare[worker, 0])
            score[i] = <int32_t>count
            if with_inliers:
                for k in range(count):
                    mark[starts[i] + spaces[worker].inliers[k]] = 1
    return scores, models, marks

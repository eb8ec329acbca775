# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""Threads over the inner loops of sift.h.

The callers have checked shapes, dtypes and ranges: nothing here does. Every patch is worked on by one thread, so that
results do not depend on ``threads``.
"""

from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t
cimport openmp

import numpy as np

cdef extern from *:
    const char *REPRISE_SOURCES

# The sha256 of this file, the headers beside it and the shared ones when they were compiled.
SOURCES = REPRISE_SOURCES.decode()

cdef extern from "sift.h" nogil:
    enum: LENGTH
    void describe_patch(const float *patch, int64_t size, const float *weights, float *work, float *out)

DIM = LENGTH


def max_threads():
    """The number of threads that OpenMP would start here; follows OMP_NUM_THREADS."""
    return openmp.omp_get_max_threads()


def sift(const float[:, :, ::1] patches, const float[:, ::1] weights, int threads):
    """SIFT (N, 128) float32 of patches (N, S, S), whole numbers from 0 to 255."""
    cdef int64_t n = patches.shape[0], size = patches.shape[1], row
    result = np.empty((n, LENGTH), np.float32)
    memory = np.empty((threads, size * size), np.float32)
    cdef float[:, ::1] out = result
    cdef float[:, ::1] work = memory
    for row in prange(n, nogil=True, num_threads=threads, schedule="static"):
        describe_patch(&patches[row, 0, 0], size, &weights[0, 0], &work[threadid(), 0], &out[row, 0])
    return result

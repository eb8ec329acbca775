# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""Threads over the inner loops of adaptation.h and patches.h.

The callers have checked shapes, dtypes and ranges: nothing here does. Every keypoint is worked on by one thread, so that
results do not depend on ``threads``. Coordinates are those of OpenCV: the centre of the first pixel is (0, 0).
"""

from cython.parallel cimport prange, threadid
from libc.stdint cimport int32_t, int64_t
cimport openmp

import numpy as np

cdef extern from *:
    const char *REPRISE_SOURCES

# The sha256 of this file, the headers beside it and the shared ones when they were compiled.
SOURCES = REPRISE_SOURCES.decode()

cdef extern from "adaptation.h" nogil:
    enum: LARGEST_WINDOW
    ctypedef struct image_view:
        const float *pixels
        int64_t height
        int64_t width
    ctypedef struct adaptation:
        int window
        const double *weights
        int iterations
        double convergence
        double anisotropy
    int adapt_shape(const image_view *image, float x, float y, float step, const adaptation *how, double *shape)

cdef extern from "patches.h" nogil:
    enum: LARGEST_PATCH
    int64_t patch_work(int64_t half, int64_t size)
    void cut_patch(const image_view *image, float x, float y, const float *frame, int64_t half, int64_t size,
                   float *work, float *patch)

MAX_WINDOW = LARGEST_WINDOW
MAX_PATCH = LARGEST_PATCH


def max_threads():
    """The number of threads that OpenMP would start here; follows OMP_NUM_THREADS."""
    return openmp.omp_get_max_threads()


cdef image_view view(const float[:, ::1] image) noexcept:
    cdef image_view result
    result.pixels = &image[0, 0]
    result.height = image.shape[0]
    result.width = image.shape[1]
    return result


def adapt_shapes(const float[:, ::1] image, const float[:, ::1] points, const float[::1] steps,
                 const double[:, ::1] weights, int iterations, double convergence, double anisotropy, int threads):
    """Shapes (N, 2, 2) float64 of points (N, 2), and the iteration (N,) int32 that converged, or -1."""
    cdef int64_t n = points.shape[0], row
    cdef image_view pixels = view(image)
    cdef adaptation how
    how.window = weights.shape[0]
    how.weights = &weights[0, 0]
    how.iterations = iterations
    how.convergence = convergence
    how.anisotropy = anisotropy
    shapes = np.empty((n, 2, 2))
    converged = np.empty(n, np.int32)
    cdef double[:, :, ::1] shape = shapes
    cdef int32_t[::1] iteration = converged
    for row in prange(n, nogil=True, num_threads=threads, schedule="dynamic", chunksize=8):
        iteration[row] = adapt_shape(&pixels, points[row, 0], points[row, 1], steps[row], &how, &shape[row, 0, 0])
    return shapes, converged


def cut_patches(const float[:, ::1] image, const float[:, ::1] points, const float[:, :, ::1] frames,
                const int64_t[::1] halves, int64_t size, int threads):
    """Patches (N, size, size) float32 of the regions with frames (N, 2, 2) of determinant 1 and half sides (N,)."""
    cdef int64_t n = points.shape[0], row
    cdef image_view pixels = view(image)
    patches = np.empty((n, size, size), np.float32)
    memory = np.empty((threads, patch_work(max(halves, default=0), size)), np.float32)
    cdef float[:, :, ::1] out = patches
    cdef float[:, ::1] work = memory
    for row in prange(n, nogil=True, num_threads=threads, schedule="dynamic", chunksize=8):
        cut_patch(&pixels, points[row, 0], points[row, 1], &frames[row, 0, 0], halves[row], size,
                  &work[threadid(), 0], &out[row, 0, 0])
    return patches

# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""The inner loops of extrema.h, over one level of a scale space.

The callers have checked shapes, dtypes and ranges: nothing here does. Coordinates are pixels of the level, the centre of
the first at (0, 0).
"""

from libc.stdint cimport int64_t, uint8_t

import numpy as np

cdef extern from *:
    const char *REPRISE_SOURCES

# The sha256 of this file, the headers beside it and the shared ones when they were compiled.
SOURCES = REPRISE_SOURCES.decode()

cdef extern from "extrema.h" nogil:
    ctypedef struct responses:
        const float *low
        const float *middle
        const float *high
        int64_t height
        int64_t width
    ctypedef struct extrema_rule:
        double threshold
        double edge_score
        int border
    void hessian_responses(const float *level, int64_t height, int64_t width, float factor, float *out)
    int64_t find_candidates(const responses *at, const extrema_rule *rule, int64_t *places, int64_t room)
    int localise(const responses *at, int64_t row, int64_t column, const extrema_rule *rule, uint8_t *taken,
                 double *point)


def hessian(const float[:, ::1] level, float factor):
    """Determinants of the Hessian times ``factor``: (H, W) float32, 0 at the border."""
    result = np.empty((level.shape[0], level.shape[1]), np.float32)
    cdef float[:, ::1] out = result
    hessian_responses(&level[0, 0], level.shape[0], level.shape[1], factor, &out[0, 0])
    return result


def extrema(const float[:, ::1] low, const float[:, ::1] middle, const float[:, ::1] high, double threshold,
            double edge_score, int border, uint8_t[:, ::1] taken):
    """Localised extrema (n, 4) float64: x, y, offset of the scale in levels, response; and the number of candidates.

    ``taken`` (H, W) marks the pixels of extrema, at which there is no second one; it is changed.
    """
    cdef responses at
    at.low, at.middle, at.high = &low[0, 0], &middle[0, 0], &high[0, 0]
    at.height, at.width = middle.shape[0], middle.shape[1]
    cdef extrema_rule rule
    rule.threshold, rule.edge_score, rule.border = threshold, edge_score, border
    cdef int64_t count = 1024, room, row, kept = 0
    candidates = np.empty(0, np.int64)
    cdef int64_t[::1] places = candidates
    while count > places.shape[0]:
        room = count
        places = np.empty(room, np.int64)
        count = find_candidates(&at, &rule, &places[0], room)
    points = np.empty((max(count, 1), 4))
    cdef double[:, ::1] point = points
    for row in range(count):
        kept += localise(&at, places[row] // at.width, places[row] % at.width, &rule, &taken[0, 0], &point[kept, 0])
    return points[:kept], count

# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""Threads over the inner loops of aggregation.h, search.h and ranking.h.

The callers have checked shapes, dtypes and the ranges of words and offsets. What a damaged or changed file can still
get wrong, image ids and the sizes of lists, is checked here wherever it is followed. Every image, query and row is worked on by one
thread in a fixed order, so that results do not depend on ``threads``.
"""

from cython.parallel cimport prange, threadid
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy
cimport openmp

import numpy as np

cdef extern from *:
    const char *REPRISE_SOURCES

# The sha256 of this file, the headers beside it and the shared ones when they were compiled.
SOURCES = REPRISE_SOURCES.decode()

cdef extern from "aggregation.h" nogil:
    int has_nonfinite(const float *values, int64_t n)
    int64_t group_by_word(const int64_t *words, int64_t n_descriptors, int64_t assignments, int word_bits,
                          uint64_t *keys, uint64_t *spare)
    void aggregate_image(const float *descriptors, int64_t dim, const float *centroids, const uint64_t *keys,
                         int64_t n_keys, uint32_t *codes, float *vectors, int64_t *words)

cdef extern from "search.h" nogil:
    ctypedef struct index_view:
        const int64_t *offsets
        const uint32_t *image_ids
        const uint8_t *vectors
        int64_t row_bytes
        const double *roots
        float *idf
        int binary
        float *powers
        int64_t max_distance
        float threshold
        float alpha

    int scan_query(const index_view *index, const int64_t *words, const uint8_t *vectors, int64_t n_words,
                   int64_t first, int64_t last, int64_t n_images, double root, int64_t *places, double *scores)

cdef extern from "ranking.h" nogil:
    void rank_row(const double *scores, int64_t n, int64_t count, int64_t room, uint64_t *keys, uint32_t *ids,
                  int32_t *ranks, double *ranked_scores)


def max_threads():
    """The number of threads that OpenMP would start here; follows OMP_NUM_THREADS."""
    return openmp.omp_get_max_threads()


def first_nonfinite_row(const float[:, ::1] rows, int threads):
    """The first row that holds NaN or infinity, or -1."""
    cdef int64_t n = rows.shape[0], dim = rows.shape[1], block, n_blocks = (n + 1023) // 1024, row
    cdef uint8_t[::1] bad = np.zeros(n_blocks, np.uint8)
    if n == 0 or dim == 0:
        return -1
    threads = min(threads, n_blocks)
    for block in prange(n_blocks, nogil=True, num_threads=threads, schedule="static"):
        bad[block] = has_nonfinite(&rows[block * 1024, 0], dim * min(1024, n - block * 1024))
    for block in range(n_blocks):
        if bad[block]:
            for row in range(block * 1024, n):
                if has_nonfinite(&rows[row, 0], dim):
                    return row
    return -1


def aggregate(const float[:, ::1] descriptors, const int64_t[:, ::1] words, const int64_t[::1] starts,
              const float[:, ::1] centroids, bint binary, int threads):
    """Aggregate the images descriptors[starts[i]:starts[i + 1]].

    Returns the vectors, their words, and the number of words of each image.
    """
    cdef int64_t n_images = starts.shape[0] - 1, assignments = words.shape[1], dim = centroids.shape[1]
    cdef int64_t image, total
    cdef int word_bits = int(centroids.shape[0] - 1).bit_length()
    cdef uint64_t[:, ::1] keys = np.empty((words.shape[0], assignments), np.uint64)
    cdef uint64_t[:, ::1] spare = np.empty((words.shape[0], assignments), np.uint64)
    counts = np.empty(n_images, np.int64)
    cdef int64_t[::1] counts_view = counts
    threads = max(1, min(threads, n_images))
    for image in prange(n_images, nogil=True, num_threads=threads, schedule="guided"):
        counts_view[image] = group_by_word(&words[starts[image], 0], starts[image + 1] - starts[image], assignments,
                                           word_bits, &keys[starts[image], 0], &spare[starts[image], 0])
    places = np.concatenate([[0], np.cumsum(counts)])
    cdef const int64_t[::1] place = places
    total = places[n_images]
    out_words = np.empty(total, np.int64)
    vectors = np.empty((total, (dim + 31) // 32 if binary else dim), np.uint32 if binary else np.float32)
    cdef int64_t[::1] word = out_words
    cdef uint32_t[:, ::1] code = vectors if binary else None
    cdef float[:, ::1] vector = None if binary else vectors
    for image in prange(n_images, nogil=True, num_threads=threads, schedule="guided"):
        aggregate_image(&descriptors[starts[image], 0], dim, &centroids[0, 0], &keys[starts[image], 0],
                        (starts[image + 1] - starts[image]) * assignments,
                        &code[place[image], 0] if binary else NULL, NULL if binary else &vector[place[image], 0],
                        &word[place[image]])
    return vectors, out_words, counts


def first_disorder(const int64_t[::1] words, const int64_t[::1] image_ids):
    """The first posting that is not behind its predecessor in the order of (image, word), or -1."""
    cdef int64_t i
    for i in range(1, words.shape[0]):
        if image_ids[i] < image_ids[i - 1] or (image_ids[i] == image_ids[i - 1] and words[i] <= words[i - 1]):
            return i
    return -1


def add_postings(const int64_t[::1] words, const int64_t[::1] image_ids, const uint8_t[:, ::1] vectors,
                 int64_t[::1] ends, int64_t first, uint32_t[::1] list_ids, uint8_t[:, ::1] list_vectors):
    """Append every posting to the list of its word; ``ends`` holds the ends of the lists so far and moves on.

    Only places in the window that begins with posting ``first`` are written to. Returns False for a word outside, and
    for arrays of different lengths or widths.
    """
    cdef int64_t i, place, row_bytes = vectors.shape[1], n_words = ends.shape[0], size = list_ids.shape[0]
    if row_bytes != list_vectors.shape[1] or not words.shape[0] == image_ids.shape[0] == vectors.shape[0]:
        return False
    with nogil:
        for i in range(words.shape[0]):
            if words[i] < 0 or words[i] >= n_words:
                with gil:
                    return False
            place = ends[words[i]] - first
            ends[words[i]] += 1
            if place < 0 or place >= size:
                continue
            list_ids[place] = <uint32_t>image_ids[i]
            if row_bytes == 16:
                memcpy(&list_vectors[place, 0], &vectors[i, 0], 16)
            else:
                memcpy(&list_vectors[place, 0], &vectors[i, 0], row_bytes)
    return True


def copy_lists(const int64_t[::1] offsets, const uint32_t[::1] image_ids, const uint8_t[:, ::1] vectors,
               const int64_t[::1] new_offsets, uint32_t[::1] new_ids, uint8_t[:, ::1] new_vectors):
    """Copy every list to the front of a list that is at least as long."""
    cdef int64_t word, n, begin, place, row_bytes = vectors.shape[1]
    with nogil:
        for word in range(offsets.shape[0] - 1):
            begin, place, n = offsets[word], new_offsets[word], offsets[word + 1] - offsets[word]
            if n > 0:
                memcpy(&new_ids[place], &image_ids[begin], 4 * n)
                memcpy(&new_vectors[place, 0], &vectors[begin, 0], row_bytes * n)


def first_bad_posting(const int64_t[::1] offsets, const uint32_t[::1] image_ids, int64_t n_images):
    """The first posting of no image, or that is not behind its predecessor in its list, or -1."""
    cdef int64_t word, p
    for word in range(offsets.shape[0] - 1):
        for p in range(offsets[word], offsets[word + 1]):
            if image_ids[p] >= n_images or (p > offsets[word] and image_ids[p] <= image_ids[p - 1]):
                return p
    return -1


cdef int64_t add_weight(const uint32_t *image_ids, int64_t count, double weight, double *norms,
                        int64_t n_images) noexcept nogil:
    """Add a weight to the norm of each image of a list; returns how many were added until one is outside."""
    cdef int64_t i
    for i in range(count):
        if image_ids[i] >= n_images:
            return i
        norms[image_ids[i]] += weight
    return count


def sum_weights(const int64_t[::1] offsets, const uint32_t[::1] image_ids, const float[::1] idf, double[::1] norms):
    """Add to the norm of each image the weights of its words, words in ascending order; None stands for ones.

    Returns the first posting of no image, with which it stops, or -1.
    """
    cdef int64_t word, begin, count, added
    if image_ids.shape[0] == 0 or norms.shape[0] == 0:
        return -1 if image_ids.shape[0] == 0 else 0
    with nogil:
        for word in range(offsets.shape[0] - 1):
            begin, count = offsets[word], offsets[word + 1] - offsets[word]
            added = add_weight(&image_ids[0] + begin, count, 1.0 if idf is None else idf[word], &norms[0], norms.shape[0])
            if added < count:
                with gil:
                    return begin + added
    return -1


cdef class View:
    """The arrays of an inverted file and the kernel to search it with; ``powers`` is None for real vectors."""

    cdef index_view c
    cdef object keep

    def __init__(self, const int64_t[::1] offsets, const uint32_t[::1] image_ids, const uint8_t[:, ::1] vectors,
                 const double[::1] roots, const float[::1] idf, const float[::1] powers, int64_t max_distance,
                 float threshold, float alpha):
        self.keep = (offsets, image_ids, vectors, roots, idf, powers)
        self.c.offsets = &offsets[0]
        self.c.image_ids = &image_ids[0] if image_ids.shape[0] else NULL
        self.c.vectors = &vectors[0, 0] if vectors.shape[0] else NULL
        self.c.row_bytes = vectors.shape[1]
        self.c.roots = &roots[0] if roots.shape[0] else NULL
        self.c.idf = NULL if idf is None else <float *>&idf[0]
        self.c.binary = powers is not None
        self.c.powers = NULL if powers is None else <float *>&powers[0]
        self.c.max_distance = max_distance
        self.c.threshold = threshold
        self.c.alpha = alpha


def score(View view, const int64_t[::1] words, const uint8_t[:, ::1] vectors, const int64_t[:, ::1] bounds,
          const double[::1] roots, double[:, ::1] scores, int n_ranges, int threads):
    """Set scores[i], zeros so far, to the similarities of query i, which owns words[bounds[i, 0]:bounds[i, 1]].

    ``roots`` are the square roots of the norms of the queries. A query is worked on in ``n_ranges`` ranges of images.
    Returns False if the inverted file is damaged.
    """
    cdef int64_t n_images = scores.shape[1], n_tasks = scores.shape[0] * n_ranges, task, query, part, begin
    cdef int failed = 0
    if n_images == 0 or words.shape[0] == 0 or n_tasks == 0:
        return True
    threads = min(threads, n_tasks)
    cdef int64_t[:, ::1] places = np.empty((threads, np.max(np.diff(bounds, axis=1))), np.int64)
    for task in prange(n_tasks, nogil=True, num_threads=threads, schedule="dynamic"):
        query = task // n_ranges
        part = task % n_ranges
        begin = bounds[query, 0]
        if bounds[query, 1] > begin:
            failed += scan_query(&view.c, &words[begin], &vectors[begin, 0], bounds[query, 1] - begin,
                                 n_images * part // n_ranges, n_images * (part + 1) // n_ranges, n_images,
                                 roots[query], &places[threadid(), 0], &scores[query, 0])
    return failed == 0


def rank(const double[:, ::1] scores, int32_t[:, ::1] ranks, double[:, ::1] ranked_scores, int threads):
    """The best images of every row, best first; equal scores in the order of their ids, NaN at the end."""
    cdef int64_t n = scores.shape[1], count = ranks.shape[1], row, room = min(n, 2 * count + 1024)
    if count > n or not scores.shape[0] == ranks.shape[0] == ranked_scores.shape[0] or count != ranked_scores.shape[1]:
        raise ValueError(f"{scores.shape[0]} x {n} scores cannot give {ranks.shape[0]} x {count} ranks")
    if n == 0 or count == 0 or scores.shape[0] == 0:
        return
    threads = min(threads, scores.shape[0])
    cdef uint64_t[:, ::1] keys = np.empty((threads, room + count), np.uint64)
    cdef uint32_t[:, ::1] ids = np.empty((threads, room + count), np.uint32)
    for row in prange(scores.shape[0], nogil=True, num_threads=threads, schedule="dynamic"):
        rank_row(&scores[row, 0], n, count, room, &keys[threadid(), 0], &ids[threadid(), 0], &ranks[row, 0],
                 &ranked_scores[row, 0])

/* Scanning the lists of an inverted file for one query. */

#ifndef REPRISE_SEARCH_H
#define REPRISE_SEARCH_H

#include "portable.h"

#define LANES 16 /* partial sums of a dot product */
#define RUN 64   /* postings scanned at a time */

typedef struct {
    const int64_t *offsets;     /* (n_words + 1) */
    const uint32_t *image_ids;  /* (n_postings), ascending in every list */
    const uint8_t *vectors;     /* (n_postings, row_bytes) */
    int64_t row_bytes;
    const double *roots;        /* (n_images) square roots of the norms */
    const float *idf;           /* (n_words), or NULL for weights of one */
    int binary;
    const float *powers;        /* binary: kernel value of every Hamming distance */
    int64_t max_distance;       /* binary: the largest distance that passes the threshold, or -1 */
    float threshold;            /* not binary: the smallest similarity that passes */
    float alpha;
} index_view;

static int64_t lower_bound(const uint32_t *ids, int64_t begin, int64_t end, int64_t id) {
    while (begin < end) {
        int64_t middle = begin + (end - begin) / 2;
        if (ids[middle] < id) begin = middle + 1;
        else end = middle;
    }
    return begin;
}

ALWAYS_INLINE int hamming(const uint8_t *a, const uint8_t *b, int64_t bytes) {
    int distance = 0;
    int64_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        distance += count_bits(x ^ y);
    }
    if (i < bytes) {
        uint32_t x, y;
        memcpy(&x, a + i, 4);
        memcpy(&y, b + i, 4);
        distance += count_bits(x ^ y);
    }
    return distance;
}

/* In runs of postings: each of the three steps is a plain loop that compilers turn into vector code, and none of
   them branches: half of the postings fail the threshold at random, and a wrong guess costs more than a division. The
   quotient is taken in double precision and rounded to single, as published. */
ALWAYS_INLINE int scan_codes(const index_view *index, const uint8_t *code, int64_t row_bytes, float weight,
                             int64_t begin, int64_t end, int64_t first, int64_t last, double *RESTRICT scores) {
    const double *RESTRICT roots = index->roots;
    const float *RESTRICT powers = index->powers;
    const int32_t limit = (int32_t)index->max_distance;
    for (int64_t p = begin; p < end; p += RUN) {
        const uint32_t *RESTRICT ids = index->image_ids + p;
        const uint8_t *RESTRICT codes = index->vectors + p * row_bytes;
        const int n = end - p < RUN ? (int)(end - p) : RUN;
        int32_t distances[RUN], outside = 0;
        uint32_t values[RUN]; /* the bits of floats */
        for (int i = 0; i < n; i++) outside |= ids[i] - (uint32_t)first >= (uint32_t)(last - first);
        if (outside) return -1;
        for (int i = 0; i < n; i++) distances[i] = hamming(code, codes + i * row_bytes, row_bytes);
        for (int i = 0; i < n; i++) {
            float value = (float)((double)(powers[distances[i]] * weight) / roots[ids[i]]);
            memcpy(values + i, &value, 4);
            values[i] &= distances[i] <= limit ? 0xffffffffu : 0u;
        }
        for (int i = 0; i < n; i++) {
            float value;
            memcpy(&value, values + i, 4);
            scores[ids[i]] += value;
        }
    }
    return 0;
}

ALWAYS_INLINE float dot(const float *RESTRICT a, const float *RESTRICT b, int64_t dim) {
    float lanes[LANES] = {0}, rest = 0;
    int64_t d = 0;
    for (; d + LANES <= dim; d += LANES)
        for (int lane = 0; lane < LANES; lane++) lanes[lane] += a[d + lane] * b[d + lane];
    for (; d < dim; d++) rest += a[d] * b[d];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
    return lanes[0] + rest;
}

/* u to the power of alpha, rounded once; whole exponents, the usual case, are multiplied out. */
ALWAYS_INLINE float power(float u, float alpha) {
    if (alpha != floorf(alpha) || alpha < 1 || alpha > 8) return powf(u, alpha);
    double product = u;
    for (int i = 1; i < (int)alpha; i++) product *= u;
    return (float)product;
}

ALWAYS_INLINE int scan_vectors(const index_view *index, const float *vector, float weight, int64_t begin, int64_t end,
                               int64_t first, int64_t last, double *RESTRICT scores) {
    int64_t dim = index->row_bytes / (int64_t)sizeof(float);
    const float *rows = (const float *)index->vectors;
    for (int64_t p = begin; p < end; p++) {
        int64_t id = index->image_ids[p];
        if (id < first || id >= last) return -1;
        float u = dot(vector, rows + p * dim, dim);
        if (u >= index->threshold) scores[id] += (float)(power(u, index->alpha) * weight / index->roots[id]);
    }
    return 0;
}

/* Short lists end before the processor has noticed that they are read in sequence. */
ALWAYS_INLINE void prefetch_list(const index_view *index, int64_t word, int with_vectors) {
#if defined(__GNUC__)
    int64_t begin = index->offsets[word], end = index->offsets[word + 1];
    const char *ids = (const char *)(index->image_ids + begin);
    const char *vectors = (const char *)(index->vectors + begin * index->row_bytes);
    int64_t n = end - begin < 64 ? end - begin : 64, bytes = n * index->row_bytes < 1024 ? n * index->row_bytes : 1024;
    for (int64_t i = 0; i < 4 * n; i += 64) __builtin_prefetch(ids + i);
    for (int64_t i = 0; with_vectors && i < bytes; i += 64) __builtin_prefetch(vectors + i);
#else
    (void)index, (void)word, (void)with_vectors;
#endif
}

/* Adds the similarity of one query to scores[first:last], words in ascending order. A list is ascending, so that a
   range of images is a range of every list. Returns -1 if a list names an image outside the index. */
FOR_EACH_CPU
static int scan_query(const index_view *index, const int64_t *words, const uint8_t *vectors, int64_t n_words,
                      int64_t first, int64_t last, int whole, double *scores) {
    for (int64_t i = 0; i < n_words; i++) {
        int64_t begin = index->offsets[words[i]], end = index->offsets[words[i] + 1];
        const uint8_t *vector = vectors + i * index->row_bytes;
        float weight = index->idf ? index->idf[words[i]] : 1.0f;
        int failed;
        if (i + 1 < n_words) prefetch_list(index, words[i + 1], whole || index->binary);
        if (!whole) {
            begin = lower_bound(index->image_ids, begin, end, first);
            end = lower_bound(index->image_ids, begin, end, last);
        }
        if (!index->binary)
            failed = scan_vectors(index, (const float *)vector, weight, begin, end, first, last, scores);
        else if (index->row_bytes == 16) /* 128 bits, as everybody uses; a size known to the compiler */
            failed = scan_codes(index, vector, 16, weight, begin, end, first, last, scores);
        else
            failed = scan_codes(index, vector, index->row_bytes, weight, begin, end, first, last, scores);
        if (failed) return -1;
    }
    return 0;
}

#endif

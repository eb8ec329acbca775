/* Scanning the lists of an inverted file for one query. */

#ifndef REPRISE_SEARCH_H
#define REPRISE_SEARCH_H

#include "portable.h"

#define LANES 16 /* partial sums of a dot product */
#define RUN 64   /* postings scanned at a time */
#define AHEAD 128 /* postings that are asked for early */
#define IMAGES_AT_A_TIME 131072 /* 2 MiB of scores and roots: any number of images does with the same caches */

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

/* The first place of a list whose image is not below `id`. Images are spread evenly enough that a guess is close. */
static int64_t lower_bound(const uint32_t *ids, int64_t begin, int64_t end, int64_t id, int64_t n_images) {
    int64_t guess = begin + (int64_t)((double)(end - begin) * (double)id / (double)n_images), step = 16;
    int64_t low = begin, high = end;
    while (guess < high && ids[guess] < id) low = guess + 1, guess += step, step *= 2;
    if (guess < high) high = guess;
    for (guess = high - 16, step = 16; guess > low && ids[guess] >= id; guess -= step, step *= 2) high = guess;
    if (guess > low) low = guess;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (ids[middle] < id) low = middle + 1;
        else high = middle;
    }
    return low;
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

/* Asks for postings ahead of time: lists are short, and end before the processor has noticed that they are read in
   sequence. */
ALWAYS_INLINE void prefetch(const index_view *index, int64_t begin, int64_t end, int64_t count, int64_t row_bytes) {
#if defined(__GNUC__)
    const char *ids = (const char *)(index->image_ids + begin);
    const char *vectors = (const char *)(index->vectors + begin * row_bytes);
    int64_t n = end - begin < count ? end - begin : count, bytes = n * row_bytes < 2048 ? n * row_bytes : 2048;
    for (int64_t i = 0; i < 4 * n; i += 64) __builtin_prefetch(ids + i);
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(vectors + i);
#else
    (void)index, (void)begin, (void)end, (void)count, (void)row_bytes;
#endif
}

/* Scans a list from `begin` on until images reach `last`, and returns where it stopped, or -1 for an image below
   `first`.

   In runs of postings: each step is a plain loop without a branch: half of the postings fail the threshold at random,
   and a wrong guess costs more than a division. The quotient is taken in double precision and rounded to single, as
   published. */
ALWAYS_INLINE int64_t scan_codes(const index_view *index, const uint8_t *code, int64_t row_bytes, float weight,
                                 int64_t begin, int64_t end, int64_t first, int64_t last, double *RESTRICT scores) {
    const double *RESTRICT roots = index->roots;
    const float *RESTRICT powers = index->powers;
    const int32_t limit = (int32_t)index->max_distance;
    while (begin < end) {
        const uint32_t *RESTRICT ids = index->image_ids + begin;
        const uint8_t *RESTRICT codes = index->vectors + begin * row_bytes;
        const int run = end - begin < RUN ? (int)(end - begin) : RUN;
        int32_t distances[RUN], n = 0, near = 0, outside = 0;
        uint32_t images[RUN]; /* those that pass the threshold */
        float values[RUN];
        prefetch(index, begin + AHEAD, end, RUN, row_bytes);
        for (int i = 0; i < run; i++) n += ids[i] < (uint32_t)last;
        for (int i = 0; i < n; i++) outside |= ids[i] - (uint32_t)first >= (uint32_t)(last - first);
        if (outside) return -1;
        for (int i = 0; i < n; i++) {
            int32_t distance = hamming(code, codes + i * row_bytes, row_bytes);
            distances[near] = distance, images[near] = ids[i];
            near += distance <= limit;
        }
        for (int i = 0; i < near; i++)
            values[i] = (float)((double)(powers[distances[i]] * weight) / roots[images[i]]);
        for (int i = 0; i < near; i++) scores[images[i]] += values[i];
        begin += n;
        if (n < run) break;
    }
    return begin;
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

ALWAYS_INLINE int64_t scan_vectors(const index_view *index, const float *vector, float weight, int64_t begin,
                                   int64_t end, int64_t first, int64_t last, double *RESTRICT scores) {
    int64_t dim = index->row_bytes / (int64_t)sizeof(float), p = begin;
    const float *rows = (const float *)index->vectors;
    for (; p < end && index->image_ids[p] < (uint64_t)last; p++) {
        int64_t id = index->image_ids[p];
        if (id < first) return -1;
        float u = dot(vector, rows + p * dim, dim);
        if (u >= index->threshold) scores[id] += (float)(power(u, index->alpha) * weight / index->roots[id]);
    }
    return p;
}

/* Sets scores[first:last] to the similarities of one query, whose norm has the root `root`. Some images at a time,
   and for these the words in ascending order; places[i] is how far the list of word i is read. A list is ascending,
   so that a range of images is a range of every list. Returns -1 if a list is not, or names an image outside. */
FOR_EACH_CPU
static int scan_query(const index_view *index, const int64_t *words, const uint8_t *vectors, int64_t n_words,
                      int64_t first, int64_t last, int64_t n_images, double root, int64_t *places, double *scores) {
    for (int64_t i = 0; i < n_words; i++) {
        int64_t begin = index->offsets[words[i]], end = index->offsets[words[i] + 1];
        places[i] = first ? lower_bound(index->image_ids, begin, end, first, n_images) : begin;
    }
    for (int64_t from = first, to; from < last; from = to) {
        to = last - from > IMAGES_AT_A_TIME ? from + IMAGES_AT_A_TIME : last;
        for (int64_t i = 0; i < n_words; i++) {
            int64_t begin = places[i], end = index->offsets[words[i] + 1];
            const uint8_t *vector = vectors + i * index->row_bytes;
            float weight = index->idf ? index->idf[words[i]] : 1.0f;
            if (i + 1 < n_words)
                prefetch(index, places[i + 1], index->offsets[words[i + 1] + 1], AHEAD, index->row_bytes);
            if (!index->binary)
                begin = scan_vectors(index, (const float *)vector, weight, begin, end, from, to, scores);
            else if (index->row_bytes == 16) /* 128 bits, as everybody uses; a size known to the compiler */
                begin = scan_codes(index, vector, 16, weight, begin, end, from, to, scores);
            else
                begin = scan_codes(index, vector, index->row_bytes, weight, begin, end, from, to, scores);
            if (begin < 0 || (begin < end && index->image_ids[begin] >= (uint64_t)n_images)) return -1;
            places[i] = begin;
        }
        for (int64_t image = from; image < to; image++) scores[image] /= root;
    }
    return 0;
}

#endif

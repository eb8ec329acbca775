/* Checking descriptors, and summing their residuals word by word. */

#ifndef REPRISE_AGGREGATION_H
#define REPRISE_AGGREGATION_H

#include "portable.h"

#define BLOCK 128 /* dimensions summed at a time; a multiple of 32 */

/* 1 if one of the n values is NaN or infinite: all bits of the exponent are set. */
FOR_EACH_CPU
static int has_nonfinite(const float *values, int64_t n) {
    uint32_t found = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, 4);
        found |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return found != 0;
}

/* Orders the assignments of one image by word, descriptors of a word in their given order. keys receives
   word << 32 | descriptor; spare has the same size. Returns the number of different words. */
static int64_t group_by_word(const int64_t *words, int64_t n_descriptors, int64_t assignments, int word_bits,
                             uint64_t *keys, uint64_t *spare) {
    int64_t n = n_descriptors * assignments, groups = n > 0;
    for (int64_t i = 0; i < n; i++) keys[i] = (uint64_t)words[i] << 32 | (uint64_t)(i / assignments);
    if (n <= 48) { /* insertion sort: few keys do not pay for a histogram */
        for (int64_t i = 1; i < n; i++) {
            uint64_t key = keys[i];
            int64_t j = i;
            for (; j > 0 && keys[j - 1] > key; j--) keys[j] = keys[j - 1];
            keys[j] = key;
        }
    } else {
        uint64_t *from = keys, *to = spare, *other;
        for (int shift = 32; shift < 32 + word_bits; shift += 8) {
            int64_t starts[257] = {0};
            for (int64_t i = 0; i < n; i++) starts[(from[i] >> shift & 255) + 1]++;
            for (int digit = 0; digit < 256; digit++) starts[digit + 1] += starts[digit];
            for (int64_t i = 0; i < n; i++) to[starts[from[i] >> shift & 255]++] = from[i];
            other = from, from = to, to = other;
        }
        if (from != keys) memcpy(keys, from, (size_t)n * sizeof *keys);
    }
    for (int64_t i = 1; i < n; i++) groups += keys[i] >> 32 != keys[i - 1] >> 32;
    return groups;
}

/* sum of (descriptor - centroid) over the keys of one word, in float32 and in the order of the descriptors:
   the published code subtracts first and adds afterwards, and signs near zero depend on it. */
ALWAYS_INLINE void sum_residuals(const float *descriptors, const float *RESTRICT centroid, const uint64_t *keys,
                                 int64_t n_keys, int64_t dim, int width, float *RESTRICT sum) {
    const float *RESTRICT first = descriptors + (int64_t)(keys[0] & 0xffffffffu) * dim;
    for (int d = 0; d < width; d++) sum[d] = first[d] - centroid[d];
    for (int64_t i = 1; i < n_keys; i++) {
        if (keys[i] == keys[i - 1]) continue; /* the same word twice for one descriptor counts once */
        const float *RESTRICT row = descriptors + (int64_t)(keys[i] & 0xffffffffu) * dim;
        for (int d = 0; d < width; d++) sum[d] += row[d] - centroid[d];
    }
}

/* Sign bits of 32 values, the first value in the most significant bit. Only values above zero give a one. */
ALWAYS_INLINE uint32_t pack_signs(const float *RESTRICT values) {
    uint32_t bits = 0;
    for (int i = 0; i < 32; i++) bits |= values[i] > 0.0f ? 0x80000000u >> i : 0u;
    return bits;
}

ALWAYS_INLINE void normalise(float *vector, int64_t dim) {
    double sum = 0;
    for (int64_t d = 0; d < dim; d++) sum += (double)vector[d] * vector[d];
    float norm = (float)sqrt(sum) + 1e-6f;
    for (int64_t d = 0; d < dim; d++) vector[d] /= norm;
}

/* Aggregates one image whose keys are grouped by word. Exactly one of codes and vectors is not NULL. */
FOR_EACH_CPU
static void aggregate_image(const float *descriptors, int64_t dim, const float *centroids, const uint64_t *keys,
                            int64_t n_keys, uint32_t *codes, float *vectors, int64_t *words) {
    float sum[BLOCK];
    for (int64_t begin = 0, end; begin < n_keys; begin = end) {
        uint64_t word = keys[begin] >> 32;
        for (end = begin + 1; end < n_keys && keys[end] >> 32 == word;) end++;
        for (int64_t d = 0; d < dim; d += BLOCK) {
            const float *centroid = centroids + (int64_t)word * dim + d;
            if (dim - d >= BLOCK) { /* a width known to the compiler */
                sum_residuals(descriptors + d, centroid, keys + begin, end - begin, dim, BLOCK, sum);
            } else {
                memset(sum, 0, sizeof sum);
                sum_residuals(descriptors + d, centroid, keys + begin, end - begin, dim, (int)(dim - d), sum);
            }
            int64_t width = dim - d < BLOCK ? dim - d : BLOCK;
            if (codes)
                for (int64_t i = 0; i < width; i += 32) *codes++ = pack_signs(sum + i);
            else
                memcpy(vectors + d, sum, (size_t)width * sizeof(float));
        }
        if (!codes) {
            normalise(vectors, dim);
            vectors += dim;
        }
        *words++ = (int64_t)word;
    }
}

#endif

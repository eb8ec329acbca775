/* Scanning the lists of an inverted file of binary signatures. */

#ifndef REPRISE_SCAN_H
#define REPRISE_SCAN_H

#include "portable.h"

typedef struct {
    const int64_t *offsets;     /* (n_words + 1) */
    const uint32_t *image_ids;  /* (n_postings), in ascending order in every list */
    const uint64_t *codes;      /* (n_postings, numbers) */
    int64_t numbers;            /* 64-bit numbers of a signature */
    int64_t n_images;
} signature_view;

ALWAYS_INLINE int distance_of(const uint64_t *a, const uint64_t *b, int64_t numbers) {
    int distance = 0;
    for (int64_t i = 0; i < numbers; i++) distance += count_bits(a[i] ^ b[i]);
    return distance;
}

/* Adds the matches of one signature to the scores of the images: those of one image are neighbours in the list, and
   are summed before they are weighed. Returns -1 if the list names an image that does not exist. */
ALWAYS_INLINE int scan_signatures(const signature_view *index, const uint64_t *code, int64_t numbers, int64_t begin,
                                  int64_t end, int threshold, int strict, const double *values, double weight,
                                  int burst, double *scores, int32_t *strong) {
    int64_t current = -1;
    double sum = 0, count = 0;
    for (int64_t p = begin; p < end; p++) {
        int distance = distance_of(code, index->codes + p * numbers, numbers);
        if (distance > threshold) continue;
        int64_t image = index->image_ids[p];
        if (image >= index->n_images) return -1;
        if (image != current) {
            if (current >= 0) scores[current] += weight * (burst ? sum / sqrt(count) : sum);
            current = image, sum = 0, count = 0;
        }
        sum += values[distance], count += 1;
        strong[image] += distance <= strict;
    }
    if (current >= 0) scores[current] += weight * (burst ? sum / sqrt(count) : sum);
    return 0;
}

/* The scores of all images for the signatures of one query, in their order. */
FOR_EACH_CPU
static int score_signatures(const signature_view *index, const int64_t *words, const uint64_t *codes,
                            const double *weights, int64_t n, int threshold, int strict, const double *values,
                            int burst, double *scores, int32_t *strong) {
    int failed = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t *code = codes + i * index->numbers;
        int64_t begin = index->offsets[words[i]], end = index->offsets[words[i] + 1];
        if (index->numbers == 2) /* 128 bits, as published; a size known to the compiler */
            failed += scan_signatures(index, code, 2, begin, end, threshold, strict, values, weights[i], burst, scores,
                                      strong);
        else
            failed += scan_signatures(index, code, index->numbers, begin, end, threshold, strict, values, weights[i],
                                      burst, scores, strong);
    }
    return failed;
}

/* Counts the matches of one signature and, unless postings is NULL, writes them down. */
FOR_EACH_CPU
static int64_t match_signature(const signature_view *index, const uint64_t *code, int64_t begin, int64_t end,
                               int threshold, int64_t *postings, int32_t *distances) {
    int64_t found = 0;
    for (int64_t p = begin; p < end; p++) {
        int distance = distance_of(code, index->codes + p * index->numbers, index->numbers);
        if (distance > threshold) continue;
        if (postings) postings[found] = p, distances[found] = distance;
        found++;
    }
    return found;
}

#endif

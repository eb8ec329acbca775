/* Ordering the scores of one query. */

#ifndef REPRISE_RANKING_H
#define REPRISE_RANKING_H

#include "portable.h"

/* A key whose ascending order is the descending order of scores, with NaN behind everything. */
ALWAYS_INLINE uint64_t descending_key(double score) {
    uint64_t bits;
    if (score != score) return UINT64_MAX;
    score += 0.0; /* minus zero equals zero */
    memcpy(&bits, &score, 8);
    return bits >> 63 ? bits : bits ^ 0x7fffffffffffffffu;
}

/* The best `count` of n scores, best first, equal scores in the order of their ids. keys and ids have 2n entries. */
static void rank_row(const double *scores, int64_t n, int64_t count, uint64_t *keys, uint32_t *ids, int32_t *ranks,
                     double *ranked_scores) {
    enum { BITS = 11, SIZE = 1 << BITS };
    int64_t starts[SIZE + 1], kept = 0, largest = SIZE - 1;
    memset(starts, 0, sizeof starts);
    for (int64_t i = 0; i < n; i++) starts[descending_key(scores[i]) >> (64 - BITS)]++;
    for (int64_t digit = 0, total = 0; digit < SIZE && count < n; digit++) {
        total += starts[digit];
        if (total >= count) { /* nothing with a larger leading digit is among the best */
            largest = digit;
            break;
        }
    }
    for (int64_t i = 0; i < n; i++) {
        uint64_t key = descending_key(scores[i]);
        if ((int64_t)(key >> (64 - BITS)) <= largest) keys[kept] = key, ids[kept++] = (uint32_t)i;
    }
    uint64_t *from = keys, *to = keys + n, *other_keys;
    uint32_t *from_ids = ids, *to_ids = ids + n, *other_ids;
    for (int shift = 0; shift < 64; shift += BITS) {
        memset(starts, 0, sizeof starts);
        for (int64_t i = 0; i < kept; i++) starts[(from[i] >> shift & (SIZE - 1)) + 1]++;
        for (int digit = 0; digit < SIZE; digit++) starts[digit + 1] += starts[digit];
        for (int64_t i = 0; i < kept; i++) {
            int64_t place = starts[from[i] >> shift & (SIZE - 1)]++;
            to[place] = from[i], to_ids[place] = from_ids[i];
        }
        other_keys = from, from = to, to = other_keys;
        other_ids = from_ids, from_ids = to_ids, to_ids = other_ids;
    }
    for (int64_t i = 0; i < count; i++) ranks[i] = (int32_t)from_ids[i], ranked_scores[i] = scores[from_ids[i]];
}

#endif

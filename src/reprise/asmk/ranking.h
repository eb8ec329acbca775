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

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, TOP_SHIFT = 55 }; /* 5 digits of 11 bits below the highest 9 */

/* Keeps the `count` smallest of n keys, with their ids and in their order; of equal keys the first ones.
   Each pass looks at one more digit of the keys that may be among the smallest, and drops the others. */
static void select_smallest(uint64_t *keys, uint32_t *ids, int64_t n, int64_t count) {
    int64_t counts[DIGITS], kept = 0, below = 0, digit;
    uint64_t prefix = 0; /* of the largest key that stays */
    for (int shift = TOP_SHIFT; n > count && shift >= 0; shift -= DIGIT_BITS) {
        memset(counts, 0, sizeof counts);
        below = kept = 0;
        for (int64_t i = 0; i < n; i++) {
            if (shift == TOP_SHIFT || keys[i] >> (shift + DIGIT_BITS) == prefix)
                counts[keys[i] >> shift & (DIGITS - 1)]++;
            else below++;
        }
        for (digit = 0; below + counts[digit] < count; digit++) below += counts[digit];
        prefix = prefix << DIGIT_BITS | (uint64_t)digit;
        for (int64_t i = 0; i < n; i++)
            if (keys[i] >> shift <= prefix) keys[kept] = keys[i], ids[kept++] = ids[i];
        n = kept;
    }
    if (n == count) return;
    kept = 0;
    for (int64_t i = 0, equal = count - below; i < n; i++)
        if (keys[i] < prefix || equal-- > 0) keys[kept] = keys[i], ids[kept++] = ids[i];
}

/* The best `count` of n scores, best first, equal scores in the order of their ids. Candidates gather in keys and ids,
   which have `room` entries, more than count unless n is not, for them and count entries more. */
static void rank_row(const double *scores, int64_t n, int64_t count, int64_t room, uint64_t *keys, uint32_t *ids,
                     int32_t *ranks, double *ranked_scores) {
    int64_t starts[DIGITS + 1], kept = 0, i = 0;
    for (; kept < room; i++) keys[kept] = descending_key(scores[i]), ids[kept++] = (uint32_t)i;
    while (kept > count) {
        uint64_t worst = 0;
        select_smallest(keys, ids, kept, count);
        kept = count;
        for (int64_t k = 0; k < count; k++) worst = keys[k] > worst ? keys[k] : worst;
        for (; i < n && kept < room; i++) {
            uint64_t key = descending_key(scores[i]);
            if (key < worst) keys[kept] = key, ids[kept++] = (uint32_t)i; /* of equal ones the first stays */
        }
    }
    uint64_t *from = keys, *to = keys + room, *other_keys;
    uint32_t *from_ids = ids, *to_ids = ids + room, *other_ids;
    for (int shift = 0; shift < 64; shift += DIGIT_BITS) {
        memset(starts, 0, sizeof starts);
        for (i = 0; i < count; i++) starts[(from[i] >> shift & (DIGITS - 1)) + 1]++;
        for (int digit = 0; digit < DIGITS; digit++) starts[digit + 1] += starts[digit];
        for (i = 0; i < count; i++) {
            int64_t place = starts[from[i] >> shift & (DIGITS - 1)]++;
            to[place] = from[i], to_ids[place] = from_ids[i];
        }
        other_keys = from, from = to, to = other_keys;
        other_ids = from_ids, from_ids = to_ids, to_ids = other_ids;
    }
    for (i = 0; i < count; i++) ranks[i] = (int32_t)from_ids[i], ranked_scores[i] = scores[from_ids[i]];
}

#endif

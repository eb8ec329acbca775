/* Tentative correspondences of two images: their features with the same visual word. */

#ifndef REPRISE_TENTATIVES_H
#define REPRISE_TENTATIVES_H

#include "portable.h"

/* Writes the pairs of features of equal words, at most `limit`, and returns how many. A word with m features in one
   image and n in the other has m * n pairs; words with more than `most` pairs are left out, those with few pairs come
   first, and equal ones are in ascending order. Words ascend in both images; `query_order` and `database_order` say
   which feature each is of. `groups` has room for four numbers of each common word. */
FOR_EACH_CPU
static int64_t match_words(const int64_t *query_words, const int32_t *query_order, int64_t n_query,
                           const int64_t *words, const int32_t *order, int64_t n, int64_t most, int64_t limit,
                           int32_t *groups, int32_t *pairs) {
    int64_t i = 0, j = 0, n_groups = 0, found = 0;
    while (i < n_query && j < n) {
        int64_t word = query_words[i], i_end = i, j_end = j;
        if (word < words[j]) { i++; continue; }
        if (word > words[j]) { j++; continue; }
        while (i_end < n_query && query_words[i_end] == word) i_end++;
        while (j_end < n && words[j_end] == word) j_end++;
        if ((i_end - i) * (j_end - j) <= most) {
            int32_t *group = groups + 4 * n_groups++;
            group[0] = (int32_t)i, group[1] = (int32_t)i_end, group[2] = (int32_t)j, group[3] = (int32_t)j_end;
        }
        i = i_end, j = j_end;
    }
    for (int64_t size = 1; size <= most && found < limit; size++) {
        for (int64_t g = 0; g < n_groups; g++) {
            const int32_t *group = groups + 4 * g;
            if ((int64_t)(group[1] - group[0]) * (group[3] - group[2]) != size) continue;
            for (int32_t a = group[0]; a < group[1]; a++)
                for (int32_t b = group[2]; b < group[3] && found < limit; b++)
                    pairs[2 * found] = query_order[a], pairs[2 * found++ + 1] = order[b];
        }
    }
    return found;
}

#endif

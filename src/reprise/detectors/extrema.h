/* Extrema of the determinant of the Hessian in a scale space, and their localisation, as in the Hessian-affine detector
   of Perdoch, Chum and Matas, CVPR 2009. */

#ifndef REPRISE_EXTREMA_H
#define REPRISE_EXTREMA_H

#include "portable.h"

#define MOVES 5
#define LARGEST_SHIFT 0.6   /* beyond it, the search goes on at the next pixel */
#define LARGEST_OFFSET 1.5  /* beyond it, the extremum is dropped */
#define SAFE_BORDER 3       /* the search does not come nearer to the border */
#define CANDIDATE_SHARE 0.8 /* of the threshold, before the localisation */

/* Three neighbouring levels of responses; strides in floats. */
typedef struct {
    const float *low, *middle, *high;
    int64_t height, width;
} responses;

typedef struct {
    double threshold;  /* of the absolute response */
    double edge_score; /* the largest trace^2 / determinant of the Hessian of the response */
    int border;        /* pixels at the border of a level without candidates */
} extrema_rule;

/* Responses of one level: determinants of the Hessian times factor; those of the border are 0. */
FOR_EACH_CPU
static void hessian_responses(const float *RESTRICT level, int64_t height, int64_t width, float factor,
                              float *RESTRICT out) {
    memset(out, 0, (size_t)(height * width) * sizeof *out);
    for (int64_t r = 1; r < height - 1; r++) {
        const float *above = level + (r - 1) * width, *row = above + width, *below = row + width;
        float *to = out + r * width;
        for (int64_t c = 1; c < width - 1; c++) {
            float xx = row[c - 1] - 2.0f * row[c] + row[c + 1];
            float yy = above[c] - 2.0f * row[c] + below[c];
            float xy = (above[c + 1] - above[c - 1] + below[c - 1] - below[c + 1]) * 0.25f;
            to[c] = (xx * yy - xy * xy) * factor;
        }
    }
}

/* Whether none of the 26 neighbours is beyond the value, on the side of its sign; equal ones are allowed. */
ALWAYS_INLINE int is_extremum(const responses *at, int64_t place) {
    float value = at->middle[place], sign = value > 0.0f ? 1.0f : -1.0f;
    const float *levels[3] = {at->middle, at->low, at->high};
    for (int l = 0; l < 3; l++)
        for (int64_t r = -1; r <= 1; r++)
            for (int64_t c = -1; c <= 1; c++)
                if (sign * levels[l][place + r * at->width + c] > sign * value) return 0;
    return 1;
}

/* First and second derivatives of the responses around a pixel: x, y, s; xx, yy, ss, xy, xs, ys. */
ALWAYS_INLINE void derivatives(const responses *at, int64_t place, double *first, double *second) {
    const float *low = at->low + place, *middle = at->middle + place, *high = at->high + place;
    int64_t w = at->width;
    double value = *middle;
    first[0] = 0.5 * ((double)middle[1] - middle[-1]);
    first[1] = 0.5 * ((double)middle[w] - middle[-w]);
    first[2] = 0.5 * ((double)*high - *low);
    second[0] = (double)middle[-1] - 2.0 * value + middle[1];
    second[1] = (double)middle[-w] - 2.0 * value + middle[w];
    second[2] = (double)*low - 2.0 * value + *high;
    second[3] = 0.25 * ((double)middle[w + 1] - middle[w - 1] - middle[1 - w] + middle[-1 - w]);
    second[4] = 0.25 * ((double)high[1] - high[-1] - low[1] + low[-1]);
    second[5] = 0.25 * ((double)high[w] - high[-w] - low[w] + low[-w]);
}

/* Where the quadratic with these derivatives has its extremum: x, y, s. Returns 0 where it has none. */
ALWAYS_INLINE int solve(const double *first, const double *second, double *offset) {
    double xx = second[0], yy = second[1], ss = second[2], xy = second[3], xs = second[4], ys = second[5];
    double c0 = yy * ss - ys * ys, c1 = xs * ys - xy * ss, c2 = xy * ys - xs * yy;
    double determinant = xx * c0 + xy * c1 + xs * c2;
    if (determinant == 0.0) return 0;
    double c3 = xx * ss - xs * xs, c4 = xy * xs - xx * ys, c5 = xx * yy - xy * xy;
    offset[0] = -(c0 * first[0] + c1 * first[1] + c2 * first[2]) / determinant;
    offset[1] = -(c1 * first[0] + c3 * first[1] + c4 * first[2]) / determinant;
    offset[2] = -(c2 * first[0] + c4 * first[1] + c5 * first[2]) / determinant;
    return isfinite(offset[0]) && isfinite(offset[1]) && isfinite(offset[2]);
}

/* The next pixel in one direction; -1 too near to the border. */
ALWAYS_INLINE int64_t moved(int64_t place, double offset, int64_t size) {
    if (offset > LARGEST_SHIFT) return place < size - SAFE_BORDER ? place + 1 : -1;
    if (offset < -LARGEST_SHIFT) return place > SAFE_BORDER ? place - 1 : -1;
    return place;
}

/* Localises the extremum near a pixel. point receives x, y in pixels of the level, the offset of the scale in levels,
   and the response there. Returns 0 where it is dropped; taken tells which pixels have one already. */
ALWAYS_INLINE int localise(const responses *at, int64_t row, int64_t column, const extrema_rule *rule, uint8_t *taken,
                           double *point) {
    double first[3], second[6], offset[3];
    for (int move = 0;; move++) {
        derivatives(at, row * at->width + column, first, second);
        if (move == 0) {
            double trace = second[0] + second[1], determinant = second[0] * second[1] - second[3] * second[3];
            double score = trace * trace / determinant;
            if (!(score >= 0.0 && score < rule->edge_score)) return 0;
        }
        if (!solve(first, second, offset)) return 0;
        int64_t next_row = moved(row, offset[1], at->height), next_column = moved(column, offset[0], at->width);
        if (next_row < 0 || next_column < 0) return 0;
        if ((next_row == row && next_column == column) || move == MOVES - 1) break;
        row = next_row, column = next_column;
    }
    int64_t place = row * at->width + column;
    double value = at->middle[place] + 0.5 * (first[0] * offset[0] + first[1] * offset[1] + first[2] * offset[2]);
    for (int i = 0; i < 3; i++)
        if (fabs(offset[i]) > LARGEST_OFFSET) return 0;
    if (fabs(value) < rule->threshold || taken[place]) return 0;
    taken[place] = 1;
    point[0] = (double)column + offset[0], point[1] = (double)row + offset[1], point[2] = offset[2], point[3] = value;
    return 1;
}

/* Finds candidates: their places, row by row, as far as there is room. Returns how many there are. */
static int64_t find_candidates(const responses *at, const extrema_rule *rule, int64_t *places, int64_t room) {
    float least = (float)(CANDIDATE_SHARE * rule->threshold);
    int64_t count = 0, border = rule->border > SAFE_BORDER ? rule->border : SAFE_BORDER;
    for (int64_t r = border; r < at->height - border; r++)
        for (int64_t c = border; c < at->width - border; c++) {
            int64_t place = r * at->width + c;
            if (fabsf(at->middle[place]) > least && is_extremum(at, place)) {
                if (count < room) places[count] = place;
                count++;
            }
        }
    return count;
}

#endif

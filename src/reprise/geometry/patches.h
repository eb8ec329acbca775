/* Cutting the normalised patch of one keypoint out of an image, as in the Hessian-affine detector of Perdoch, Chum and
   Matas, CVPR 2009. */

#ifndef REPRISE_PATCHES_H
#define REPRISE_PATCHES_H

#include "bilinear.h"

/* Above this distance of samples, in pixels of the region, the region is blurred before it is sampled. */
#define SHARP_STEP 0.4f
#define BLUR_PER_STEP 1.5f
#define LARGEST_PATCH 512

/* The number of taps of the Gaussian for a step, odd. */
ALWAYS_INLINE int64_t patch_taps(float step) { return (int64_t)(2.0f * 3.0f * (BLUR_PER_STEP * step) + 1.0f) | 1; }

/* Floats of working memory that cut_patch needs for a region of `half` pixels. */
static int64_t patch_work(int64_t half, int64_t size) {
    int64_t side = 2 * half + 3;
    int64_t taps = patch_taps((float)(2 * half + 1) / (float)size);
    return taps + (side + taps) + (2 * size + 1) * side;
}

static void gaussian_taps(float *kernel, int64_t taps, double sigma) {
    double sum = 0.0, middle = (double)(taps - 1) / 2.0;
    for (int64_t t = 0; t < taps; t++) sum += exp(-0.5 * ((double)t - middle) * ((double)t - middle) / (sigma * sigma));
    for (int64_t t = 0; t < taps; t++)
        kernel[t] = (float)(exp(-0.5 * ((double)t - middle) * ((double)t - middle) / (sigma * sigma)) / sum);
}

/* Adds what one row of the region gives to the blurred rows that are needed, in the order of the taps; the first and
   the last row stand for those beyond. */
ALWAYS_INLINE void add_row(const float *RESTRICT row, int64_t y, int64_t side, const int64_t *needed, int64_t count,
                           const float *kernel, int64_t radius, float *blurred) {
    for (int64_t n = 0; n < count; n++) {
        int64_t first = y - needed[n] + radius, last = first;
        if (y == 0 && first > 0) first = 0;
        if (y == side - 1 && last < 2 * radius) last = 2 * radius;
        first = first < 0 ? 0 : first;
        last = last > 2 * radius ? 2 * radius : last;
        float *RESTRICT sum = blurred + n * side;
        for (int64_t t = first; t <= last; t++)
            for (int64_t c = 0; c < side; c++) sum[c] += kernel[t] * row[c];
    }
}

/* Blurs a row; padded has room for the row and the taps. */
ALWAYS_INLINE void blur_row(float *RESTRICT row, int64_t side, const float *kernel, int64_t radius,
                            float *RESTRICT padded) {
    for (int64_t c = 0; c < radius; c++) padded[c] = row[0], padded[radius + side + c] = row[side - 1];
    memcpy(padded + radius, row, (size_t)side * sizeof *row);
    memset(row, 0, (size_t)side * sizeof *row);
    for (int64_t t = 0; t <= 2 * radius; t++)
        for (int64_t c = 0; c < side; c++) row[c] += kernel[t] * padded[c + t];
}

/* Samples the rows of a square: (count, count) at x + u a11 + v a12, y + u a21 + v a22, u and v from first on. */
ALWAYS_INLINE void sample_row(const image_view *image, float x, float y, const float *frame, float first, int64_t count,
                              int64_t row, int within, float *out) {
    float v = (float)row + first, rx = x + v * frame[1], ry = y + v * frame[3];
    if (within) {
        sample_line(image, rx, ry, frame[0], frame[2], first, count, out);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        float u = (float)i + first;
        out[i] = sample_or_border(image, rx + u * frame[0], ry + u * frame[2]);
    }
}

/* Where the samples of a patch lie among the rows, or columns, of its blurred region: the upper of two, and the share
   of the lower. Returns how many of the rows are needed, and which. */
ALWAYS_INLINE int64_t place_samples(float middle, float step, int64_t size, int64_t *needed, int64_t *upper,
                                    int32_t *left, float *share) {
    int64_t count = 0;
    for (int64_t i = 0; i < size; i++) {
        float at = middle + ((float)i - 0.5f * (float)(size - 1)) * step;
        int64_t first = (int64_t)at;
        left[i] = (int32_t)first, share[i] = at - (float)first;
        if (!count || needed[count - 1] < first) needed[count++] = first;
        upper[i] = count - 1 - (needed[count - 1] > first);
        if (needed[count - 1] < first + 1) needed[count++] = first + 1;
    }
    return count;
}

/* A patch (size, size) of the region around x, y. The frame is a matrix of determinant 1, half the radius of the region
   in whole pixels, work as much memory as patch_work says. */
FOR_EACH_CPU
static void cut_patch(const image_view *image, float x, float y, const float *frame, int64_t half, int64_t size,
                      float *work, float *patch) {
    float step = (float)(2 * half + 1) / (float)size, centre = 0.5f * (float)(size - 1);
    int within = square_is_within(image, x, y, frame, (float)(half + 1));
    if (step <= SHARP_STEP) {
        float scaled[4] = {frame[0] * step, frame[1] * step, frame[2] * step, frame[3] * step};
        for (int64_t j = 0; j < size; j++) sample_row(image, x, y, scaled, -centre, size, j, within, patch + j * size);
        return;
    }
    int64_t side = 2 * half + 3, taps = patch_taps(step), radius = taps / 2;
    float *kernel = work, *padded = kernel + taps, *blurred = padded + side + taps, share[LARGEST_PATCH];
    int64_t needed[2 * LARGEST_PATCH], upper[LARGEST_PATCH];
    int32_t left[LARGEST_PATCH];
    int64_t count = place_samples((float)(half + 1), step, size, needed, upper, left, share);
    float *row = blurred + count * side;
    gaussian_taps(kernel, taps, (double)(BLUR_PER_STEP * step));
    memset(blurred, 0, (size_t)(count * side) * sizeof *blurred);
    for (int64_t j = 0; j < side; j++) {
        sample_row(image, x, y, frame, (float)(-half - 1), side, j, within, row);
        add_row(row, j, side, needed, count, kernel, radius, blurred);
    }
    for (int64_t n = 0; n < count; n++) blur_row(blurred + n * side, side, kernel, radius, padded);
    for (int64_t j = 0; j < size; j++) {
        const float *RESTRICT above = blurred + upper[j] * side, *RESTRICT below = above + side;
        float *RESTRICT out = patch + j * size, fx, fy = share[j];
        for (int32_t i = 0; i < (int32_t)size; i++) {
            int32_t at = left[i];
            fx = share[i];
            out[i] = (1.0f - fy) * ((1.0f - fx) * above[at] + fx * above[at + 1]) +
                     fy * ((1.0f - fx) * below[at] + fx * below[at + 1]);
        }
    }
}

#endif

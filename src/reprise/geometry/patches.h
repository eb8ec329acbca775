/* Cutting the normalised patch of one keypoint out of an image, as in the Hessian-affine detector of Perdoch, Chum and
   Matas, CVPR 2009. */

#ifndef REPRISE_PATCHES_H
#define REPRISE_PATCHES_H

#include "bilinear.h"

/* Above this distance of samples, in pixels of the region, the region is blurred before it is sampled. */
#define SHARP_STEP 0.4f
#define BLUR_PER_STEP 1.5f

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

/* A patch (size, size) of the region around x, y. The frame is a matrix of determinant 1, half the radius of the region
   in whole pixels, work as much memory as patch_work says. */
FOR_EACH_CPU
static void cut_patch(const image_view *image, float x, float y, const float *frame, int64_t half, int64_t size,
                      float *work, float *patch) {
    float step = (float)(2 * half + 1) / (float)size, centre = 0.5f * (float)(size - 1);
    if (step <= SHARP_STEP) {
        float a11 = frame[0] * step, a12 = frame[1] * step, a21 = frame[2] * step, a22 = frame[3] * step;
        for (int64_t j = 0; j < size; j++) {
            float v = (float)j - centre, rx = x + v * a12, ry = y + v * a22;
            for (int64_t i = 0; i < size; i++) {
                float u = (float)i - centre;
                patch[j * size + i] = sample_or_border(image, rx + u * a11, ry + u * a21);
            }
        }
        return;
    }
    int64_t side = 2 * half + 3, taps = patch_taps(step), radius = taps / 2, count = 0;
    float *kernel = work, *padded = kernel + taps, *blurred = padded + side + taps;
    int64_t needed[2 * 512], place[512]; /* the blurred rows that are sampled, and the first of each pair */
    gaussian_taps(kernel, taps, (double)(BLUR_PER_STEP * step));
    for (int64_t i = 0; i < size; i++) {
        int64_t first = (int64_t)((float)(half + 1) + ((float)i - centre) * step);
        if (!count || needed[count - 1] < first) needed[count++] = first;
        place[i] = count - 1 - (needed[count - 1] > first);
        if (needed[count - 1] < first + 1) needed[count++] = first + 1;
    }
    memset(blurred, 0, (size_t)(count * side) * sizeof *blurred);
    float *row = blurred + count * side;
    for (int64_t j = 0; j < side; j++) {
        float v = (float)(j - half - 1), rx = x + v * frame[1], ry = y + v * frame[3];
        for (int64_t i = 0; i < side; i++) {
            float u = (float)(i - half - 1);
            row[i] = sample_or_border(image, rx + u * frame[0], ry + u * frame[2]);
        }
        add_row(row, j, side, needed, count, kernel, radius, blurred);
    }
    for (int64_t n = 0; n < count; n++) blur_row(blurred + n * side, side, kernel, radius, padded);
    for (int64_t j = 0; j < size; j++) {
        float sy = (float)(half + 1) + ((float)j - centre) * step;
        const float *upper = blurred + place[j] * side;
        for (int64_t i = 0; i < size; i++) {
            float sx = (float)(half + 1) + ((float)i - centre) * step;
            int64_t x0 = (int64_t)sx;
            patch[j * size + i] = between(upper, upper + side, x0, x0 + 1, sx - (float)x0, sy - (float)(int64_t)sy);
        }
    }
}

#endif

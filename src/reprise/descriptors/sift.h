/* SIFT (Lowe, IJCV 2004) of one normalised patch, as published with the Hessian-affine detector of Perdoch, Chum and
   Matas, CVPR 2009: within the circle in the patch, without an orientation of its own. */

#ifndef REPRISE_SIFT_H
#define REPRISE_SIFT_H

#include "portable.h"

#define CELLS 4
#define ANGLES 8
#define LENGTH (CELLS * CELLS * ANGLES)
#define MEAN 128.0f
#define DEVIATION 50.0f
#define LEAST_DEVIATION 1e-4 /* grey levels; a patch with less contrast is described as it is */
#define LARGEST_SHARE 0.2
#define LEVELS 512.0

/* Brings the pixels that count to a mean of 128 and a standard deviation of 50, and cuts off at 0 and 255. */
ALWAYS_INLINE void standardise(const float *patch, int64_t pixels, const float *weights, float *out) {
    double sum = 0.0, squares = 0.0;
    int64_t count = 0;
    for (int64_t i = 0; i < pixels; i++)
        if (weights[i] > 0.0f) sum += patch[i], count++;
    double mean = sum / (double)count;
    for (int64_t i = 0; i < pixels; i++)
        if (weights[i] > 0.0f) squares += (patch[i] - mean) * (patch[i] - mean);
    double deviation = sqrt(squares / (double)count);
    float factor = deviation > LEAST_DEVIATION ? (float)(DEVIATION / deviation) : 0.0f, middle = (float)mean;
    for (int64_t i = 0; i < pixels; i++) {
        float value = MEAN + factor * (patch[i] - middle);
        value = value > 0.0f ? value : 0.0f;
        out[i] = value < 255.0f ? value : 255.0f;
    }
}

/* Adds a gradient to the cells and angles around it. The histogram has one more cell on each side. */
ALWAYS_INLINE void vote(float *histogram, int row, int column, float along_rows, float along_columns, float gx, float gy,
                        float weight) {
    float magnitude = weight * sqrtf(gx * gx + gy * gy);
    float angle = atan2f(gy, gx) * (float)(ANGLES / 6.283185307179586);
    angle = angle < 0.0f ? angle + (float)ANGLES : angle;
    int first = (int)angle, second;
    float along = angle - (float)first;
    first &= ANGLES - 1, second = (first + 1) & (ANGLES - 1);
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 2; c++) {
            float share = magnitude * (r ? along_rows : 1.0f - along_rows) * (c ? along_columns : 1.0f - along_columns);
            float *cell = histogram + ((row + r) * (CELLS + 3) + column + c) * ANGLES;
            cell[first] += share * (1.0f - along);
            cell[second] += share * along;
        }
}

/* Unit length, no share above 0.2, unit length again, in whole numbers up to 255. */
ALWAYS_INLINE void quantise(const float *histogram, float *out) {
    double vector[LENGTH], squares = 0.0, again = 0.0;
    for (int i = 0; i < LENGTH; i++) {
        int row = i / (CELLS * ANGLES), column = i / ANGLES % CELLS;
        vector[i] = histogram[((row + 1) * (CELLS + 3) + column + 1) * ANGLES + i % ANGLES];
        squares += vector[i] * vector[i];
    }
    double factor = squares > 0.0 ? 1.0 / sqrt(squares) : 0.0;
    for (int i = 0; i < LENGTH; i++) {
        vector[i] *= factor;
        if (vector[i] > LARGEST_SHARE) vector[i] = LARGEST_SHARE;
        again += vector[i] * vector[i];
    }
    factor = again > 0.0 ? LEVELS / sqrt(again) : 0.0;
    for (int i = 0; i < LENGTH; i++) {
        double value = floor(vector[i] * factor);
        out[i] = (float)(value < 255.0 ? value : 255.0);
    }
}

/* The 128 numbers of a patch (size, size), from 0 to 255. The weights (size, size) are 0 outside of the circle, work
   has room for the patch. */
static void describe_patch(const float *patch, int64_t size, const float *weights, float *work, float *out) {
    float histogram[(CELLS + 3) * (CELLS + 3) * ANGLES] = {0};
    float per_pixel = (float)(CELLS + 1) / (float)(size - 1);
    standardise(patch, size * size, weights, work);
    for (int64_t r = 0; r < size; r++) {
        const float *row = work + r * size;
        const float *above = r > 0 ? row - size : row, *below = r + 1 < size ? row + size : row;
        float down = (float)r * per_pixel;
        for (int64_t c = 0; c < size; c++) {
            float weight = weights[r * size + c], right = (float)c * per_pixel;
            if (weight == 0.0f) continue;
            float gx = row[c + 1 < size ? c + 1 : c] - row[c > 0 ? c - 1 : c], gy = below[c] - above[c];
            vote(histogram, (int)down, (int)right, down - (float)(int)down, right - (float)(int)right, gx, gy, weight);
        }
    }
    quantise(histogram, out);
}

#endif

/* Bilinear samples of an image, whose first pixel is centred at (0, 0) here. */

#ifndef REPRISE_BILINEAR_H
#define REPRISE_BILINEAR_H

#include "portable.h"

typedef struct {
    const float *pixels;
    int64_t height, width;
} image_view;

/* Between four pixels; fx and fy from 0 to 1. */
ALWAYS_INLINE float between(const float *upper, const float *lower, int64_t x0, int64_t x1, float fx, float fy) {
    return (1.0f - fy) * ((1.0f - fx) * upper[x0] + fx * upper[x1]) +
           fy * ((1.0f - fx) * lower[x0] + fx * lower[x1]);
}

/* 0 outside of the image, as the published adaptation of shapes has it. */
ALWAYS_INLINE float sample_or_zero(const image_view *image, float x, float y) {
    if (!(x >= 0.0f && y >= 0.0f && x < (float)(image->width - 1) && y < (float)(image->height - 1))) return 0.0f;
    int64_t x0 = (int64_t)x, y0 = (int64_t)y;
    const float *row = image->pixels + y0 * image->width;
    return between(row, row + image->width, x0, x0 + 1, x - (float)x0, y - (float)y0);
}

ALWAYS_INLINE float clamp(float value, float highest) {
    value = value > 0.0f ? value : 0.0f;
    return value < highest ? value : highest;
}

/* The nearest pixel of the border outside of the image. */
ALWAYS_INLINE float sample_or_border(const image_view *image, float x, float y) {
    x = clamp(x, (float)(image->width - 1));
    y = clamp(y, (float)(image->height - 1));
    int64_t x0 = (int64_t)x, y0 = (int64_t)y;
    int64_t x1 = x0 + (x0 + 1 < image->width), y1 = y0 + (y0 + 1 < image->height);
    return between(image->pixels + y0 * image->width, image->pixels + y1 * image->width, x0, x1, x - (float)x0,
                   y - (float)y0);
}

/* Samples along a line, at x + u dx, y + u dy for u = first, first + 1 ...; all of them within the image. */
ALWAYS_INLINE void sample_line(const image_view *image, float x, float y, float dx, float dy, float first,
                               int64_t count, float *RESTRICT out) {
    const float *RESTRICT pixels = image->pixels;
    int32_t width = (int32_t)image->width;
    for (int32_t i = 0; i < (int32_t)count; i++) {
        float u = (float)i + first, sx = x + u * dx, sy = y + u * dy;
        int32_t x0 = (int32_t)sx, y0 = (int32_t)sy, at = y0 * width + x0;
        float fx = sx - (float)x0, fy = sy - (float)y0;
        out[i] = (1.0f - fy) * ((1.0f - fx) * pixels[at] + fx * pixels[at + 1]) +
                 fy * ((1.0f - fx) * pixels[at + width] + fx * pixels[at + width + 1]);
    }
}

/* Whether all samples x + u a11 + v a12, y + u a21 + v a22 with |u|, |v| <= half are within the image, and all of its
   pixels can be counted in 32 bits. */
ALWAYS_INLINE int square_is_within(const image_view *image, float x, float y, const float *frame, float half) {
    float wide = half * (fabsf(frame[0]) + fabsf(frame[1])) + 1.0f, high = half * (fabsf(frame[2]) + fabsf(frame[3])) + 1.0f;
    return x >= wide && y >= high && x + wide < (float)(image->width - 1) && y + high < (float)(image->height - 1) &&
           image->width * image->height < INT32_MAX;
}

#endif

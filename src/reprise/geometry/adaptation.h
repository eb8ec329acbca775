/* Affine adaptation of the shape of one keypoint (Baumberg, CVPR 2000), as in the Hessian-affine detector of Perdoch,
   Chum and Matas, CVPR 2009. */

#ifndef REPRISE_ADAPTATION_H
#define REPRISE_ADAPTATION_H

#include "bilinear.h"

#define LARGEST_WINDOW 65

typedef struct {
    int window;            /* side of the window in samples, odd */
    const double *weights; /* (window, window) */
    int iterations;
    double convergence;
    double anisotropy;
} adaptation;

/* The second moments of the gradients of a window: xx, xy, yy. */
ALWAYS_INLINE void second_moments(const float *window, int side, const double *weights, double *moments) {
    double xx = 0, xy = 0, yy = 0;
    for (int r = 0; r < side; r++) {
        const float *row = window + r * side;
        const float *above = r > 0 ? row - side : row, *below = r + 1 < side ? row + side : row;
        for (int c = 0; c < side; c++) {
            double gx = row[c + 1 < side ? c + 1 : c] - row[c > 0 ? c - 1 : c];
            double gy = below[c] - above[c];
            double weight = weights[r * side + c];
            xx += weight * gx * gx;
            xy += weight * gx * gy;
            yy += weight * gy * gy;
        }
    }
    moments[0] = xx, moments[1] = xy, moments[2] = yy;
}

/* The inverse square root of a symmetric matrix a, b, c, scaled to determinant 1. Returns how far it is from a circle,
   1 - (smaller / larger eigenvalue), or -1 where the matrix is not positive definite. */
ALWAYS_INLINE double inverse_root(double *a, double *b, double *c) {
    double half = 0.5 * (*a + *c), difference = 0.5 * (*a - *c);
    double radius = sqrt(difference * difference + *b * *b);
    double large = half + radius, determinant = *a * *c - *b * *b;
    if (!(determinant > 0.0) || !(large > 0.0)) return -1.0;
    double small = determinant / large;
    /* Eigenvalues of the scaled inverse root: (small / large)^(1/4) and its inverse. */
    double low = sqrt(sqrt(small / large)), high = 1.0 / low;
    double share = radius > 0.0 ? 0.5 / radius : 0.0; /* the root is mean * I - deviator */
    double mean = 0.5 * (low + high), spread = (high - low) * share;
    double aa = mean - spread * difference, bb = -spread * *b, cc = mean + spread * difference;
    *a = aa, *b = bb, *c = cc;
    return 1.0 - low / high;
}

/* Finds the shape (2, 2), of determinant 1, at a point; step is the distance of samples in pixels of the image.
   Returns the number of the iteration that converged, from 0, or -1. */
FOR_EACH_CPU
static int adapt_shape(const image_view *image, float x, float y, float step, const adaptation *how, double *shape) {
    float window[LARGEST_WINDOW * LARGEST_WINDOW];
    int half = how->window / 2;
    double before, now = 0.0;
    shape[0] = shape[3] = 1.0, shape[1] = shape[2] = 0.0;
    for (int iteration = 0; iteration < how->iterations; iteration++) {
        float a11 = (float)shape[0] * step, a12 = (float)shape[1] * step;
        float a21 = (float)shape[2] * step, a22 = (float)shape[3] * step;
        for (int j = -half; j <= half; j++) {
            float rx = x + (float)j * a12, ry = y + (float)j * a22;
            float *row = window + (j + half) * how->window + half;
            for (int i = -half; i <= half; i++)
                row[i] = sample_or_zero(image, rx + (float)i * a11, ry + (float)i * a21);
        }
        double m[3];
        second_moments(window, how->window, how->weights, m);
        before = now;
        now = inverse_root(m, m + 1, m + 2);
        if (now < 0.0) return -1;
        double u11 = m[0] * shape[0] + m[1] * shape[2], u12 = m[0] * shape[1] + m[1] * shape[3];
        double u21 = m[1] * shape[0] + m[2] * shape[2], u22 = m[1] * shape[1] + m[2] * shape[3];
        shape[0] = u11, shape[1] = u12, shape[2] = u21, shape[3] = u22;
        /* Too long, or with complex eigenvalues. */
        double trace = u11 + u22, under = trace * trace - 4.0 * (u11 * u22 - u12 * u21);
        if (under < 0.0) return -1;
        double root = sqrt(under), large = 0.5 * (trace + root), small = 0.5 * (trace - root);
        if (large > how->anisotropy * small) return -1;
        if (now < how->convergence && before < how->convergence) return iteration;
    }
    return -1;
}

#endif

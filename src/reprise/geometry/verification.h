/* Verification of one pair of images: hypotheses from single correspondences of affine frames, counted exhaustively. */

#ifndef REPRISE_VERIFICATION_H
#define REPRISE_VERIFICATION_H

#include <stdlib.h>

#include "portable.h"

#define PARAMETERS 6     /* of a transform: a00 a01 t0 a10 a11 t1 */
#define MOST_OPTIMISED 64
#define FLATTEST 1e-6    /* smallest ratio of the variances across and along points that are not on one line */

typedef struct {
    double threshold;   /* squared distance of an inlier, in squared pixels */
    double scale_ratio; /* largest ratio of the scales of an inlier, or infinity */
    int64_t optimised;  /* hypotheses that are optimised */
    int64_t iterations; /* of least squares */
} verification;

/* What one thread works with. Entries are of tentative correspondences, unless something else is said. */
typedef struct {
    double *qx, *qy, *dx, *dy; /* points of the query and of the database image */
    double *ratios;            /* scale in the database image by that in the query */
    double *residuals;         /* squared */
    int64_t *counts;           /* inliers of the hypothesis */
    int64_t *order;
    int64_t *inliers;
    int32_t *query_uses, *database_uses; /* of features: how many inliers have it; zeros between calls */
} workspace;

ALWAYS_INLINE double determinant(const double *frame) { return frame[0] * frame[3] - frame[1] * frame[2]; }

/* The transform that maps the frame of the query to that of the database: A = L_d L_q^-1, and the points. */
ALWAYS_INLINE void hypothesis(const double *query_frame, const double *database_frame, double qx, double qy, double dx,
                              double dy, double *model) {
    double det = determinant(query_frame);
    double i00 = query_frame[3] / det, i01 = -query_frame[1] / det;
    double i10 = -query_frame[2] / det, i11 = query_frame[0] / det;
    model[0] = database_frame[0] * i00 + database_frame[1] * i10;
    model[1] = database_frame[0] * i01 + database_frame[1] * i11;
    model[3] = database_frame[2] * i00 + database_frame[3] * i10;
    model[4] = database_frame[2] * i01 + database_frame[3] * i11;
    model[2] = dx - (model[0] * qx + model[1] * qy);
    model[5] = dy - (model[3] * qx + model[4] * qy);
}

/* The number of correspondences within the threshold of a transform. */
ALWAYS_INLINE int64_t count_inliers(const workspace *w, int64_t n, const double *m, double threshold, double low,
                                    double high) {
    const double *RESTRICT qx = w->qx, *RESTRICT qy = w->qy, *RESTRICT dx = w->dx, *RESTRICT dy = w->dy;
    const double *RESTRICT ratios = w->ratios;
    const double a = m[0], b = m[1], c = m[2], d = m[3], e = m[4], f = m[5];
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = a * qx[i] + b * qy[i] + c - dx[i], y = d * qx[i] + e * qy[i] + f - dy[i];
        count += (x * x + y * y <= threshold) & (ratios[i] >= low) & (ratios[i] <= high);
    }
    return count;
}

/* The scales that correspondences may have under a transform. */
ALWAYS_INLINE void scale_bounds(const verification *v, const double *m, double *low, double *high) {
    double scale = sqrt(fabs(m[0] * m[4] - m[1] * m[3]));
    *low = scale / v->scale_ratio, *high = scale * v->scale_ratio; /* 0 and infinity without a ratio */
}

/* The correspondences within the threshold, ascending, with their squared residuals. */
static int64_t list_inliers(const workspace *w, const verification *v, int64_t n, const double *m) {
    double low, high;
    int64_t count = 0;
    scale_bounds(v, m, &low, &high);
    for (int64_t i = 0; i < n; i++) {
        double x = m[0] * w->qx[i] + m[1] * w->qy[i] + m[2] - w->dx[i];
        double y = m[3] * w->qx[i] + m[4] * w->qy[i] + m[5] - w->dy[i];
        w->residuals[i] = x * x + y * y;
        if (w->residuals[i] <= v->threshold && w->ratios[i] >= low && w->ratios[i] <= high) w->inliers[count++] = i;
    }
    return count;
}

typedef struct {
    double key;
    int64_t index;
} keyed;

static int by_key(const void *left, const void *right) {
    const keyed *a = (const keyed *)left, *b = (const keyed *)right;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Keeps, of the `count` inliers, those of a one-to-one matching, ascending; returns how many. Inliers are taken in the
   ascending order of their residuals, and equal ones in their own; each feature is used once. If the number cannot be
   above `bound`, returns -1 instead. Inliers that share no feature with another are in the matching whatever the order,
   so that only the others are sorted. */
static int64_t one_to_one(workspace *w, const int32_t *pairs, int64_t count, int64_t bound, keyed *spare) {
    int64_t queries = 0, images = 0, shared = 0, kept = 0;
    for (int64_t k = 0; k < count; k++) {
        const int32_t *pair = pairs + 2 * w->inliers[k];
        queries += w->query_uses[pair[0]]++ == 0;
        images += w->database_uses[pair[1]]++ == 0;
    }
    int possible = (queries < images ? queries : images) > bound;
    if (possible && (queries < count || images < count)) {
        for (int64_t k = 0; k < count; k++) {
            const int32_t *pair = pairs + 2 * w->inliers[k];
            if (w->query_uses[pair[0]] > 1 || w->database_uses[pair[1]] > 1)
                spare[shared].key = w->residuals[w->inliers[k]], spare[shared++].index = k;
        }
        qsort(spare, (size_t)shared, sizeof(keyed), by_key);
        for (int64_t s = 0; s < shared; s++) { /* negative: used by the matching */
            int64_t k = spare[s].index;
            const int32_t *pair = pairs + 2 * w->inliers[k];
            if (w->query_uses[pair[0]] < 0 || w->database_uses[pair[1]] < 0) spare[s].key = -1;
            else w->query_uses[pair[0]] = w->database_uses[pair[1]] = -1;
        }
    }
    for (int64_t k = 0; k < count; k++) {
        const int32_t *pair = pairs + 2 * w->inliers[k];
        w->query_uses[pair[0]] = w->database_uses[pair[1]] = 0;
    }
    if (!possible) return -1;
    if (shared) {
        for (int64_t s = 0; s < shared; s++)
            if (spare[s].key < 0) w->inliers[spare[s].index] = -1;
    }
    for (int64_t k = 0; k < count; k++)
        if (w->inliers[k] >= 0) w->inliers[kept++] = w->inliers[k];
    return kept > bound ? kept : -1;
}

/* The affine transform of least squares on the first `count` inliers; 0 where they are on a line, or it mirrors. */
static int least_squares(const workspace *w, int64_t count, double *model) {
    double mean[4] = {0}, xx = 0, xy = 0, yy = 0, ux = 0, uy = 0, vx = 0, vy = 0;
    if (count < 3) return 0;
    for (int64_t k = 0; k < count; k++) {
        int64_t i = w->inliers[k];
        mean[0] += w->qx[i], mean[1] += w->qy[i], mean[2] += w->dx[i], mean[3] += w->dy[i];
    }
    for (int p = 0; p < 4; p++) mean[p] /= (double)count;
    for (int64_t k = 0; k < count; k++) {
        int64_t i = w->inliers[k];
        double x = w->qx[i] - mean[0], y = w->qy[i] - mean[1], u = w->dx[i] - mean[2], v = w->dy[i] - mean[3];
        xx += x * x, xy += x * y, yy += y * y, ux += u * x, uy += u * y, vx += v * x, vy += v * y;
    }
    double det = xx * yy - xy * xy, trace = xx + yy;
    if (!(det > FLATTEST * trace * trace)) return 0;
    model[0] = (ux * yy - uy * xy) / det, model[1] = (uy * xx - ux * xy) / det;
    model[3] = (vx * yy - vy * xy) / det, model[4] = (vy * xx - vx * xy) / det;
    model[2] = mean[2] - (model[0] * mean[0] + model[1] * mean[1]);
    model[5] = mean[3] - (model[3] * mean[0] + model[4] * mean[1]);
    return model[0] * model[4] - model[1] * model[3] > 0;
}

/* Optimises a transform with `score` inliers: least squares, as long as it is not worse. Returns the score. */
static int64_t optimise(workspace *w, const verification *v, const int32_t *pairs, int64_t n, int64_t score,
                        double *model, keyed *spare) {
    double next[PARAMETERS];
    int64_t count = one_to_one(w, pairs, list_inliers(w, v, n, model), -1, spare);
    for (int64_t iteration = 0; iteration < v->iterations; iteration++) {
        if (!least_squares(w, count, next)) break;
        count = one_to_one(w, pairs, list_inliers(w, v, n, next), score - 1, spare);
        if (count < score) break;
        score = count;
        memcpy(model, next, sizeof next);
    }
    return score;
}

/* Sorts 0 to n - 1 by descending counts, equal ones ascending. */
static void sort_by_count(const int64_t *counts, int64_t n, int64_t *order, keyed *spare) {
    for (int64_t i = 0; i < n; i++) spare[i].key = -(double)counts[i], spare[i].index = i;
    qsort(spare, (size_t)n, sizeof(keyed), by_key);
    for (int64_t i = 0; i < n; i++) order[i] = spare[i].index;
}

/* Verifies one pair of images with n tentative correspondences. Returns the number of inliers of the best transform,
   writes it to `model`, and leaves its inliers in w->inliers. Every correspondence gives a hypothesis. Those with most
   inliers, one to one, are optimised; of equal results the first one stays. */
FOR_EACH_CPU
static int64_t verify_pair(workspace *w, const verification *v, const double *query_points,
                           const double *query_frames, const double *database_points, const double *database_frames,
                           const int32_t *pairs, int64_t n, double *model, keyed *spare) {
    int64_t places[MOST_OPTIMISED], scores[MOST_OPTIMISED], chosen = 0, best = 0;
    double m[PARAMETERS], low, high;
    for (int64_t i = 0; i < n; i++) {
        const int32_t *pair = pairs + 2 * i;
        w->qx[i] = query_points[2 * pair[0]], w->qy[i] = query_points[2 * pair[0] + 1];
        w->dx[i] = database_points[2 * pair[1]], w->dy[i] = database_points[2 * pair[1] + 1];
        w->ratios[i] = sqrt(determinant(database_frames + 4 * pair[1]) / determinant(query_frames + 4 * pair[0]));
    }
    for (int64_t i = 0; i < n; i++) {
        const int32_t *pair = pairs + 2 * i;
        hypothesis(query_frames + 4 * pair[0], database_frames + 4 * pair[1], w->qx[i], w->qy[i], w->dx[i], w->dy[i],
                   m);
        scale_bounds(v, m, &low, &high);
        w->counts[i] = count_inliers(w, n, m, v->threshold, low, high);
    }
    sort_by_count(w->counts, n, w->order, spare);
    for (int64_t place = 0; place < n; place++) {
        int64_t i = w->order[place], bound = chosen < v->optimised ? 0 : scores[chosen - 1], at;
        const int32_t *pair = pairs + 2 * i;
        if (w->counts[i] <= bound) break; /* the number of inliers is never below that of those one to one */
        hypothesis(query_frames + 4 * pair[0], database_frames + 4 * pair[1], w->qx[i], w->qy[i], w->dx[i], w->dy[i],
                   m);
        int64_t score = one_to_one(w, pairs, list_inliers(w, v, n, m), bound, spare);
        if (score < 0) continue;
        if (chosen < v->optimised) chosen++;
        for (at = chosen - 1; at > 0 && scores[at - 1] < score; at--)
            scores[at] = scores[at - 1], places[at] = places[at - 1];
        scores[at] = score, places[at] = i;
    }
    for (int64_t k = 0; k < chosen; k++) {
        const int32_t *pair = pairs + 2 * places[k];
        int64_t i = places[k], score;
        hypothesis(query_frames + 4 * pair[0], database_frames + 4 * pair[1], w->qx[i], w->qy[i], w->dx[i], w->dy[i],
                   m);
        score = optimise(w, v, pairs, n, scores[k], m, spare);
        if (score > best) best = score, memcpy(model, m, sizeof m);
    }
    return best ? one_to_one(w, pairs, list_inliers(w, v, n, model), -1, spare) : 0;
}

#endif

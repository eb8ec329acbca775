"""Verification by single correspondences of affine frames, written down plainly."""

import numpy as np


def verify(query, database, pairs, threshold=8.0, scale_ratio=2.0, optimised=5, iterations=3):
    """The number of inliers, the transform (2, 3), and the rows of the inliers; 0, None, [] without pairs.

    ``query`` and ``database`` are keypoints (n, 2) and frames (n, 2, 2).
    """
    q, d = np.asarray(query[0], float)[pairs[:, 0]], np.asarray(database[0], float)[pairs[:, 1]]
    query_frames, frames = np.asarray(query[1], float)[pairs[:, 0]], np.asarray(database[1], float)[pairs[:, 1]]
    ratios = np.sqrt(np.linalg.det(frames) / np.linalg.det(query_frames))
    hypotheses = []
    for k in range(len(pairs)):
        matrix = frames[k] @ np.linalg.inv(query_frames[k])
        hypotheses.append(np.column_stack([matrix, d[k] - matrix @ q[k]]))

    def inliers(model):
        """All inliers, and those one to one, in the order of the pairs."""
        distances = ((q @ model[:, :2].T + model[:, 2] - d) ** 2).sum(axis=1)
        close = distances <= threshold**2
        if scale_ratio is not None:
            relative = ratios / np.sqrt(abs(np.linalg.det(model[:, :2])))
            close &= (relative >= 1 / scale_ratio) & (relative <= scale_ratio)
        used, kept = (set(), set()), []
        for k in sorted(np.flatnonzero(close), key=lambda k: (distances[k], k)):
            if pairs[k, 0] not in used[0] and pairs[k, 1] not in used[1]:
                kept.append(k)
                used[0].add(pairs[k, 0])
                used[1].add(pairs[k, 1])
        return int(close.sum()), sorted(kept)

    found = [inliers(model) for model in hypotheses]
    order = sorted(range(len(pairs)), key=lambda k: (-len(found[k][1]), -found[k][0], k))
    best = 0, None, []
    for k in order[: max(optimised, 1)]:
        model, kept = hypotheses[k], found[k][1]
        for _ in range(iterations if optimised else 0):
            refined = least_squares(q[kept], d[kept])
            if refined is None or len(inliers(refined)[1]) < len(kept):
                break
            model, kept = refined, inliers(refined)[1]
        if len(kept) > best[0]:
            best = len(kept), model, kept
    return best


def least_squares(q, d):
    """The affine transform that maps q closest to d; None for points on a line, or if it mirrors."""
    if len(q) < 3:
        return None
    x = q - q.mean(axis=0)
    spread = x.T @ x
    if not np.linalg.det(spread) > 1e-6 * np.trace(spread) ** 2:
        return None
    solution = np.linalg.lstsq(np.column_stack([q, np.ones(len(q))]), d, rcond=None)[0].T
    return solution if np.linalg.det(solution[:, :2]) > 0 else None


def word_pairs(query_words, words, most, limit):
    """Pairs of equal words: those of words with few pairs first, of at most ``most``, and at most ``limit`` in all."""
    groups = []
    for word in sorted(set(query_words) & set(words)):
        group = [(i, j) for i in np.flatnonzero(query_words == word) for j in np.flatnonzero(words == word)]
        if len(group) <= most:
            groups.append((len(group), word, group))
    return [pair for _, _, group in sorted(groups) for pair in group][:limit]

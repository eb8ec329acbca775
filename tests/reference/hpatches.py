"""The tasks of HPatches as they are defined: one distance at a time, and one sorted list for every score."""

import numpy as np

NOISES, IMAGES = "eht", 5


def average_precision(positive, scores, total):
    """Area below precision over recall by trapezoids, of elements by descending score; the curve begins at (0, 1)."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    recall, precision, area, found = 0.0, 1.0, 0.0, 0
    for place, element in enumerate(order, 1):
        found += positive[element]
        area += (found / total - recall) * (found / place + precision) / 2
        recall, precision = found / total, found / place
    return area


def verification(descriptors, tasks):
    """(noise, kind) -> average precision of all negatives and the first fifth of the positives, negatives first."""
    found = {}
    for noise in NOISES:
        positives = _distances(descriptors, tasks, tasks.positives, noise)
        positives = positives[: round(0.2 * len(positives))]
        for kind, pairs in (("intra", tasks.same_sequence), ("inter", tasks.different_sequence)):
            distances = _distances(descriptors, tasks, pairs, noise) + positives
            labels = [0] * len(pairs) + [1] * len(positives)
            found[noise, kind] = average_precision(labels, -np.array(distances), len(positives))
    return found


def matching(descriptors, tasks):
    """(3, S, 5) average precision of the nearest neighbours."""
    found = np.empty((len(NOISES), len(tasks.sequences), IMAGES))
    for level, number, image in np.ndindex(found.shape):
        images = descriptors[tasks.sequences[number]]
        reference, other = images["ref"], images[f"{NOISES[level]}{image + 1}"]
        right, distances = [], []
        for patch, descriptor in enumerate(reference):
            to_others = np.linalg.norm(other.astype(np.float64) - descriptor, axis=1)
            right.append(int(to_others.argmin() == patch))
            distances.append(to_others.min())
        found[level, number, image] = average_precision(right, -np.array(distances), len(reference))
    return found


def retrieval(descriptors, tasks, pools):
    """(3, Q, K) average precision among the five positives and the first distractors of other sequences."""
    found = np.empty((len(NOISES), len(tasks.queries), len(pools)))
    for level, row in np.ndindex(found.shape[:2]):
        sequence, patch = tasks.queries[row]
        images = descriptors[tasks.sequences[sequence]]
        query = images["ref"][patch].astype(np.float64)
        values = [images[f"{NOISES[level]}{image + 1}"][patch] for image in range(IMAGES)]
        for other, index in tasks.distractors:
            if other != sequence:
                values.append(descriptors[tasks.sequences[other]]["ref"][index])
        distances = np.array([np.linalg.norm(query - value) for value in values])
        for place, pool in enumerate(pools):
            labels = [1] * IMAGES + [0] * (min(pool, len(values)) - IMAGES)
            found[level, row, place] = average_precision(labels, -distances[:pool], IMAGES)
    return found


def _distances(descriptors, tasks, pairs, noise):
    def value(sequence, image, index):
        name = f"{noise}{image}" if image else "ref"
        return descriptors[tasks.sequences[sequence]][name][index].astype(np.float64)

    return [np.linalg.norm(value(*pair[:3]) - value(*pair[3:])) for pair in pairs.tolist()]

"""Small synthetic training data for AMES: every label is a handful of descriptors that its images show."""

import numpy as np

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.rankings import RankedList

DIM, ROWS = 24, 12


def write_features(path, labels, *, seed=0, least=6):
    """Images of ``labels`` with 6 to 12 descriptors, most of them those of the label with a little noise."""
    random = np.random.default_rng(seed)
    shown = np.random.default_rng(99).standard_normal((labels.max() + 1, ROWS, DIM))
    names = [f"{i:04}" for i in range(len(labels))]
    with feature_writer(path, DIM, {"recipe": "synthetic"}, layout="dense", names=names, num_features=ROWS) as writer:
        for name, label in zip(names, labels, strict=True):
            count = random.integers(least, ROWS + 1)
            values = shown[label, random.permutation(ROWS)[:count]] + 0.3 * random.standard_normal((count, DIM))
            values[: count // 4] = random.standard_normal((count // 4, DIM))
            weights = np.sort(random.uniform(1, 2, count))[::-1]
            writer.append(
                name,
                LocalFeatures(
                    values.astype(np.float32), weights.astype(np.float32),
                    np.zeros((count, 2), np.float32), np.zeros(count, np.float32),
                )
            )  # fmt: skip
    return path


def neighbors_of(labels, queries=None, *, seed=0):
    """A weak ranking: similarities of images of the same label are only somewhat higher."""
    random = np.random.default_rng(seed)
    rows = labels if queries is None else queries
    similarities = random.uniform(0.1, 0.8, (len(rows), len(labels))) + 0.15 * (rows[:, None] == labels)
    if queries is None:
        np.fill_diagonal(similarities, -1)
    order = np.argsort(-similarities, axis=1)[:, : len(labels) - (queries is None)]
    return RankedList(order.astype(np.int64), np.take_along_axis(similarities, order, axis=1).astype(np.float32))


def training_labels(labels=6, images=8):
    return np.random.default_rng(5).permutation(np.repeat(np.arange(labels), images))

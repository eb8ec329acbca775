"""A small set of PhotoTour patches: textures of points, each seen a few times under noise and small shifts."""

import numpy as np

from reprise.datasets.phototour import PhotoTour


def small_tour(points=40, seed=0, noise=40.0, pairs=400):
    """Patches of 32 x 32 of ``points`` points, three or four each, with as many matching pairs as others."""
    random = np.random.default_rng(seed)
    textures = random.normal(size=(points, 10, 10)).repeat(4, axis=1).repeat(4, axis=2) * 60 + 128
    labels = np.repeat(np.arange(points), 3 + np.arange(points) % 2)
    shifts = random.integers(0, 8, (len(labels), 2))
    patches = [textures[p][y : y + 32, x : x + 32] for p, (y, x) in zip(labels, shifts, strict=True)]
    patches = np.clip(np.array(patches) + random.normal(scale=noise, size=(len(labels), 32, 32)), 0, 255)
    first = random.integers(len(labels), size=pairs)
    second = np.array(
        [random.choice(np.flatnonzero((labels == labels[i]) == (n % 2 == 0))) for n, i in enumerate(first)]
    )
    return PhotoTour(
        patches.astype(np.uint8),
        labels.astype(np.int64),
        np.stack([first, second, labels[first] == labels[second]], axis=1).astype(np.int64),
    )

"""Random generators that depend on a key only, never on the order or the process in which things are drawn."""

import zlib

import numpy as np


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """Return the random generator of ``key`` under ``seed``; equal arguments give equal streams."""
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, key)).encode())])

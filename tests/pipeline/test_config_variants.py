"""Whatever YAML can hold, at any key: the configuration is read, or the error is one of ours and names the key."""

import copy
import datetime
import os
import random

import pytest
from shipped import read, shipped_config

from reprise.storage.errors import DataError

VALUES = [
    8.0, 8, -1, 0, 1e300, float("nan"), float("inf"), 10**30, True, False, None, "yes", "", "8", "64k", "a/b", "{x}",
    [], [[]], [None], {}, {"a": 1}, {2024: 1}, {None: None}, 2024, datetime.date(2024, 1, 1), b"x", [1, 0.5],
    ["rootsift", 3],
]  # fmt: skip
KEYS = [2024, True, None, 1.5, "yes", "a.b", "", "ä", "x" * 300, datetime.date(2024, 1, 1)]
TRIES = int(os.environ.get("REPRISE_HOSTILE", "80"))


@pytest.fixture(scope="module")
def shipped():
    return shipped_config("mini.yaml")


def places(entry, path=()):
    """All keys of nested mappings, and of lists."""
    found = (
        list(entry.items()) if isinstance(entry, dict) else list(enumerate(entry)) if isinstance(entry, list) else []
    )
    for key, inner in found:
        yield (*path, key)
        yield from places(inner, (*path, key))


def test_any_value_at_any_key(shipped):
    everything = list(places(shipped))
    for seed in range(TRIES):
        rng = random.Random(seed)
        config = copy.deepcopy(shipped)
        *path, last = rng.choice(everything)
        entry = config
        for key in path:
            entry = entry[key]
        if isinstance(entry, dict) and rng.random() < 0.3:
            last = rng.choice(KEYS)
        entry[last] = rng.choice(VALUES)
        try:
            read(config)
        except DataError as error:
            assert str(error).startswith("config"), (seed, path, last, str(error))

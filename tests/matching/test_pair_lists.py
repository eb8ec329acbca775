"""Matching of lists of pairs from files: as pair by pair, whatever the blocks, and each image read once in a block."""

from collections import Counter

import numpy as np
import pytest

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.named_features import open_named
from reprise.matching import mutual_nearest_neighbors
from reprise.matching.pair_lists import blocks, match_pairs
from reprise.storage.errors import DataError

DIM = 8
COUNTS = {"a": 300, "b": 250, "c": 0, "d": 1, "q": 280}
PAIRS = [("a", "b"), ("a", "c"), ("a", "q"), ("b", "d"), ("b", "q"), ("d", "q")]


def write(path, names, dim=DIM):
    with feature_writer(path, dim, {}) as writer:
        for name in names:
            rng = np.random.default_rng(ord(name))
            count = COUNTS[name]
            writer.append(
                name,
                LocalFeatures(
                    rng.normal(size=(count, dim)).astype(np.float32),
                    rng.random(count, np.float32),
                    rng.random((count, 2), np.float32),
                    np.ones(count, np.float32),
                ),
            )
    return str(path)


@pytest.fixture
def files(tmp_path):
    return [write(tmp_path / "database.h5", "abcd"), write(tmp_path / "queries.h5", "q")]


def test_pairs_are_matched_as_one_by_one_whatever_the_blocks_and_threads(files):
    with open_named(files) as features:
        expected = [mutual_nearest_neighbors(features.descriptors(a), features.descriptors(b)) for a, b in PAIRS]
        assert [len(each) for each in expected] != [0] * len(PAIRS)
        for memory, threads in ((1024, 2), (0, 1)):
            found = match_pairs(features, PAIRS, memory_mib=memory, threads=threads)
            assert [each.tolist() for each in found] == [each.tolist() for each in expected]


def test_each_image_is_read_once_in_a_block(files):
    with open_named(files) as features:
        read = Counter()
        once = features.descriptors
        features.descriptors = lambda name: read.update([name]) or once(name)
        match_pairs(features, PAIRS)
        assert read == dict.fromkeys("abcdq", 1)
        assert len(list(blocks(features, PAIRS, 1024))) == 1
        assert [pair for block in blocks(features, PAIRS, 0) for pair in block] == PAIRS


def test_distances_are_bounded(files):
    with open_named(files) as features:
        every, near = (match_pairs(features, PAIRS[:1], max_distance=bound)[0] for bound in (None, 0.5))
        assert 0 < len(near) < len(every)
        assert set(map(tuple, near)) < set(map(tuple, every))


def test_images_that_are_nowhere_or_twice_and_other_descriptors_are_refused(files, tmp_path):
    with open_named(files) as features, pytest.raises(DataError, match="have no image 'z'; give the features of all"):
        match_pairs(features, [("a", "z")])
    with (
        pytest.raises(DataError, match=r"again.h5: 'a' is an image of .*database.h5, too"),
        open_named([files[0], write(tmp_path / "again.h5", "a")]),
    ):
        pass
    with (
        pytest.raises(DataError, match="matching needs local descriptors of 8 dimensions"),
        open_named([files[0], write(tmp_path / "other.h5", "q", 4)]),
    ):
        pass

"""Ragged local features, read as AMES reads dense ones."""

import pickle

import numpy as np
import pytest

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.storage.errors import DataError

DIM = 8
STRENGTHS = ([0.1, 0.9, 0.5, 0.9], [], [0.3, 0.2])


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    with feature_writer(tmp_path / "x.h5", DIM, {"recipe": "{}"}) as writer:
        for image, scores in enumerate(STRENGTHS):
            count = len(scores)
            descriptors = rng.standard_normal((count, DIM)).astype(np.float32)
            keypoints, ones = np.zeros((count, 2), np.float32), np.ones(count, np.float32)
            writer.append(str(image), LocalFeatures(descriptors, np.array(scores, np.float32), keypoints, ones))
    return open_features(tmp_path / "x.h5")


def test_the_strongest_come_first(file):
    assert file.layout == "ragged" and (file.num_images, file.dim, file.num_features) == (3, DIM, 4)
    stored = [open_features(file.path).features(image).descriptors for image in range(3)]
    descriptors, counts = file.read(np.array([2, 0, 1, 0]), 3)
    assert descriptors.shape == (4, 3, DIM) and counts.tolist() == [2, 3, 0, 3]
    assert np.array_equal(descriptors[1], stored[0][[1, 3, 2]]) and np.array_equal(descriptors[3], descriptors[1])
    assert np.array_equal(descriptors[0, :2], stored[2]) and not descriptors[0, 2:].any()


def test_all_features_and_more_than_there_are(file):
    assert file.read([0, 2])[1].tolist() == [4, 2]
    descriptors, counts = file.read([0], 9)
    assert descriptors.shape == (1, 9, DIM) and counts.tolist() == [4]


def test_a_copy_for_another_process_reads_the_same(file):
    assert np.array_equal(pickle.loads(pickle.dumps(file)).read([0])[0], file.read([0])[0])


@pytest.mark.parametrize("rows, count, message", [([3], 1, "0 to 2"), ([-1], 1, "0 to 2"), ([0], 0, "at least 1")])
def test_bad_requests_are_refused(file, rows, count, message):
    with pytest.raises(DataError, match=message):
        file.read(rows, count)

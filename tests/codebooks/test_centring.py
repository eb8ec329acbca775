"""Codebooks of descriptors around their mean."""

import numpy as np
import pytest

from reprise.asmk import aggregate
from reprise.codebooks import Codebook
from reprise.codebooks.assigning import assign_features
from reprise.codebooks.centring import centred
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.hamming.embedding import HammingEmbedding
from reprise.hamming.stages import train_embedding
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def descriptors():
    """Unit vectors far from the origin, as RootSIFT."""
    values = np.random.default_rng(0).random((2000, 64), dtype=np.float32) ** 2
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def codebook(descriptors):
    return Codebook.train(descriptors, 16, centre=True)


def test_words_are_those_of_centred_descriptors(descriptors, codebook):
    mean = descriptors.mean(axis=0, dtype=np.float64).astype(np.float32)
    moved = centred(descriptors, mean)
    np.testing.assert_array_equal(codebook.mean, mean)
    np.testing.assert_allclose(np.linalg.norm(codebook.prepared(descriptors), axis=1), 1, atol=1e-6)
    by_hand = Codebook.train(moved, 16)
    np.testing.assert_array_equal(codebook.centroids, by_hand.centroids)
    np.testing.assert_array_equal(codebook.assign(descriptors, 3), by_hand.assign(moved, 3))
    assert not np.array_equal(codebook.assign(descriptors), by_hand.assign(descriptors))


def test_the_mean_is_in_the_file(descriptors, codebook, tmp_path):
    codebook.save(tmp_path / "centred.h5")
    loaded = Codebook.load(tmp_path / "centred.h5")
    np.testing.assert_array_equal(loaded.mean, codebook.mean)
    np.testing.assert_array_equal(loaded.assign(descriptors), codebook.assign(descriptors))
    plain = Codebook(codebook.centroids)
    plain.save(tmp_path / "plain.h5")
    assert Codebook.load(tmp_path / "plain.h5").mean is None and plain.prepared(descriptors) is descriptors


def test_signatures_are_those_of_centred_descriptors(descriptors, codebook, tmp_path):
    with feature_writer(tmp_path / "features.h5", 64, {}) as writer:
        for image in range(4):
            rows = descriptors[500 * image :][:500]
            writer.append(f"{image}", LocalFeatures(rows, np.ones(500), np.ones((500, 2)), np.ones(500)))
    codebook.save(tmp_path / "codebook.h5")
    parts = list(assign_features(tmp_path / "features.h5", codebook, num_features=None, nearest=1))
    moved = np.concatenate([part.descriptors for part in parts])
    np.testing.assert_array_equal(moved, centred(descriptors, codebook.mean))
    files = tmp_path / "features.h5", tmp_path / "codebook.h5", tmp_path / "embedding.h5"
    train_embedding(*files, num_features=None, bits=64, seed=0, attributes={})
    words = codebook.assign(descriptors)[:, 0]
    expected = HammingEmbedding.train(moved, words, 16, bits=64)
    np.testing.assert_array_equal(HammingEmbedding.load(files[2]).medians, expected.medians)


def test_residuals_of_centred_words_are_refused(descriptors, codebook):
    with pytest.raises(DataError, match="codebook: is centred"):
        aggregate(descriptors, codebook.assign(descriptors), np.zeros(2000, int), codebook)


@pytest.mark.parametrize("mean", [np.zeros(63), np.full(64, np.nan), np.zeros((1, 64))])
def test_a_mean_has_to_fit(codebook, mean):
    with pytest.raises(DataError, match="mean: expected 64 finite numbers"):
        Codebook(codebook.centroids, mean=mean)

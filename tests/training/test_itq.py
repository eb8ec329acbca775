"""The matrix that binary AMES networks start from."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.networks.ames import AMES
from reprise.storage.errors import DataError
from reprise.training.itq.quantisation import fit_binarizer, fit_itq, quantisation_loss, sample_descriptors
from reprise.training.itq.settings import ItqSettings


def descriptors(count=3000, dim=24, seed=0):
    random = np.random.default_rng(seed)
    X = random.standard_normal((count, dim)) * np.geomspace(3, 0.05, dim) + 0.2
    return (X @ np.linalg.qr(random.standard_normal((dim, dim)))[0]).astype(np.float32)


def test_columns_are_an_orthonormal_basis_of_the_leading_components():
    X = descriptors()
    W = fit_itq(X, 8)
    assert W.dtype == np.float32 and W.shape == (24, 8)
    np.testing.assert_allclose(W.T @ W, np.eye(8), atol=1e-5)
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    leading = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)[2][:8]
    np.testing.assert_allclose(np.linalg.norm(leading @ W, axis=1), 1, atol=1e-4)


def test_the_quantisation_loss_never_grows_and_ends_below_the_random_rotation():
    X = descriptors()
    losses = [quantisation_loss(X, fit_itq(X, 16, iterations=n)) for n in (0, 1, 2, 5, 20, 50)]
    assert all(after <= before + 1e-6 for before, after in pairwise(losses)), losses
    assert losses[-1] < losses[0] - 0.005


def test_lengths_of_descriptors_do_not_matter_and_the_seed_does():
    X = descriptors()
    lengths = 2.0 ** np.random.default_rng(1).integers(-3, 4, (len(X), 1)).astype(np.float32)
    np.testing.assert_allclose(fit_itq(X * lengths, 8), fit_itq(X, 8), atol=1e-5)
    np.testing.assert_array_equal(fit_itq(X, 8), fit_itq(X, 8))
    assert np.abs(fit_itq(X, 8, seed=1) - fit_itq(X, 8)).max() > 0.01


@pytest.fixture
def features(tmp_path):
    path = tmp_path / "local.h5"
    random = np.random.default_rng(0)
    names = [f"{i:03}" for i in range(60)]
    with feature_writer(path, 160, {"recipe": "r"}, layout="dense", names=names, num_features=30) as writer:
        for i, name in enumerate(names):
            n = 5 if i % 7 == 0 else 30
            values = random.standard_normal((n, 160)).astype(np.float32) + i
            writer.append(
                name,
                LocalFeatures(
                    values,
                    np.arange(n, 0, -1, dtype=np.float32),
                    np.zeros((n, 2), np.float32),
                    np.zeros(n, np.float32),
                ),
            )
    return path


def test_a_file_of_features_becomes_a_file_that_binary_networks_start_from(features, tmp_path):
    fit_binarizer(tmp_path / "W.pt", features, ItqSettings(descriptors=900, num_features=20, iterations=3))
    content = torch.load(tmp_path / "W.pt", weights_only=True)
    assert list(content) == ["W"] and content["W"].shape == (160, 128) and content["W"].dtype == torch.float32
    network = AMES(160, binarized=True, binarizer=tmp_path / "W.pt")
    assert torch.equal(network.remap_local[0].W, content["W"])


def test_samples_are_spread_over_images_and_hold_no_padding(features):
    file = open_features(features)
    sample = sample_descriptors(file, 600, 20, seed=0)
    images = np.bincount(np.rint(sample.mean(axis=1)).astype(int), minlength=60)
    assert images[::7].tolist() == [5] * 9
    assert set(np.delete(images, np.arange(0, 60, 7))) == {10}
    assert len(sample_descriptors(file, 20, 20, seed=0)) == 20
    assert len(sample_descriptors(file, 10**6, 400, seed=0)) == 9 * 5 + 51 * 30


def test_too_little_data_are_refused():
    with pytest.raises(DataError, match="128 bits need at least 128 descriptors"):
        fit_itq(np.ones((100, 200), np.float32))
    with pytest.raises(DataError, match="NaN"):
        fit_itq(np.full((300, 200), np.nan, np.float32))

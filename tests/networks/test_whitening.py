"""PCA whitening, and the reduction that is made from it."""

import numpy as np
import pytest
import torch
from reference.weights import fill_weights

from reprise.networks.how import HOW
from reprise.networks.whitening import initialise_reduction, reduction, whitening
from reprise.storage.errors import DataError


def up_to_sign(columns, expected):
    """``columns`` with the signs of ``expected``."""
    return columns * np.sign((columns * expected).sum(axis=0))


@pytest.mark.parametrize(("key", "shrinkage"), [("P", 1.0), ("P_half", 0.5)])
def test_golden_projection(golden, key, shrinkage):
    arrays = golden("whitening")
    mean, P = whitening(arrays["X"], shrinkage)
    np.testing.assert_allclose(mean, arrays["mean"], atol=1e-6)
    np.testing.assert_allclose(up_to_sign(P, arrays[key]), arrays[key], atol=1e-6)


def test_golden_application(golden):
    arrays = golden("whitening")
    W, b = reduction(*whitening(arrays["X"]), dim=16)
    assert W.shape == (16, 48, 1, 1)
    assert W.dtype == b.dtype == np.float32
    expected = arrays["applied16"]  # of the first rows, normalised
    applied = arrays["X"][: len(expected)] @ W[:, :, 0, 0].T.astype(np.float64) + b
    applied /= np.linalg.norm(applied, axis=1, keepdims=True) + 1e-6
    np.testing.assert_allclose(up_to_sign(applied, expected), expected, atol=1e-6)


def test_whitened_data_are_uncorrelated_with_unit_variance():
    X = np.random.default_rng(0).normal(size=(500, 6)) @ np.random.default_rng(1).normal(size=(6, 6)) + 3
    mean, P = whitening(X)
    applied = (X - mean) @ P
    np.testing.assert_allclose(applied.T @ applied / len(X), np.eye(6), atol=1e-9)
    assert (np.diff(np.linalg.norm(P, axis=0)) > 0).all()  # by descending variance of X


@pytest.mark.parametrize("X", [np.zeros(5), np.zeros((1, 5)), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
def test_unfit_data(X):
    with pytest.raises(DataError, match="^X: "), np.errstate(invalid="ignore"):
        whitening(X)


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(1, 3, 40, 48 + 8 * i, generator=generator) for i in range(4)]


def test_initialised_reduction_is_the_whitening_of_all_features_together(images):
    network = fill_weights(HOW("resnet18", 3, dim=8, smoothing=3))
    trunk = fill_weights(HOW("resnet18", 3, dim=None, smoothing=3))
    X = np.concatenate([trunk.forward_local(image, 90, (1.0,)).descriptors for image in images])
    assert len(X) == 4 * 90
    W, b = reduction(*whitening(X), dim=8)
    initialise_reduction(network, iter(images), num_features=90)
    ours = np.vstack([network.dim_reduction.weight.detach().numpy()[:, :, 0, 0].T, network.dim_reduction.bias.detach()])
    expected = np.vstack([W[:, :, 0, 0].T, b])
    np.testing.assert_allclose(up_to_sign(ours, expected), expected, rtol=1e-6, atol=1e-6 * np.abs(W).max())
    local = np.concatenate([network.forward_local(image, 90, (1.0,)).descriptors for image in images])
    np.testing.assert_allclose(np.cov(local.T, bias=True), np.eye(8), atol=1e-3)
    assert network.dim_reduction.weight.requires_grad


def test_too_few_features(images):
    network = fill_weights(HOW("resnet18", 3, dim=32))
    with pytest.raises(DataError, match="images: gave 20 features, too few"):
        initialise_reduction(network, images[:2], num_features=10)


def test_a_network_without_reduction(images):
    with pytest.raises(DataError, match="has no reduction"):
        initialise_reduction(HOW("resnet18", 3, dim=None), images)

"""Normalisation of descriptors before the HPatches tasks."""

import numpy as np
import pytest

from reprise.evaluation.hpatches_normalisation import matlab_normalisation, python_normalisation


@pytest.fixture
def blocks():
    random = np.random.default_rng(0)
    mixing = random.normal(size=(10, 10)) * np.arange(1, 11)
    return [(random.normal(size=(count, 10)) @ mixing + 5).astype(np.float32) for count in (300, 500)]


def covariance(rows):
    return np.cov(rows.T, bias=True)


def test_whitening_of_all_directions(blocks):
    found = matlab_normalisation(blocks, power=1.0)
    rows = np.concatenate(blocks).astype(float)
    white = (rows - found.mean) @ found.whitening
    np.testing.assert_allclose(covariance(white), np.eye(10), atol=1e-4)  # 1e-6 is added to the eigenvalues
    np.testing.assert_allclose(found.whitening, found.whitening.T)  # so that the directions keep their meaning


def test_small_directions_are_raised_to_the_limit(blocks):
    rows = np.concatenate(blocks).astype(float)
    values, vectors = np.linalg.eigh(covariance(rows))
    python = python_normalisation(blocks)
    left = np.diag(vectors.T @ covariance((rows - rows.mean(axis=0)) @ python.whitening) @ vectors)
    np.testing.assert_allclose(left, np.minimum(values / values[6], 1), rtol=1e-6)  # 6 = int(0.6 * 10)
    first = np.searchsorted(np.cumsum(values) / values.sum(), 0.25)
    matlab = matlab_normalisation(blocks, clipped_energy=0.25)
    left = np.diag(vectors.T @ covariance((rows - matlab.mean) @ matlab.whitening) @ vectors)
    np.testing.assert_allclose(left, np.minimum(values / values[first], 1), rtol=1e-4)


def test_files_are_centred_by_their_own_mean_in_one_of_them(blocks):
    rows = blocks[0]
    for normalisation, own in ((python_normalisation(blocks), True), (matlab_normalisation(blocks), False)):
        mean = rows.astype(float).mean(axis=0) if own else np.concatenate(blocks).astype(float).mean(axis=0)
        white = (rows - mean) @ normalisation.whitening
        expected = np.sign(white) * np.sqrt(np.abs(white))
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(normalisation.apply(rows), expected, atol=1e-6)


def test_nothing_left_becomes_zeros(blocks):
    constant = np.full((3, 10), 4.0)
    assert not python_normalisation(blocks).apply(constant).any()


def test_unfit_descriptors(blocks):
    with pytest.raises(ValueError, match="there are none"):
        python_normalisation([])
    with pytest.raises(ValueError, match="10 of 10 directions have no variance"):
        python_normalisation([np.ones((50, 10))])
    with pytest.raises(ValueError, match="clipped_energy: 1"):
        matlab_normalisation(blocks, 1)
    with pytest.raises(ValueError, match="the shape is"):
        python_normalisation(blocks).apply(np.ones((3, 9)))
    with pytest.raises(ValueError, match="not all finite"):
        python_normalisation(blocks).apply(np.full((3, 10), np.nan))

"""Affine adaptation of the shapes of keypoints."""

import numpy as np
import pytest
from reference import hessian_affine as reference

from reprise.geometry.adaptation import Adaptation, adapt_shapes, window_weights
from reprise.storage.errors import DataError


def blob(covariance):
    y, x = np.mgrid[:120, :120] - 60.0
    d = np.stack([x, y], axis=-1)
    inverse = np.linalg.inv(covariance)
    return (200 * np.exp(-0.5 * np.einsum("...i,ij,...j", d, inverse, d))).astype(np.float32)


def test_the_shape_of_a_blob_is_that_of_its_ellipse():
    covariance = np.array([[90.0, -25.0], [-25.0, 40.0]])
    (shape,), (iteration,) = adapt_shapes(blob(covariance), np.array([[60.0, 60.0]]), np.array([4.0]), Adaptation())
    assert 0 < iteration < 16
    np.testing.assert_allclose(shape @ shape.T, covariance / np.sqrt(np.linalg.det(covariance)), atol=0.05)
    assert np.linalg.det(shape) == pytest.approx(1)


def test_a_circle_converges_at_once():
    shapes, iterations = adapt_shapes(blob(50 * np.eye(2)), np.array([[60.0, 60.0]]), np.array([1.0]), Adaptation())
    np.testing.assert_array_equal(iterations, [0])
    np.testing.assert_allclose(shapes, np.eye(2)[None], atol=1e-3)


@pytest.mark.parametrize(
    ("image", "how"),
    [
        (np.full((120, 120), 50, np.float32), Adaptation()),  # no gradient
        (blob(np.diag([400.0, 4.0])), Adaptation()),  # too long
        (blob(np.diag([90.0, 40.0])), Adaptation(iterations=2)),
        (np.zeros((1, 1), np.float32), Adaptation()),
    ],
)
def test_what_does_not_converge(image, how):
    _, iterations = adapt_shapes(image, np.array([[60.0, 60.0]]), np.array([4.0]), how)
    np.testing.assert_array_equal(iterations, [-1])


def test_the_weights_are_those_written_plainly():
    np.testing.assert_allclose(window_weights(19), reference.mask(), rtol=1e-12)
    assert window_weights(7).shape == (7, 7)


@pytest.mark.parametrize("window", [18, 1, 67])
def test_an_unfit_window(window):
    with pytest.raises(DataError, match=f"window: {window} is not odd"):
        Adaptation(window=window)

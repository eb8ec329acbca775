"""Sampling of dense maps, against the published one and against exact places."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from reprise.geometry import sample_map
from reprise.geometry.conventions import from_opencv
from reprise.storage.errors import DataError


@pytest.mark.parametrize("name", ["divisible", "padded"])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_published_sampling(golden, name, kind):
    arrays = golden("hndesc_training_sample")
    height, width = arrays[f"sampling_{name}_image_hw"]
    keypoints = from_opencv(arrays[f"sampling_{name}_keypoints"])
    sampled = sample_map(kind(arrays[f"sampling_{name}_map"]), keypoints, (width, height), mode="legacy")
    assert sampled.dtype == kind(np.zeros(1, np.float32)).dtype
    sampled = np.asarray(sampled)
    np.testing.assert_allclose(sampled, arrays[f"sampling_{name}_not_normalised"], atol=1e-5)
    unit = sampled / np.linalg.norm(sampled, axis=1, keepdims=True)
    np.testing.assert_allclose(unit, arrays[f"sampling_{name}_descriptors"], atol=1e-5)


@pytest.mark.parametrize(
    ("x", "width", "columns", "index"),
    [(4, 640, 160, 0.501565), (319.5, 640, 160, 79.5), (635, 640, 160, 158.498430), (4, 1023, 256, 0.501957)],
)
def test_published_places(x, width, columns, index):
    ramp = np.tile(np.arange(columns, dtype=np.float64), (1, 3, 1))
    sampled = sample_map(ramp, from_opencv(np.array([[x, 5.0]])), (width, 11), mode="legacy")
    assert sampled[0, 0] == pytest.approx(index, abs=1e-5)


def test_exact_places():
    y, x = np.mgrid[:24, :32] + 0.5
    ramps = np.stack([x, y])
    points = np.array([[0.5, 0.5], [3.25, 17.75], [31.5, 23.5], [16, 12]])
    np.testing.assert_allclose(sample_map(ramps, points, (32, 24), mode="exact"), points)
    # A cell of a map of a quarter of the size covers four pixels.
    coarse = ramps.reshape(2, 6, 4, 8, 4).mean(axis=(2, 4))
    inner = np.array([[2, 2], [9.25, 17.75], [30, 22]])
    np.testing.assert_allclose(sample_map(coarse, inner, (32, 24), mode="exact"), inner)


def test_exact_sampling_does_not_ask_for_the_size_of_the_network():
    features = np.random.default_rng(0).normal(size=(5, 9, 12))
    points = np.random.default_rng(1).uniform(0, 48, (40, 2))
    once = sample_map(features, points, (48, 48), mode="exact")
    np.testing.assert_allclose(sample_map(features, points * 2.5, (120, 120), mode="exact"), once)


def test_exact_sampling_continues_the_outermost_cells():
    features = np.random.default_rng(0).normal(size=(3, 4, 6))
    corners = np.array([[0, 0], [48, 0], [0, 32], [48, 32]])
    np.testing.assert_array_equal(
        sample_map(features, corners, (48, 32), mode="exact"), features[:, [0, 0, 3, 3], [0, 5, 0, 5]].T
    )


@pytest.mark.parametrize("size", [(163, 125), (160, 128)])
def test_both_as_torch_samples(size):
    random = np.random.default_rng(2)
    features = torch.from_numpy(random.normal(size=(1, 7, 32, 44)))
    points = random.uniform(0, 1, (50, 2)) * size
    normalised = torch.from_numpy((points - 0.5) / ((np.array(size) - 1) / 2) - 1)[None, None]
    expected = functional.grid_sample(features, normalised, "bilinear", "zeros", align_corners=False)[0, :, 0].T
    np.testing.assert_allclose(sample_map(features, points, size, mode="legacy"), expected, atol=1e-12)
    normalised = torch.from_numpy(points / np.array(size) * 2 - 1)[None, None]
    expected = functional.grid_sample(features, normalised, "bilinear", "border", align_corners=False)[0, :, 0].T
    np.testing.assert_allclose(sample_map(features, points, size, mode="exact"), expected, atol=1e-12)


def test_gradients_flow_back_to_the_map():
    features = torch.randn(4, 5, 6, requires_grad=True)
    sample_map(features, np.array([[10.0, 10.0], [30.0, 20.0]]), (48, 40)).sum().backward()
    assert features.grad.sum() == pytest.approx(4 * 2, abs=1e-4)


def test_no_keypoints():
    assert sample_map(np.zeros((4, 5, 6)), np.zeros((0, 2)), (48, 40)).shape == (0, 4)


@pytest.mark.parametrize(
    ("shape", "points", "options", "message"),
    [
        ((2, 4, 5, 6), (3, 2), {}, r"map \(2, 4, 5, 6\).*give one image"),
        ((4, 5, 6), (3, 3), {}, r"keypoints \(3, 3\)"),
        ((4, 5, 6), (3, 2), {"mode": "nearest"}, "'nearest' is not one of legacy, exact"),
        ((4, 5, 6), (3, 2), {"size": (1, 40)}, r"\(1, 40\) is one pixel wide"),
    ],
)
def test_what_does_not_fit(shape, points, options, message):
    size = options.pop("size", (48, 40))
    with pytest.raises(DataError, match=message):
        sample_map(np.zeros(shape), np.ones(points), size, **options)

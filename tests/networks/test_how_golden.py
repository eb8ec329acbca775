"""HOW against the outputs of the published implementation."""

import numpy as np
import pytest
import torch
from reference.weights import fill_weights

from reprise.networks.how import HOW

CASES = {"how_resnet18_skip0": ("resnet18", 0), "how_resnet50_skip1": ("resnet50", 1)}
TOLERANCE = 1e-4  # relative


@pytest.fixture(scope="module", params=CASES)
def case(request, golden):
    arrays = golden(request.param)
    return fill_weights(HOW(*CASES[request.param]), int(arrays["seed"])), arrays


@pytest.fixture(params=["plain", "for_inference"])
def network(request, case):
    return case[0].for_inference() if request.param == "for_inference" else case[0]


def test_state_dict_keys_are_the_published_ones(case):
    network, arrays = case
    assert sorted(network.state_dict()) == sorted(arrays["keys"].tolist())


def test_local_features(network, case):
    arrays = case[1]
    features = network.forward_local(torch.from_numpy(arrays["image"]), num_features=300)
    assert len(features) == len(arrays["attention"])
    assert features.descriptors.dtype == features.scores.dtype == features.keypoints.dtype == np.float32
    np.testing.assert_allclose(features.scores, arrays["attention"], rtol=TOLERANCE)
    assert (np.diff(features.scores) <= 0).all()
    ours, published = _rows_by_cell(features, network.stride), _published_rows_by_cell(arrays)
    assert ours.keys() == published.keys()
    scale = np.abs(arrays["descriptors"]).max()
    for cell, row in published.items():
        np.testing.assert_allclose(
            features.descriptors[ours[cell]],
            arrays["descriptors"][row],
            rtol=TOLERANCE,
            atol=TOLERANCE * scale,
        )
        # Only cells of equal strength may have changed places.
        assert features.scores[row] == pytest.approx(arrays["attention"][row], rel=TOLERANCE)
        assert features.scores[ours[cell]] == pytest.approx(arrays["attention"][row], rel=TOLERANCE)


@pytest.mark.parametrize(("key", "scales"), [("global_1", (1.0,)), ("global_ms", (1.0, 0.707))])
def test_global_descriptor(network, case, key, scales):
    image = torch.from_numpy(case[1]["image"])
    descriptor = network.forward_global(image, scales).detach().numpy()
    expected = case[1][key]
    np.testing.assert_allclose(descriptor, expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max())


def test_for_inference_leaves_the_network_as_it_is(case):
    network, _ = case
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    network.for_inference()
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[key], before[key]) for key in before)


def _rows_by_cell(features, stride):
    """Row of each feature by (scale, x, y), the cell being recovered from the location."""
    scales = features.scales.astype(np.float64)
    cells = features.keypoints.astype(np.float64) * scales[:, None] / stride - 0.5
    np.testing.assert_allclose(cells, np.round(cells), atol=1e-4)
    return {
        (float(np.float16(scale)), int(x), int(y)): row
        for row, (scale, (x, y)) in enumerate(zip(scales, np.round(cells), strict=True))
    }


def _published_rows_by_cell(arrays):
    cells = zip(arrays["scales"], arrays["locations"], strict=True)
    return {(float(scale), int(x), int(y)): row for row, (scale, (x, y)) in enumerate(cells)}

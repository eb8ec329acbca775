"""HOW: shapes, orders, and what it refuses."""

import numpy as np
import pytest
import torch
from reference.weights import fill_weights

from reprise.networks.how import HOW
from reprise.networks.how_settings import SCALES
from reprise.networks.resnet import resnet_trunk, trunk_dim, trunk_stride
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def small():
    """A network of one stage: quick."""
    return fill_weights(HOW("resnet18", skip_stages=3, dim=8))


def image(height, width, seed=0):
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("backbone", "skip", "channels", "stride", "parameters"),
    [("resnet18", 0, 512, 32, 11_176_512), ("resnet50", 1, 1024, 16, 8_543_296), ("resnet101", 0, 2048, 32, None)],
)
def test_published_trunks(backbone, skip, channels, stride, parameters):
    trunk = resnet_trunk(backbone, skip)
    assert (trunk_dim(backbone, skip), trunk_stride(skip)) == (channels, stride)
    if parameters:
        assert sum(p.numel() for p in trunk.parameters()) == parameters
    assert trunk.eval()(image(64, 65)).shape == (1, channels, -(-64 // stride), -(-65 // stride))


def test_the_bottleneck_has_its_stride_in_the_3x3_convolution():
    block = resnet_trunk("resnet50", 2)[5][0]
    assert [c.stride for c in (block.conv1, block.conv2, block.conv3)] == [(1, 1), (2, 2), (1, 1)]


@pytest.mark.parametrize(
    ("backbone", "skip", "cells"),
    [
        ("resnet18", 0, [3072, 1564, 768, 391, 192, 108, 48]),
        ("resnet50", 1, [12288, 6188, 3072, 1564, 768, 391, 192]),
    ],
)
def test_cells_of_a_photograph_at_the_published_scales(backbone, skip, cells, monkeypatch):
    network = HOW(backbone, skip, dim=None, smoothing=None)
    sizes = []

    def trunk(x):
        sizes.append(tuple(x.shape[2:]))
        rows, columns = ((length - 1) // network.stride + 1 for length in x.shape[2:])
        return torch.ones(1, 1, rows, columns)

    monkeypatch.setattr(network.features, "forward", trunk)
    features = network.forward_local(torch.zeros(1, 3, 768, 1024), num_features=None)
    assert sizes == [(1536, 2048), (1085, 1447), (768, 1024), (542, 723), (384, 512), (271, 361), (192, 256)]
    assert len(features) == sum(cells)
    # All are equally strong, so that they keep their order.
    np.testing.assert_array_equal(features.scales, np.repeat(np.float32(SCALES), cells))


def test_equal_strengths_keep_their_order_and_locations_are_in_pixels(small, monkeypatch):
    maps = iter([[[1.0, 3.0, 1.0], [3.0, 2.0, 1.0]], [[3.0]]])
    monkeypatch.setattr(small.features, "forward", lambda x: torch.tensor(next(maps))[None, None].repeat(1, 64, 1, 1))
    features = small.forward_local(image(16, 16), num_features=5, scales=(2.0, 0.5))
    np.testing.assert_allclose(features.scores, [1, 1, 1, 2 / 3, 1 / 3], rtol=1e-6)
    # stride 4: cell (1, 0) of scale 2 is at (4 * 1.5 / 2, 4 * 0.5 / 2), cell (0, 0) of scale 0.5 at 4 * 0.5 / 0.5.
    np.testing.assert_array_equal(features.keypoints, [[3, 1], [1, 3], [4, 4], [3, 3], [1, 1]])
    np.testing.assert_array_equal(features.scales, np.float32([2, 2, 0.5, 2, 2]))


def test_num_features(small):
    whole = small.forward_local(image(40, 56), num_features=None)
    assert len(whole) == sum(-(-int(40 * s) // 4) * -(-int(56 * s) // 4) for s in SCALES)
    first = small.forward_local(image(40, 56), num_features=7)
    for field in ("descriptors", "scores", "keypoints", "scales"):
        np.testing.assert_array_equal(getattr(first, field), getattr(whole, field)[:7])


def test_smoothing_averages_the_cells_that_exist():
    network = fill_weights(HOW("resnet18", 3, dim=None, smoothing=3))
    rough = fill_weights(HOW("resnet18", 3, dim=None, smoothing=None))
    x = image(12, 16)
    maps = rough.features(x)[0].detach().numpy().astype(np.float64)
    smooth = np.stack(
        [maps[:, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean(axis=(1, 2)) for y in range(3) for x in range(4)]
    )
    scores = np.sqrt((maps**2).sum(axis=0) + 1e-10).ravel()
    order = np.argsort(-scores, kind="stable")
    features = network.forward_local(x, None, (1.0,))
    np.testing.assert_allclose(features.descriptors, smooth[order], rtol=1e-5)
    np.testing.assert_allclose(features.scores, (scores / scores.max())[order], rtol=1e-5)


def test_the_global_descriptor_is_the_weighted_sum_of_the_local_ones(small):
    scales = (1.0, 0.5)
    local = small.forward_local(image(40, 56), None, scales)
    total = (local.descriptors * local.scores[:, None]).astype(np.float64).sum(axis=0)
    descriptor = small.forward_global(image(40, 56), scales)
    np.testing.assert_allclose(descriptor[0].detach(), total / np.linalg.norm(total), atol=1e-5)


def test_the_global_descriptor_has_gradients_and_batch_norms_stay_frozen():
    network = fill_weights(HOW("resnet18", 3, dim=8)).train()
    statistics = {k: v.clone() for k, v in network.state_dict().items() if "running" in k}
    network(image(40, 56))[0, 0].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    assert network.training
    assert all(torch.equal(network.state_dict()[key], value) for key, value in statistics.items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backbone": "resnet34"}, "backbone.*resnet18, resnet50, resnet101"),
        ({"skip_stages": 4}, "skip_stages.*0, 1, 2, 3"),
        ({"dim": 0}, "dim: 0 is not between 1 and 512"),
        ({"dim": 513}, "dim: 513 is not between 1 and 512"),
        ({"smoothing": 2}, "smoothing: 2 is not an odd"),
    ],
)
def test_unfit_arguments(arguments, message):
    with pytest.raises(DataError, match=message):
        HOW(**arguments)


@pytest.mark.parametrize(
    ("x", "scales", "message"),
    [
        (torch.zeros(3, 8, 8), (1.0,), r"image: the shape is \(3, 8, 8\)"),
        (torch.zeros(2, 3, 8, 8), (1.0,), "one image at a time"),
        (torch.zeros(1, 1, 8, 8), (1.0,), r"\(1, 3, H, W\)"),
        (torch.full((1, 3, 8, 8), torch.nan), (1.0,), "image: .*not finite"),
        (torch.full((1, 3, 8, 8), torch.inf), (1.0,), "image: .*not finite"),
        (torch.zeros(1, 3, 8, 8), (), "scales: are empty"),
        (torch.zeros(1, 3, 3, 800), (1.0, 0.25), "scales: 0.25 leaves no pixel of an image of 800 x 3"),
        (torch.zeros(1, 3, 8, 8), (-1.0,), "scales: -1.0"),
    ],
)
def test_unfit_images_and_scales(small, x, scales, message):
    with pytest.raises(DataError, match=message):
        small.forward_local(x, scales=scales)
    with pytest.raises(DataError, match=message):
        small.forward_global(x, scales=scales)


@pytest.mark.parametrize("num_features", [0, -1, 2.5, "9", True, np.nan])
def test_unfit_numbers_of_features(small, num_features):
    with pytest.raises(DataError, match="num_features: "):
        small.forward_local(image(32, 32), num_features, (1.0,))


@pytest.mark.parametrize("num_features", [2, np.int64(2), 2.0, np.array(2)])
def test_numbers_of_features_as_people_have_them(small, num_features):
    assert len(small.forward_local(image(64, 64), num_features, (1.0,))) == 2


def test_diverged_weights_give_no_features():
    network = fill_weights(HOW("resnet18", 3, dim=8))
    torch.nn.init.constant_(network.features[0].weight, torch.nan)
    with pytest.raises(DataError, match="diverged"):
        network.forward_local(image(16, 16), scales=(1.0,))


def test_an_image_without_any_contrast_has_features_all_the_same(small):
    features = small.forward_local(torch.zeros(1, 3, 32, 32), num_features=10)
    assert len(features) == 10
    assert np.isfinite(features.descriptors).all()

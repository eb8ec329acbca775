"""Networks of dense maps: against published outputs, and their files of weights."""

import copy
import json

import numpy as np
import pytest
import torch
from reference.weights import fill_weights

from reprise.images.tensors import IMAGENET, to_tensor
from reprise.networks import CAPS, R2D2, HNDesc, SuperPoint
from reprise.storage.errors import DataError

TOLERANCE = 1e-4  # relative


def assert_close(values, expected):
    assert values.shape == expected.shape
    np.testing.assert_allclose(values, expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max())


@pytest.fixture(scope="module")
def u_net():
    """An HNDesc with the U-Net, whose weights every test shares."""
    return fill_weights(HNDesc("caps"), 0).eval()


@pytest.fixture(scope="module")
def caps(u_net):
    network = CAPS().eval()
    network.load_state_dict(u_net.state_dict())
    return network


@pytest.fixture
def networks(u_net, caps):
    return {
        "hndesc_caps": u_net,
        "hndesc_r2d2": fill_weights(HNDesc("r2d2")).eval(),
        "caps": caps,
        "r2d2": fill_weights(R2D2()).eval(),
        "superpoint": fill_weights(SuperPoint()).eval(),
        "superpoint_mit": fill_weights(SuperPoint("mit")).eval(),
    }


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "for_inference"])
@pytest.mark.parametrize("backbone", ["caps", "r2d2"])
@torch.inference_mode()
def test_golden_hndesc(golden, networks, backbone, fast):
    arrays = golden(f"hndesc_{backbone}")
    network = networks[f"hndesc_{backbone}"]
    assert sorted(network.state_dict()) == sorted(arrays["keys"].tolist())
    found = (network.for_inference() if fast else network)(torch.from_numpy(arrays["image"]))
    assert tuple(found.shape) == tuple(arrays["shape"])
    assert_close(found[:, :, ::3, ::3], arrays["every_third"])


@torch.inference_mode()
def test_caps_adds_the_coarse_map_to_that_of_hndesc(golden, networks):
    image = torch.from_numpy(golden("hndesc_caps")["image"])
    coarse, fine = networks["caps"](image)
    assert coarse.shape == (1, 128, 9, 11)
    torch.testing.assert_close(fine, networks["hndesc_caps"](image), rtol=0, atol=0)


@pytest.mark.parametrize(("height", "width"), [(480, 640), (481, 643), (256, 256)])
def test_size_of_the_map_of_the_u_net(networks, height, width):
    network = copy.deepcopy(networks["hndesc_caps"]).to("meta")
    found = network(torch.empty(1, 3, height, width, device="meta"))
    assert tuple(found.shape[2:]) == (4 * -(-height // 16), 4 * -(-width // 16))


@pytest.mark.parametrize(
    ("name", "tensors", "parameters"),
    [
        ("hndesc_caps", 300, 20_508_992), ("hndesc_r2d2", 42, 484_000), ("superpoint", 24, 1_300_865),
    ],
)  # fmt: skip
def test_numbers_of_parameters(networks, name, tensors, parameters):
    state = networks[name].state_dict()
    assert len(state) == tensors
    assert sum(value.numel() for value in networks[name].parameters()) == parameters


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "for_inference"])
@torch.inference_mode()
def test_golden_superpoint(golden, networks, fast):
    arrays = golden("superpoint_detector")
    image = torch.from_numpy(arrays["image"])[None, None] / 255
    for name, prefix in (("superpoint", ""), ("superpoint_mit", "mit_")):
        network = networks[name]
        shapes = {key: list(value.shape) for key, value in network.state_dict().items()}
        assert shapes == json.loads(str(arrays["mit_state_shapes" if prefix else "state_shapes"]))
        network = network.for_inference() if fast else network
        features = network.encode(image)
        assert_close(network.logits(features)[0], arrays[f"{prefix}logits"])
        if not prefix:
            scores, descriptors = network(image)
            np.testing.assert_allclose(scores[0], arrays["scores_network"], rtol=0, atol=1e-6)
            assert_close(descriptors[0, :, ::3, ::3], arrays["dense_descriptors_every_third"])


@torch.inference_mode()
def test_real_r2d2(shared):
    arrays = np.load(shared("golden", "r2d2_real_weights.npz"), allow_pickle=False)
    network = R2D2.from_checkpoint(shared("weights", "r2d2_WASF_N16.pt")).for_inference()
    descriptors, reliability, repeatability = network(to_tensor(arrays["image"], *IMAGENET))
    np.testing.assert_allclose(reliability, arrays["reliability"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(repeatability, arrays["repeatability"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(descriptors[:, :, ::8, ::8], arrays["descriptors_every_8"], rtol=0, atol=1e-4)


def test_training_updates_the_statistics_of_the_coarse_map_alone():
    network = HNDesc("caps").train()
    before = network.conv_coarse.bn.running_mean.clone()
    network(torch.randn(2, 3, 32, 32)).sum().backward()
    assert not torch.equal(before, network.conv_coarse.bn.running_mean)
    assert network.conv_coarse.conv.weight.grad is None
    assert network.conv_fine.conv.weight.grad is not None


NAMES = ["hndesc_caps", "hndesc_r2d2", "caps", "r2d2", "superpoint", "superpoint_mit"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["published", "saved"])
def test_files_of_weights(networks, name, form, tmp_path):
    network = networks[name]
    if form == "saved":
        network.save_checkpoint(tmp_path / "weights.pth")
    else:
        state = {f"{network.prefix}{key}": value for key, value in network.state_dict().items()}
        training = {"step": 5, "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999)}]}}
        content = state if name.startswith("superpoint") else {"state_dict": state, **training}
        torch.save(content, tmp_path / "weights.pth")
    read = type(network).from_checkpoint(tmp_path / "weights.pth")
    assert not read.training
    assert read.state_dict().keys() == network.state_dict().keys()
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in read.state_dict().items())


def test_width_of_r2d2_is_that_of_its_file(tmp_path):
    R2D2(width=6).save_checkpoint(tmp_path / "weights.pt")
    assert R2D2.from_checkpoint(tmp_path / "weights.pt").ops[15].weight.shape == (24, 24, 3, 3)


@pytest.mark.parametrize("wanted", NAMES)
def test_weights_of_another_network_are_refused(networks, wanted, tmp_path):
    for name in ("hndesc_r2d2", "superpoint"):
        if name != wanted and type(networks[name]) is not type(networks[wanted]):
            networks[name].save_checkpoint(tmp_path / "weights.pth")
            with pytest.raises(DataError, match=r"weights\.pth: .*; give .*, or a file that the training wrote"):
                type(networks[wanted]).from_checkpoint(tmp_path / "weights.pth")


@pytest.mark.parametrize("name", NAMES)
def test_unfit_images(networks, name):
    network = networks[name]
    for shape in ((network.channels, 16, 16), (1, 2, 16, 16), (1, network.channels, 0, 16)):
        with pytest.raises(DataError, match=rf"images: the shape is .*; give \(B, {network.channels}, H, W\)"):
            network(torch.zeros(shape))


def test_superpoint_needs_a_cell(networks):
    with pytest.raises(DataError, match="images: are 7 x 9, and SuperPoint needs 8 pixels"):
        networks["superpoint"](torch.zeros(1, 1, 9, 7))


@pytest.mark.parametrize(("network", "option"), [(HNDesc, "backbone"), (SuperPoint, "layout")])
def test_unknown_variants(network, option):
    with pytest.raises(DataError, match=f"{option}: 'vgg' is unknown; choose one of"):
        network("vgg")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"none\.pth: there is no such file; .* correct the `member` of its checkpoint"):
        HNDesc.from_checkpoint(tmp_path / "none.pth")

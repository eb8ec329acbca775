"""Networks of patches: against published outputs and kornia, and their files of weights."""

import cv2
import kornia.feature as kornia
import numpy as np
import pytest
import scipy.io
import torch
from reference.weights import fill_weights
from torch.nn import functional

from reprise.images.patch_resizing import resize_patches
from reprise.networks import HardNet, L2Net, TFeat, describe_patches
from reprise.networks.kornia_patches import HardNet8, SOSNet
from reprise.storage.errors import DataError

ALL = [HardNet, TFeat, L2Net, HardNet8, SOSNet]


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hardnet_forward"))


@pytest.fixture(scope="module")
def patches():
    random = np.random.default_rng(0)
    return torch.from_numpy(random.integers(0, 256, (6, 1, 32, 32), dtype=np.uint8))


def filled(network, seed=0):
    return fill_weights(network(), seed).eval()


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "for_inference"])
@torch.inference_mode()
def test_golden_hardnet(arrays, fast):
    network = filled(HardNet, int(arrays["seed"]))
    network = network.for_inference() if fast else network
    found = network(torch.from_numpy(arrays["patches"]))
    np.testing.assert_allclose(found, arrays["descriptors"], rtol=0, atol=1e-5)


def test_keys_are_the_published_ones(arrays):
    assert sorted(HardNet().state_dict()) == sorted(arrays["keys"].tolist())
    for ours, theirs in ((HardNet, kornia.HardNet), (TFeat, kornia.TFeat), (HardNet8, kornia.HardNet8)):
        assert list(ours().state_dict()) == list(theirs(pretrained=False).state_dict())


@torch.inference_mode()
def test_kornia_describes_alike(patches):
    for ours, theirs in ((HardNet(), kornia.HardNet(pretrained=False)), (TFeat(False), kornia.TFeat(pretrained=False))):
        fill_weights(ours, 3).eval()
        theirs.load_state_dict(ours.state_dict())
        torch.testing.assert_close(ours(patches), theirs.eval()(patches.float()), rtol=0, atol=1e-5)


@pytest.mark.parametrize("network", ALL)
@torch.inference_mode()
def test_descriptors_have_unit_norm(network, patches):
    described = filled(network)(patches)
    assert described.shape == (6, network.dim)
    torch.testing.assert_close(described.norm(dim=1), torch.ones(6), rtol=0, atol=1e-4)


@torch.inference_mode()
def test_contrast_and_brightness_do_not_count(patches):
    network = filled(HardNet)
    torch.testing.assert_close(network(patches), network(patches * 0.25 + 31), rtol=0, atol=1e-5)
    assert torch.isfinite(network(torch.full((2, 1, 32, 32), 113.0))).all()


def test_published_tfeat_is_not_normalised(patches):
    network = fill_weights(TFeat(unit_norm=False)).eval()
    plain = network(patches)
    network.unit_norm = True
    torch.testing.assert_close(functional.normalize(plain), network(patches))
    assert not torch.allclose(plain.norm(dim=1), torch.ones(6), atol=0.1)


def test_new_hardnets_are_orthogonal():
    for gain in (0.6, 0.7):
        for module in HardNet(gain=gain).features:
            if isinstance(module, torch.nn.Conv2d):
                rows = module.weight.detach().flatten(1)
                rows = rows if len(rows) <= rows.shape[1] else rows.T
                torch.testing.assert_close(rows @ rows.T, gain**2 * torch.eye(len(rows)), rtol=0, atol=1e-5)


def test_gradients_reach_all_weights_but_not_the_standardisation(patches):
    network, inputs = HardNet(), patches.float().requires_grad_()
    network(inputs).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert inputs.grad is not None


@pytest.mark.parametrize("network", ALL)
@pytest.mark.parametrize("form", ["wrapped", "plain", "without counters"])
def test_files_of_weights(network, form, tmp_path):
    saved = filled(network, 4)
    state = saved.state_dict()
    if form == "without counters":
        state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save({"epoch": 9, "state_dict": state} if form == "wrapped" else state, tmp_path / "weights.pth")
    read = network.from_checkpoint(tmp_path / "weights.pth")
    assert not read.training
    assert all(torch.equal(value, saved.state_dict()[key]) for key, value in read.state_dict().items())


def test_saved_files_are_read_back_and_equal(tmp_path):
    network = HardNet()
    network.save_checkpoint(tmp_path / "a.pth", epoch=3)
    network.save_checkpoint(tmp_path / "b.pth", epoch=3)
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()
    assert torch.load(tmp_path / "a.pth", weights_only=True)["epoch"] == 3
    assert torch.equal(HardNet.from_checkpoint(tmp_path / "a.pth").features[0].weight, network.features[0].weight)


CASES = {
    "'features.3.weight' is missing": lambda state: state.pop("features.3.weight"),
    "'features.3.weight' has the shape": lambda state: state.update({"features.3.weight": torch.zeros(3)}),
    "'features.3.weight' holds values that are not finite": lambda state: state["features.3.weight"].fill_(torch.nan),
    "'features.3.bias' is no part of HardNet": lambda state: state.update({"features.3.bias": torch.zeros(3)}),
    "'features.3.bias', a float": lambda state: state.update({"features.3.bias": 1.0}),
}


@pytest.mark.parametrize("message", CASES)
def test_unfit_files(message, tmp_path):
    state = HardNet().state_dict()
    CASES[message](state)
    torch.save({"epoch": 1, "state_dict": state}, tmp_path / "weights.pth")
    with pytest.raises(DataError, match=rf"weights\.pth: .*{message}.*; give a HardNet checkpoint"):
        HardNet.from_checkpoint(tmp_path / "weights.pth")


@pytest.mark.parametrize("shape", [(2, 32, 32), (2, 1, 33, 32), (2, 3, 32, 32)])
def test_unfit_patches(shape):
    with pytest.raises(DataError, match="patches: the shape is"):
        HardNet()(torch.zeros(shape))


def matlab_layers(random, state):
    """An L2-Net as its authors save it, and the same as a state dict."""
    layers, shapes = [], [(1, 32, 3), (32, 32, 3), (32, 64, 3), (64, 64, 3), (64, 128, 3), (128, 128, 3), (128, 128, 8)]
    for number, (inputs, outputs, size) in enumerate(shapes):
        index = 3 * number + (number == 6)
        weight = random.normal(size=(outputs, inputs, size, size)) * (2 / (inputs * size**2)) ** 0.5
        bias, mean, sigma = random.normal(size=outputs), random.normal(size=outputs), random.uniform(0.5, 2, outputs)
        filters = weight.transpose(2, 3, 1, 0).astype(np.float32)
        layers.append({"type": "conv", "weights": cell(filters, bias.astype(np.float32)[:, None])})
        moments = np.stack([mean, sigma], axis=1).astype(np.float32)
        layers.append({"type": "bnormPair", "weights": cell(np.ones(outputs), np.zeros(outputs), moments)})
        layers.append({"type": "relu"} if number < 6 else {"type": "normalize", "param": [256, 0, 1, 0.5]})
        state[index] = (weight, bias, mean, sigma)
    return cell(*layers)


def cell(*values):
    items = np.empty((1, len(values)), object)
    items[0] = [None] * len(values)
    for index, value in enumerate(values):
        items[0, index] = value
    return items


@pytest.fixture(scope="module")
def l2net(tmp_path_factory):
    """The variables of a file of L2-Net with random weights, its file, and its weights by layer."""
    state, random = {}, np.random.default_rng(1)
    variables = {"net": {"layers": matlab_layers(random, state)}, "pixMean": random.uniform(90, 130, (32, 32))}
    path = tmp_path_factory.mktemp("l2net") / "L2Net-LIB+.mat"
    scipy.io.savemat(path, variables, do_compression=True)
    return variables, path, state


@torch.inference_mode()
def test_conversion_of_l2net(l2net, patches):
    variables, path, state = l2net
    x = patches.double().numpy() - variables["pixMean"]
    x = (x - x.mean(axis=(1, 2, 3), keepdims=True)) / x.std(axis=(1, 2, 3), ddof=1, keepdims=True)
    x = torch.from_numpy(x)
    for number, (index, (weight, bias, mean, sigma)) in enumerate(state.items()):
        stride, padding = 2 if number in (2, 4) else 1, 0 if index == 19 else 1
        x = functional.conv2d(x, torch.from_numpy(weight), torch.from_numpy(bias), stride, padding)
        x = (x - torch.from_numpy(mean)[:, None, None]) / torch.from_numpy(sigma)[:, None, None]
        x = x if index == 19 else x.relu()
    expected = functional.normalize(x.flatten(1)).float()
    for network in (read := L2Net.from_checkpoint(path), read.for_inference()):
        torch.testing.assert_close(network(patches), expected, rtol=0, atol=1e-5)


def test_converted_l2nets_are_saved_as_checkpoints(l2net, tmp_path):
    network = L2Net.from_checkpoint(l2net[1])
    network.save_checkpoint(tmp_path / "l2net.pth")
    for key, value in L2Net.from_checkpoint(tmp_path / "l2net.pth").state_dict().items():
        assert torch.equal(value, network.state_dict()[key])


def changed(variables, change):
    layers = [dict(layer) for layer in variables["net"]["layers"][0]]
    content = {"net": {"layers": layers}, "pixMean": variables["pixMean"]}
    change(content, layers)
    if "net" in content:
        content["net"] = {"layers": cell(*layers)}
    return content


MATLAB_CASES = {
    "there is no net.layers": lambda content, layers: content.pop("net"),
    "pixMean: there are no numbers": lambda content, layers: content.pop("pixMean"),
    "pixMean has the shape": lambda content, layers: content.update(pixMean=np.ones((64, 64))),
    "has softmax where conv": lambda content, layers: layers[0].update(type="softmax"),
    "more convolutions than L2-Net": lambda content, layers: layers.append(layers[0]),
    "has nothing where bnorm": lambda content, layers: layers.__delitem__(slice(19, None)),
    "moments of layer 1 are no means": lambda content, layers: layers[1].update(
        weights=cell(np.ones(32), np.ones(32), np.zeros((32, 2)))
    ),
    "'features.0.weight' has the shape": lambda content, layers: layers[0].update(
        weights=cell(np.ones((5, 5, 1, 32)), np.ones(32))
    ),
}


@pytest.mark.parametrize("message", MATLAB_CASES)
def test_unfit_files_of_l2net(l2net, message, tmp_path):
    scipy.io.savemat(tmp_path / "net.mat", changed(l2net[0], MATLAB_CASES[message]))
    with pytest.raises(DataError, match=rf"net\.mat: .*{message}.*; give a file of L2-Net"):
        L2Net.from_checkpoint(tmp_path / "net.mat")


def test_shrinking_is_that_of_opencv():
    random = np.random.default_rng(2)
    for size in (32, 41, 64, 65):
        patches = random.integers(0, 256, (5, size, size), dtype=np.uint8)
        expected = [cv2.resize(patch, (32, 32)) for patch in patches]
        assert np.array_equal(resize_patches(patches), expected)
        assert np.array_equal(
            resize_patches(patches.astype(float)), [cv2.resize(patch.astype(np.float32), (32, 32)) for patch in patches]
        )


@pytest.mark.parametrize("network", [HardNet(), L2Net()], ids=["HardNet", "L2Net"])
def test_convolutions_on_the_cpu_need_not_reorder_their_input(network):
    """Channels are last from the first convolution on, although one channel lies in memory in the same way."""
    seen = []
    fast = network.for_inference()
    fast.features[0].register_forward_hook(lambda *given: seen.append(given[2]))
    fast(torch.randint(0, 256, (4, 1, 32, 32)))
    assert seen[0].is_contiguous(memory_format=torch.channels_last) and not seen[0].is_contiguous()


def test_describing_in_blocks():
    random = np.random.default_rng(3)
    patches = random.integers(0, 256, (5000, 65, 65), dtype=np.uint8)[:70]
    network = filled(HardNet)
    with torch.inference_mode():
        expected = network(torch.from_numpy(resize_patches(patches))[:, None])
    for values in (patches, patches[:, None]):
        np.testing.assert_allclose(describe_patches(network, values, block=16), expected, rtol=0, atol=1e-5)
    assert describe_patches(network, patches[:0]).shape == (0, 128)
    assert network.features[1].running_var is not None  # the network is left as it was


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((2, 3, 32, 32)), "shape"),
        (np.zeros((2, 32, 31)), "shape"),
        (np.zeros((2, 32, 32), bool), "bool"),
        (np.full((1, 64, 64), np.nan), "not finite"),
    ],
)
def test_unfit_arrays_of_patches(values, message):
    with pytest.raises(DataError, match=f"patches: .*{message}"):
        describe_patches(HardNet(), values)

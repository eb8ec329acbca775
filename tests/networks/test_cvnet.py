"""CVNet and the attention detector against the outputs of the published implementation, and their checkpoints."""

import logging

import numpy as np
import pytest
import torch
from reference.weights import fill_cvnet, fill_weights

from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.cvnet import CVNet
from reprise.storage.errors import DataError

TOLERANCE = 1e-4  # relative


def assert_close(values, expected):
    assert values.shape == expected.shape
    np.testing.assert_allclose(values, expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max())


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("cvnet_r101"))


@pytest.fixture(scope="module")
def network(arrays):
    with torch.device("meta"):
        network = CVNet()
    return fill_cvnet(network.to_empty(device="cpu"), int(arrays["seed"])).eval()


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return CVNet((1, 2, 1, 1), width=4, dim=8).eval()


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "for_inference"])
@torch.inference_mode()
def test_golden_features(network, arrays, fast):
    network = network.for_inference() if fast else network
    local = network.forward_local(torch.from_numpy(arrays["image"]))
    kept = local.clone()
    assert_close(local, arrays["stage3"])
    assert_close(network.pool(local), arrays["global_descriptor"])
    assert torch.equal(local, kept)


def test_state_dict_keys_are_the_published_ones(network, arrays):
    assert sorted(network.state_dict()) == sorted(arrays["keys"].tolist())


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "for_inference"])
@torch.inference_mode()
def test_golden_detector(arrays, fast):
    detector = fill_weights(AttentionDetector(1024), int(arrays["seed"])).eval()
    features, weights = (detector.for_inference() if fast else detector)(torch.from_numpy(arrays["detector_input"]))
    assert_close(features, arrays["detector_features"])
    assert_close(weights, arrays["detector_weights"])


def test_keys_of_the_detector():
    normalisation = [f"bn.{key}" for key in ("bias", "num_batches_tracked", "running_mean", "running_var", "weight")]
    convolutions = [f"conv{number}.{key}" for number in (1, 2) for key in ("bias", "weight")]
    assert sorted(AttentionDetector(3).state_dict()) == normalisation + convolutions


@torch.inference_mode()
def test_global_descriptor_is_pooled_from_the_local_map(small):
    image = torch.randn(2, 3, 40, 70)
    local = small.forward_local(image)
    assert local.shape == (2, small.local_dim, 3, 5)
    assert local.min() < 0
    torch.testing.assert_close(small.forward_global(image), small.pool(local))
    assert small.for_inference().forward_local(torch.zeros(1, 3, 1, 300)).shape == (1, 64, 1, 19)


@pytest.mark.parametrize("shape", [(3, 28, 28), (1, 1, 28, 28), (1, 3, 0, 28)])
def test_unfit_images(small, shape):
    with pytest.raises(DataError, match="image: the shape is"):
        small.forward_local(torch.zeros(shape))


def test_checkpoints_give_the_networks_back(small, tmp_path):
    small.save_checkpoint(tmp_path / "cvnet.pyth")
    network = CVNet.from_checkpoint(tmp_path / "cvnet.pyth")
    detector = AttentionDetector(5)
    detector.save_checkpoint(tmp_path / "detector.pt")
    for saved, read in ((small, network), (detector, AttentionDetector.from_checkpoint(tmp_path / "detector.pt"))):
        assert not read.training
        for key, tensor in saved.state_dict().items():
            assert torch.equal(read.state_dict()[key], tensor)


def published(network):
    return {f"encoder_q.{key}": tensor.clone() for key, tensor in network.state_dict().items()}


def test_what_verifies_pairs_is_left_out(small, tmp_path, caplog):
    state = {**published(small), "cv_learner.block1.weight": torch.zeros(3), "conv2ds.0.bias": torch.zeros(2)}
    torch.save({"model_state": state, "epoch": 3}, tmp_path / "network.pyth")
    with caplog.at_level(logging.INFO):
        CVNet.from_checkpoint(tmp_path / "network.pyth")
    assert "network.pyth: not used, because they compare pairs of images: conv2ds, cv_learner" in caplog.text


CASES = {
    "'stem.conv.weight' is missing": lambda state: [state.pop(key) for key in list(state) if "stem" in key],
    "'s3.b1.f.c.weight' is missing": lambda state: state.pop("encoder_q.s3.b1.f.c.weight"),
    "'head.extra' is no part": lambda state: state.update({"encoder_q.head.extra": torch.zeros(2)}),
    "'s1.b1.bn.bias' has the shape": lambda state: state.update({"encoder_q.s1.b1.bn.bias": torch.zeros(3)}),
    "'s1.b1.bn.bias' holds values that are not finite": lambda state: state["encoder_q.s1.b1.bn.bias"].fill_(torch.inf),
    "'encoder_q.head.pool.p', a float": lambda state: state.update({"encoder_q.head.pool.p": 3.0}),
}


@pytest.mark.parametrize("message", CASES)
def test_unfit_checkpoints(small, tmp_path, message):
    state = published(small)
    CASES[message](state)
    torch.save({"model_state": state}, tmp_path / "network.pyth")
    with pytest.raises(DataError, match=rf"network\.pyth: .*{message}.*; give a CVNet checkpoint"):
        CVNet.from_checkpoint(tmp_path / "network.pyth")


def test_checkpoints_of_something_else(small, tmp_path):
    AttentionDetector(5).save_checkpoint(tmp_path / "detector.pt")
    small.save_checkpoint(tmp_path / "cvnet.pyth")
    with pytest.raises(DataError, match=r"detector\.pt: the key 'model_state' is missing"):
        CVNet.from_checkpoint(tmp_path / "detector.pt")
    with pytest.raises(DataError, match=r"cvnet\.pyth: the key 'state' is missing"):
        AttentionDetector.from_checkpoint(tmp_path / "cvnet.pyth")


def test_depths_have_to_fit():
    with pytest.raises(DataError, match=r"depths: \(1, 0, 1, 1\)"):
        CVNet((1, 0, 1, 1))

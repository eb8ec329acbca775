"""Checkpoints of HOW: both formats, and everything that is not one."""

from collections import defaultdict

import pytest
import torch
from reference.weights import fill_weights

from reprise.networks.how import HOW
from reprise.storage.errors import DataError

MEAN_STD = ((0.5, 0.4, 0.3), (0.2, 0.25, 0.3))


@pytest.fixture(scope="module")
def network():
    return fill_weights(HOW("resnet18", 3, dim=8, smoothing=3, mean_std=MEAN_STD))


@pytest.fixture
def content(network, tmp_path):
    """What a checkpoint of the network holds, to be spoilt."""
    network.save_checkpoint(tmp_path / "whole.pth", epoch=20)
    return torch.load(tmp_path / "whole.pth", weights_only=True)


def old_format(network):
    rename = {"dim_reduction.weight": "whiten.weight", "dim_reduction.bias": "whiten.bias"}
    return {
        "epoch": 7,
        "meta": {
            "architecture": "resnet18",
            "skip_layer": 3,
            "dim": 8,
            "feat_pool_k": 3,
            "mean": list(MEAN_STD[0]),
            "std": list(MEAN_STD[1]),
        },
        "state_dict": {rename.get(key, key): tensor for key, tensor in network.state_dict().items()},
    }


def assert_same(one, other):
    assert (one.settings, one.mean_std, one.dim) == (other.settings, other.mean_std, other.dim)
    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_round_trip(network, tmp_path):
    path = tmp_path / "network.pth"
    network.save_checkpoint(path, epoch=3, training={"best_score": 0.5, "optimizer": {"lr": 1.0}})
    assert_same(HOW.from_checkpoint(path), network)
    assert not HOW.from_checkpoint(path).training


@pytest.mark.parametrize("parts", [{"dim": None}, {"smoothing": None}, {"dim": None, "smoothing": None}])
def test_round_trip_without_some_parts(parts, tmp_path):
    network = fill_weights(HOW("resnet18", 3, **{"dim": 8, **parts}))
    network.save_checkpoint(tmp_path / "network.pth")
    assert_same(HOW.from_checkpoint(tmp_path / "network.pth"), network)


def test_the_published_keys_are_written(content):
    assert content["_version"] == "how/2020"
    assert content["epoch"] == 20
    assert content["meta"] == {
        "architecture": "resnet18",
        "backbone_dim": 64,
        "outputdim": 8,
        "corercf_size": 4,
    }
    assert content["net_params"] == {
        "architecture": "resnet18",
        "pretrained": True,
        "skip_layer": 3,
        "dim_reduction": {"dim": 8},
        "smoothing": {"kernel_size": 3},
        "runtime": {
            "mean_std": [[0.5, 0.4, 0.3], [0.2, 0.25, 0.3]],
            "image_size": 1024,
            "features_num": 1000,
            "scales": [2.0, 1.414, 1.0, 0.707, 0.5, 0.353, 0.25],
            "training_scales": [1],
        },
    }
    assert {"optimizer", "best_score", "scores"} <= content.keys()
    assert content["state_dict"]["dim_reduction.weight"].shape == (8, 64, 1, 1)


def test_old_format(network, tmp_path):
    torch.save(old_format(network), tmp_path / "old.pth")
    assert_same(HOW.from_checkpoint(tmp_path / "old.pth"), network)


def test_nested_scores_of_published_files(network, content, tmp_path):
    scores = defaultdict(lambda: defaultdict(list))
    scores["val"]["map"].append((5, 0.75))
    scores.default_factory = dict
    scores["val"].default_factory = list
    torch.save({**content, "scores": scores}, tmp_path / "scores.pth")
    assert_same(HOW.from_checkpoint(tmp_path / "scores.pth"), network)


def without(mapping, key):
    return {k: v for k, v in mapping.items() if k != key}


def spoilt_state(content, **changes):
    return {**content, "state_dict": {**content["state_dict"], **changes}}


def spoilt_net(content, **changes):
    return {**content, "net_params": {**content["net_params"], **changes}}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: without(c, "state_dict"), "the key state_dict is missing"),
        (lambda c: without(c, "net_params"), "the key net_params is missing"),
        (lambda c: {**c, "_version": "how/2031"}, "_version is 'how/2031'"),
        (lambda c: spoilt_net(c, skip_layer="1"), "net_params.skip_layer is '1', not of type int"),
        (lambda c: spoilt_net(c, architecture="vgg16"), "net_params.backbone: 'vgg16' is unknown"),
        (lambda c: spoilt_net(c, architecture="resnet50"), "shape .*, and resnet50 .* needs|has no 'features"),
        (lambda c: spoilt_net(c, skip_layer=2), "has no 'features.5.0.conv1.weight'"),
        (lambda c: spoilt_net(c, dim_reduction=None), "'dim_reduction.weight'.* is no part of"),
        (lambda c: spoilt_net(c, dim_reduction={"dim": 16}), r"dim_reduction.weight'\] has the shape \(8, 64, 1, 1\)"),
        (lambda c: spoilt_net(c, smoothing={"kernel_size": 2}), "smoothing: 2"),
        (lambda c: spoilt_net(c, smoothing={"size": 3}), "net_params.smoothing.kernel_size is missing"),
        (lambda c: spoilt_net(c, runtime={"mean_std": [[1, 2, 3]]}), "not three numbers each"),
        (lambda c: spoilt_net(c, runtime={"mean_std": [[1, 2, 3], [1, 1, 0]]}), "must be positive"),
        (lambda c: spoilt_net(c, runtime={}), "net_params.runtime.mean_std is missing"),
        (lambda c: spoilt_state(c, **{"features.1.bias": torch.full((64,), torch.nan)}), "features.1.bias.*not finite"),
        (lambda c: spoilt_state(c, **{"fc.weight": torch.zeros(2)}), "'fc.weight'.* is no part of"),
        (lambda c: spoilt_state(c, **{"features.1.bias": [1.0]}), "features.1.bias'. is no tensor"),
        (lambda c: without(without(c, "_version"), "meta"), "the key meta is missing"),
        (lambda c: without(c, "_version"), "the key meta.skip_layer is missing"),
        (lambda c: c["state_dict"], "the key state_dict is missing"),
    ],
)
def test_spoilt_checkpoints(content, spoil, message, tmp_path):
    path = tmp_path / "spoilt.pth"
    torch.save(spoil(content), path)
    with pytest.raises(DataError, match=message) as error:
        HOW.from_checkpoint(path)
    assert str(path) in str(error.value)
    assert "give a HOW checkpoint" in str(error.value)


@pytest.mark.parametrize("data", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_files_that_are_no_checkpoint(data, tmp_path):
    path = tmp_path / "foreign.pth"
    path.write_bytes(data)
    with pytest.raises(DataError, match="foreign.pth"):
        HOW.from_checkpoint(path)


def test_a_truncated_checkpoint(network, tmp_path):
    path = tmp_path / "network.pth"
    network.save_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match="network.pth"):
        HOW.from_checkpoint(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.pth"):
        HOW.from_checkpoint(tmp_path / "absent.pth")


def test_unknown_training_state_is_not_written(network, tmp_path):
    with pytest.raises(DataError, match="'optimiser' has no place"):
        network.save_checkpoint(tmp_path / "network.pth", training={"optimiser": {}})
    assert not list(tmp_path.iterdir())


def test_a_network_for_inference_is_not_written(network, tmp_path):
    with pytest.raises(DataError, match="for_inference"):
        network.for_inference().save_checkpoint(tmp_path / "network.pth")

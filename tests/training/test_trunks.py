"""Trunks from the checkpoints of torchvision."""

import pytest
import torch

from reprise.networks.how import HOW
from reprise.networks.resnet import resnet_trunk
from reprise.storage.errors import DataError
from reprise.training.trunks import load_trunk


def torchvision(backbone, **changes):
    """A checkpoint with the names that torchvision gives, as they are written out in its files."""
    state = {}
    for name, tensor in HOW(backbone, dim=None).features.state_dict().items():
        child, _, rest = name.partition(".")
        prefix = {"0": "conv1", "1": "bn1"}.get(child, f"layer{int(child) - 3}")
        state[f"{prefix}.{rest}"] = torch.rand(tensor.shape) if tensor.dtype == torch.float32 else tensor
    return {**state, "fc.weight": torch.ones(1000, 2), "fc.bias": torch.ones(1000), **changes}


@pytest.mark.parametrize("skip_stages", [0, 2])
def test_every_parameter_of_the_trunk_is_set(tmp_path, skip_stages):
    state = torchvision("resnet18")
    torch.save(state, tmp_path / "trunk.pth")
    network = HOW("resnet18", skip_stages, 16)
    reduction = network.dim_reduction.weight.clone()
    load_trunk(network.features, "resnet18", skip_stages, tmp_path / "trunk.pth")
    own = network.features.state_dict()
    assert torch.equal(own["0.weight"], state["conv1.weight"])
    assert torch.equal(own["1.running_var"], state["bn1.running_var"])
    assert torch.equal(own["4.0.conv1.weight"], state["layer1.0.conv1.weight"])
    assert torch.equal(own["5.0.downsample.0.weight"], state["layer2.0.downsample.0.weight"])
    assert (("7.1.bn2.bias" in own) and torch.equal(own["7.1.bn2.bias"], state["layer4.1.bn2.bias"])) == (
        not skip_stages
    )
    assert torch.equal(network.dim_reduction.weight, reduction)


def test_the_oldest_files_have_no_counters(tmp_path):
    state = {key: value for key, value in torchvision("resnet18").items() if "num_batches" not in key}
    torch.save(state, tmp_path / "trunk.pth", _use_new_zipfile_serialization=False)
    load_trunk(resnet_trunk("resnet18", 2), "resnet18", 2, tmp_path / "trunk.pth")


@pytest.mark.parametrize(
    "content, message",
    [
        (torchvision("resnet50"), r"'layer1.0.conv1.weight' has the shape \(64, 64, 1, 1\), and resnet18 needs"),
        (torchvision("resnet18", **{"layer1.2.bn1.weight": torch.ones(64)}), "'layer1.2.bn1.weight' is no part of"),
        ({"conv1.weight": torch.ones(64, 3, 7, 7)}, "has no parameter for '1.weight'"),
        (torchvision("resnet18", **{"bn1.bias": torch.full((64,), torch.nan)}), "'bn1.bias' holds values that are not"),
        ({"state_dict": {}}, "'state_dict' is no part of resnet18; give a torchvision checkpoint of resnet18"),
    ],
)
def test_another_file_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "trunk.pth")
    with pytest.raises(DataError, match=message):
        load_trunk(resnet_trunk("resnet18", 1), "resnet18", 1, tmp_path / "trunk.pth")

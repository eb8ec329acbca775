"""DINOv2 against the outputs of the published implementation, and its checkpoints."""

import numpy as np
import pytest
import torch
from reference.weights import fill_dinov2

from reprise.networks.dinov2 import DINOv2
from reprise.storage.errors import DataError

TOLERANCE = 1e-4  # relative


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return DINOv2(dim=64, depth=2, heads=1, registers=4, grid=5).eval()


@torch.inference_mode()
def test_golden_tokens(golden):
    arrays = golden("dinov2_vitb14_reg")
    with torch.device("meta"):
        network = DINOv2()
    network = fill_dinov2(network.to_empty(device="cpu"), int(arrays["seed"])).eval()
    assert sorted(network.state_dict()) == sorted(arrays["keys"].tolist())
    tokens = dict(zip(("cls", "patch_tokens"), network(torch.from_numpy(arrays["image"])), strict=True))
    for key, values in tokens.items():
        expected = arrays[key]
        assert values.shape == expected.shape
        np.testing.assert_allclose(values, expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max())


@torch.inference_mode()
def test_patch_tokens_stand_row_by_row(small):
    image = torch.zeros(1, 3, 28, 70)
    base = small.patch_embed(image)
    image[..., 14:, 28:42] = 1
    changed = (small.patch_embed(image) != base).any(dim=1).flatten()
    assert small(image)[1].shape == (1, 10, 64)
    assert changed.nonzero().tolist() == [[7]]


@torch.inference_mode()
def test_the_grid_of_the_network_is_used_as_it_is(small):
    assert torch.equal(small._positions(5, 5), small.pos_embed[:, 1:])
    assert not torch.equal(small._positions(5, 6)[:, :5], small.pos_embed[:, 1:6])


@torch.inference_mode()
def test_batches_are_images_one_by_one(small):
    images = torch.randn(2, 3, 42, 28)
    cls, patches = small(images)
    for row in range(2):
        single = small(images[row : row + 1])
        torch.testing.assert_close(cls[row : row + 1], single[0])
        torch.testing.assert_close(patches[row : row + 1], single[1])


@pytest.mark.parametrize("shape", [(1, 3, 28, 27), (3, 28, 28), (1, 1, 28, 28), (1, 3, 0, 28)])
def test_unfit_images(small, shape):
    with pytest.raises(DataError, match="image: the shape is .* multiples of 14"):
        small(torch.zeros(shape))


def test_checkpoints_give_the_network_back(small, tmp_path):
    small.save_checkpoint(tmp_path / "small.pth")
    network = DINOv2.from_checkpoint(tmp_path / "small.pth")
    assert not network.training
    assert (network.dim, len(network.blocks), network.blocks[0].attn.heads) == (64, 2, 1)
    for key, tensor in small.state_dict().items():
        assert torch.equal(network.state_dict()[key], tensor)


CASES = {
    "'register_tokens' is missing": lambda state: state.pop("register_tokens"),
    "'norm.weight' is missing": lambda state: state.pop("norm.weight"),
    "'head.weight' is no part": lambda state: state.update({"head.weight": torch.zeros(2)}),
    "fc1.bias' has the shape": lambda state: state.update({"blocks.1.mlp.fc1.bias": torch.zeros(3)}),
    "not finite": lambda state: state["blocks.0.ls1.gamma"].fill_(torch.nan),
    "not .1, 1 . a square": lambda state: state.update({"pos_embed": torch.zeros(1, 8, 64)}),
    "expected 3 axes": lambda state: state.update({"pos_embed": torch.zeros(64)}),
    "no tensor": lambda state: state.update({"norm.bias": [1.0]}),
}


@pytest.mark.parametrize("message", CASES)
def test_unfit_checkpoints(small, tmp_path, message):
    state = {key: tensor.clone() for key, tensor in small.state_dict().items()}
    CASES[message](state)
    torch.save(state, tmp_path / "network.pth")
    with pytest.raises(DataError, match=rf"network\.pth: .*{message}.*; give"):
        DINOv2.from_checkpoint(tmp_path / "network.pth")


def test_heads_have_to_fit():
    with pytest.raises(DataError, match="dim: 64 is no multiple of the 3 heads"):
        DINOv2(dim=64, heads=3)

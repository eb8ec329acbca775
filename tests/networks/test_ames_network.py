"""AMES against the published implementation: golden arrays, and vectors from weights and inputs in closed form."""

import numpy as np
import pytest
import torch
from reference.ames import plain_logits
from reference.weights import fill_weights

from reprise.networks import AMES
from reprise.storage.errors import DataError

# Logits of the published implementation: masked, unmasked, with sides swapped (masked), and four values of a token.
PUBLISHED = {
    (768, False): (
        (0.350618, 0.242540, 0.367449),
        (0.194888, -0.407202, 0.367449),
        (0.350512, 0.242273, 0.367523),
        (0.322732, 0.127210, 1.074518, -0.461233),
    ),
    (768, True): (
        (1.278304, 0.393114, 0.096412),
        (0.924639, 0.301993, 0.096409),
        (1.278304, 0.393113, 0.096410),
        (0.334839, 0.464276, -0.645432, -0.356134),
    ),
    (1024, False): (
        (0.547239, 0.707992, 0.764874),
        (-0.151270, 0.614593, 0.764875),
        (0.547432, 0.707916, 0.764794),
        (0.292969, -0.651531, 1.496117, -1.108060),
    ),
    (1024, True): (
        (2.105309, -0.175143, 0.349979),
        (0.583540, -0.206609, 0.349978),
        (2.105308, -0.175143, 0.349979),
        (1.161037, 0.993482, -0.573987, 0.573218),
    ),
}


def uniform(shape, stream):
    """Numbers in [-0.5, 0.5), float64, from an integer hash of their positions."""
    mask = np.uint64(0xFFFFFFFF)
    x = np.arange(int(np.prod(shape)), dtype=np.uint64) * np.uint64(2654435761)
    x = (x + np.uint64(stream) * np.uint64(40503) + np.uint64(1)) & mask
    for _ in range(2):
        x ^= x >> np.uint64(16)
        x = (x * np.uint64(0x45D9F3B)) & mask
    x ^= x >> np.uint64(16)
    return (x / 2**32 - 0.5).reshape(shape)


def closed_form_network(local_dim, binarized):
    network = AMES(local_dim, binarized)
    state = {}
    for stream, (name, tensor) in enumerate(network.state_dict().items()):
        values = uniform(tuple(tensor.shape), stream)
        if tensor.ndim == 2:
            values = 5 * values / np.sqrt(tensor.shape[0 if name.endswith(".W") else 1])
        else:
            values = 1 + 0.2 * values if name.endswith("weight") else 0.2 * values
        state[name] = torch.from_numpy(values.astype(np.float32))
    network.load_state_dict(state)
    return network


def closed_form_inputs(local_dim):
    src, tgt = uniform((3, 6, local_dim), 1001), uniform((3, 5, local_dim), 1002)
    tgt[:, :3] += 0.8 * src[:, [4, 0, 2]]
    src_mask, tgt_mask = torch.zeros(3, 6, dtype=torch.bool), torch.zeros(3, 5, dtype=torch.bool)
    src_mask[1, 4:], tgt_mask[0, 2:] = True, True
    return torch.from_numpy(src.astype(np.float32)), src_mask, torch.from_numpy(tgt.astype(np.float32)), tgt_mask


def test_the_hash_of_the_closed_form():
    np.testing.assert_allclose(uniform(4, 0), [-0.308028, 0.107750, -0.474270, -0.380219], atol=1e-6)


@pytest.mark.parametrize(("local_dim", "binarized"), PUBLISHED)
@torch.no_grad()
def test_closed_form_vectors(local_dim, binarized):
    masked, unmasked, swapped, token = PUBLISHED[local_dim, binarized]
    network = closed_form_network(local_dim, binarized)
    src, src_mask, tgt, tgt_mask = closed_form_inputs(local_dim)
    logits, tokens = network(src, src_mask, tgt, tgt_mask, return_tokens=True)
    assert tokens.shape == (3, 12, 128)
    for found, expected in (
        (logits, masked),
        (network(src, tgt_local=tgt), unmasked),
        (network(tgt, tgt_mask, src, src_mask), swapped),
        (tokens[0, 0, :4], token),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize("name", ["float", "binary", "asymmetric"])
@torch.no_grad()
def test_golden_logits(golden, name):
    archive = golden(f"ames_{name}")
    network = AMES(archive["src_local"].shape[2], name == "binary")
    state = network.state_dict()
    assert list(state) == list(archive["keys"])
    assert [str(tuple(tensor.shape)) for tensor in state.values()] == list(archive["shapes"])
    fill_weights(network, int(archive["seed"]))
    inputs = [torch.from_numpy(archive[key]) for key in ("src_local", "src_mask", "tgt_local", "tgt_mask")]
    logits, tokens = network(*inputs, return_tokens=True)
    for given, published in zip((logits, tokens), network(*inputs, return_logits=True), strict=True):
        torch.testing.assert_close(given, published, rtol=0, atol=0)
    np.testing.assert_allclose(logits, archive["similarity"], atol=1e-5)
    np.testing.assert_allclose(tokens[:, 0], archive["match_token"], atol=1e-5)
    np.testing.assert_allclose(network(inputs[0], None, inputs[2]), archive["similarity_nomask"], atol=1e-5)


@pytest.mark.parametrize("binarized", [False, True])
@torch.no_grad()
def test_blocks_equal_the_dense_model(binarized):
    torch.manual_seed(0)
    network = fill_weights(AMES(32, binarized))
    src, tgt = torch.randn(4, 7, 32), torch.randn(4, 9, 32)
    src_mask, tgt_mask = (
        torch.arange(7) >= torch.tensor([[7], [3], [1], [7]]),
        torch.arange(9) >= torch.tensor([[9], [0], [4], [9]]),
    )
    logits, tokens = network(src, src_mask, tgt, tgt_mask, return_tokens=True)
    expected, expected_tokens = plain_logits(network, src, src_mask, tgt, tgt_mask)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(tokens, expected_tokens, atol=1e-4, rtol=0)


@torch.no_grad()
def test_order_and_norm_of_descriptors_do_not_matter():
    torch.manual_seed(0)
    network = fill_weights(AMES(32, True))
    src, tgt = torch.randn(2, 6, 32), torch.randn(2, 8, 32)
    expected = network(src, None, tgt)
    found = network(3 * src[:, torch.randperm(6)], None, 0.1 * tgt[:, torch.randperm(8)])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_numbers_of_parameters():
    sizes = {key: sum(p.numel() for p in AMES(*key).parameters()) for key in PUBLISHED}
    assert list(sizes.values()) == [2079745, 2096129, 2112513, 2128897]


def test_initialisation():
    torch.manual_seed(0)
    layers = AMES().decoder.layers
    for name in ("self_attn", "cross_attn"):
        first, *others = [layer.get_submodule(name) for layer in layers]
        assert 0.10 < first.in_proj_weight.abs().max() < (6 / 512) ** 0.5
        assert all(torch.equal(other.in_proj_weight, first.in_proj_weight) for other in others)
        assert not torch.equal(others[0].out_proj.weight, first.out_proj.weight)
    assert not torch.equal(layers[0].self_attn.in_proj_weight, layers[0].cross_attn.in_proj_weight)
    assert layers[0].linear1.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert all(not p.any() for name, p in layers.named_parameters() if name.endswith("bias"))


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    network = AMES(32, True).train()
    network(torch.randn(2, 6, 32), None, torch.randn(2, 8, 32)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
    assert network.remap_local[0].W.grad.abs().sum() > 0


def test_only_evaluation_rounds_database_tokens():
    torch.manual_seed(0)
    network, x = AMES(32), torch.randn(1, 5, 32)
    assert torch.equal(network.project_database(x), network.project_query(x).half().float())
    assert torch.equal(network.train().project_database(x), network.project_query(x))


def test_codes_give_the_tokens_of_their_descriptors():
    torch.manual_seed(0)
    network, x = AMES(32, True), torch.randn(2, 5, 32)
    codes = network.binarize(x)
    assert codes.shape == (2, 5, 16) and codes.dtype == torch.uint8
    bits = np.packbits((x @ network.remap_local[0].W).detach().numpy() > 0, axis=2)
    np.testing.assert_array_equal(codes, bits)
    torch.testing.assert_close(network.project_codes(codes), network.project_database(x))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (((1, 5, 1024), None, (1, 5, 768), None), "src_local: descriptors have 1024 dimensions.*takes 768"),
        (((1, 5, 768), None, (1, 5, 1024), None), "tgt_local: descriptors have 1024 dimensions"),
        (((5, 768), None, (1, 5, 768), None), "src_local: the shape"),
        (((2, 5, 768), None, (1, 5, 768), None), "1 images for 2 queries"),
        (((1, 5, 768), (1, 4), (1, 5, 768), None), "src_mask"),
        (((1, 5, 768), None, None, None), "tgt_local: is missing"),
    ],
)
def test_wrong_inputs(inputs, message):
    src, src_mask, tgt, tgt_mask = inputs
    mask = None if src_mask is None else torch.zeros(src_mask, dtype=torch.bool)
    with pytest.raises(DataError, match=message):
        AMES()(torch.zeros(src), mask, None if tgt is None else torch.zeros(tgt), tgt_mask)

"""AMES as published: one dense attention over all tokens of a pair, with masks of minus infinity."""

import torch
from torch.nn import functional


def plain_logits(network, src, src_mask, tgt, tgt_mask):
    """Logits (B,) and tokens (B, 1 + Q + T, 128) by the parameters of ``network`` alone, in evaluation mode."""
    state = network.state_dict()
    s, t = (_project(state, network.binarized, x) for x in (src, tgt))
    if not network.binarized:
        t = t.half().float()
    return plain_match(state, s, src_mask, t, tgt_mask)


def plain_match(state, s, src_mask, t, tgt_mask):
    """The same from tokens (B, Q, 128) and (B, T, 128)."""
    batch, queries, length = len(s), s.shape[1], 1 + s.shape[1] + t.shape[1]
    z = torch.cat([state["mtc_token"].expand(batch, 1, 128), s, t], dim=1)
    side = torch.tensor([0] + [1] * queries + [2] * t.shape[1])
    same = (side[:, None] == side) | (side[:, None] == 0) | (side == 0)
    other = (side[:, None] != side) | (side[:, None] == 0)
    padded = torch.zeros(batch, length, dtype=torch.bool)
    for mask, columns in ((src_mask, slice(1, 1 + queries)), (tgt_mask, slice(1 + queries, length))):
        if mask is not None:
            padded[:, columns] = mask
    for number in range(5):
        layer = f"decoder.layers.{number}."
        z = _norm(state, f"{layer}norm1", z + _attention(state, f"{layer}self_attn", z, same, padded))
        z = _norm(state, f"{layer}norm2", z + _attention(state, f"{layer}cross_attn", z, other, padded))
        hidden = _linear(state, f"{layer}linear1", z).relu()
        z = _norm(state, f"{layer}norm3", z + _linear(state, f"{layer}linear2", hidden))
    return _linear(state, "classifier", z[:, 0])[:, 0], z


def _project(state, binarized, x):
    x = functional.normalize(x, dim=2)
    if binarized:
        return _norm(state, "remap_local.2", _linear(state, "remap_local.1", torch.sign(x @ state["remap_local.0.W"])))
    return _norm(state, "remap_local.1", _linear(state, "remap_local.0", x))


def _attention(state, name, z, allowed, padded):
    batch, length, _ = z.shape
    projected = z @ state[f"{name}.in_proj_weight"].T + state[f"{name}.in_proj_bias"]
    q, k, v = projected.view(batch, length, 3, 2, 64).permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(2, 3) / 8
    scores = scores.masked_fill(~allowed | padded[:, None, None], -torch.inf)
    return _linear(state, f"{name}.out_proj", (scores.softmax(dim=3) @ v).transpose(1, 2).reshape(batch, length, 128))


def _linear(state, name, x):
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def _norm(state, name, x):
    return functional.layer_norm(x, (128,), state[f"{name}.weight"], state[f"{name}.bias"])

"""The rule that fills the networks of the golden arrays."""

import zlib

import numpy as np
import torch


def fill_weights(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Fill the state dict of ``network`` from the names and shapes of its tensors, and return the network."""
    state = network.state_dict()
    network.load_state_dict({name: rule(name, tuple(tensor.shape), seed) for name, tensor in state.items()})
    return network


def rule(name: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """The values of the tensor ``name``, float32 (integer for the counters of batch normalisation)."""
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    x = np.random.RandomState((zlib.crc32(name.encode()) + seed) % 2**32).standard_normal(shape)
    if name.endswith("running_var"):
        x = 1 + 0.2 * np.abs(x)
    elif name.endswith("running_mean"):
        x = 0.1 * x
    elif len(shape) >= 2:
        x = x * np.sqrt(2 / np.prod(shape[1:]))
    elif name.endswith("weight"):
        x = 1 + 0.1 * x
    else:
        x = 0.1 * x
    return torch.from_numpy(np.asarray(x, np.float32))


def fill_dinov2(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """As ``fill_weights``, with the exceptions that the golden arrays of DINOv2 have."""
    state = {}
    for name, tensor in network.state_dict().items():
        shape = tuple(tensor.shape)
        if name in ("pos_embed", "cls_token", "register_tokens", "mask_token"):
            # As a vector, to which the rule gives 0.1 * x.
            state[name] = rule(name, (tensor.numel(),), seed).reshape(shape)
        else:
            state[name] = 0.1 + 0.1 * rule(name, shape, seed) if name.endswith("gamma") else rule(name, shape, seed)
    network.load_state_dict(state)
    return network


def fill_cvnet(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """As ``fill_weights``, with the exponent of the pooling left at 3."""
    fill_weights(network, seed)
    network.head.pool.p.data.fill_(3)
    return network

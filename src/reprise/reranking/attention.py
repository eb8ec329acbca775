"""Softmax attention between slices of token sequences."""

import torch
from torch.nn import functional

from reprise.networks.ames_layers import HEADS, Block

# Up to so many weights per head and pair, a processor is faster with two matrix products and a softmax in place than
# with the fused kernel, whose blocks then stay half empty.
_SMALL = 256 * 256


def attend(projected: torch.Tensor, blocks: list[Block]) -> torch.Tensor:
    """Attention of the rows of each block to its columns.

    Args:
        projected: (6, P, L, 64), the queries (scaled), keys and values of both heads of P sequences of L tokens
        blocks: pairs of slices of tokens, rows and columns

    Returns:
        (2, P, L, 64); rows that no block names are undefined
    """
    _, pairs, length, width = projected.shape
    result = projected.new_empty(HEADS, pairs, length, width)
    queries, keys, values = projected.split(HEADS)
    for rows, columns in blocks:
        # Views: the heads and the sequences have one common stride.
        q, k, v = (
            part[:, :, tokens].flatten(0, 1) for part, tokens in ((queries, rows), (keys, columns), (values, columns))
        )
        target = result[:, :, rows].flatten(0, 1)
        if q.device.type == "cpu" and q.shape[1] * k.shape[1] <= _SMALL:
            weights = torch.bmm(q, k.transpose(1, 2))
            torch.softmax(weights, dim=2, out=weights)
            torch.bmm(weights, v, out=target)
        else:
            target.copy_(functional.scaled_dot_product_attention(q[None], k[None], v[None], scale=1.0)[0])
    return result

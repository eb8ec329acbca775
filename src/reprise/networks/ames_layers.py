"""Layers of AMES: attention in blocks, and the binarization of descriptors.

A sequence of tokens is ordered as [query; match token; database], in which every set of tokens that a block may
attend to is one contiguous slice, so that no mask over pairs of tokens is ever built.
"""

import math

import torch
from torch import nn
from torch.nn import functional

DIM = 128
HEADS = 2
LAYERS = 5
HIDDEN = 1024
# The width of the error function that replaces the sign in training.
_SIGMA = 1e-6

Block = tuple[slice, slice]


def self_blocks(queries: int, length: int) -> list[Block]:
    """List the blocks of self-attention: an image attends to itself and to the match token.

    Args:
        queries: number of tokens of the query, and the row of the match token, which attends to everything
        length: number of all tokens, match token included

    Returns:
        (rows, columns) slices: the rows of a block attend to its columns
    """
    return _blocks(queries, length, slice(0, queries + 1), slice(queries, length))


def cross_blocks(queries: int, length: int) -> list[Block]:
    """List the blocks of cross-attention: an image attends to the other image and to the match token, not to itself.

    Args:
        queries: number of tokens of the query
        length: number of all tokens

    Returns:
        as :func:`self_blocks`
    """
    return _blocks(queries, length, slice(queries, length), slice(0, queries + 1))


def _blocks(queries: int, length: int, of_query: slice, of_database: slice) -> list[Block]:
    match_token = (slice(queries, queries + 1), slice(0, length))
    blocks = [(slice(0, queries), of_query), match_token, (slice(queries + 1, length), of_database)]
    return [(rows, columns) for rows, columns in blocks if rows.start < rows.stop]


class BlockAttention(nn.Module):
    """Multi-head attention in blocks, with one packed projection of queries, keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * DIM, DIM))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * DIM))
        self.out_proj = nn.Linear(DIM, DIM)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, z: torch.Tensor, blocks: list[Block], valid: torch.Tensor | None) -> torch.Tensor:
        """Attend within blocks.

        Args:
            z: (B, L, 128) tokens
            blocks: slices of rows and of the columns that they attend to
            valid: (B, L) bool, the columns that may be attended to; None where all may

        Returns:
            (B, L, 128)
        """
        projected = functional.linear(z, self.in_proj_weight, self.in_proj_bias)
        q, k, v = projected.unflatten(2, (3, HEADS, DIM // HEADS)).permute(2, 0, 3, 1, 4)
        parts = []
        for rows, columns in blocks:
            mask = None if valid is None else valid[:, None, None, columns]
            parts.append(
                functional.scaled_dot_product_attention(
                    q[:, :, rows], k[:, :, columns], v[:, :, columns], attn_mask=mask
                )
            )
        return self.out_proj(torch.cat(parts, dim=2).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Self-attention, cross-attention and a feed-forward network, each added to its input and then normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = BlockAttention()
        self.cross_attn = BlockAttention()
        self.linear1 = nn.Linear(DIM, HIDDEN)
        self.linear2 = nn.Linear(HIDDEN, DIM)
        self.norm1 = nn.LayerNorm(DIM)
        self.norm2 = nn.LayerNorm(DIM)
        self.norm3 = nn.LayerNorm(DIM)

    def forward(self, z: torch.Tensor, queries: int, valid: torch.Tensor | None) -> torch.Tensor:
        """Apply the layer to tokens.

        Args:
            z: (B, L, 128) tokens
            queries: number of tokens of the query
            valid: (B, L) bool, the tokens that may be attended to; None where all may

        Returns:
            (B, L, 128)
        """
        z = self.norm1(z + self.self_attn(z, self_blocks(queries, z.shape[1]), valid))
        z = self.norm2(z + self.cross_attn(z, cross_blocks(queries, z.shape[1]), valid))
        return self.norm3(z + self.linear2(self.linear1(z).relu()))


class Decoder(nn.Module):
    """All layers, one after the other; there is no normalisation after the last."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, z: torch.Tensor, queries: int, valid: torch.Tensor | None) -> torch.Tensor:
        """Apply all layers to tokens; arguments and result as for :meth:`Layer.forward`."""
        for layer in self.layers:
            z = layer(z, queries, valid)
        return z


class Binarization(nn.Module):
    """The signs of a linear projection of normalised descriptors, sign(x W).

    In training the sign is erf(y / sqrt(2 sigma)) with sigma 1e-6, whose gradient reaches W where y is small.

    Args:
        local_dim: dimensions D of the descriptors
    """

    def __init__(self, local_dim: int) -> None:
        super().__init__()
        self.W = nn.Parameter(nn.init.orthogonal_(torch.empty(local_dim, DIM)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Project descriptors (..., D) to (..., 128) in {-1, 0, 1}."""
        y = functional.normalize(x, dim=-1) @ self.W
        return torch.erf(y / math.sqrt(2 * _SIGMA)) if self.training else torch.sign(y)

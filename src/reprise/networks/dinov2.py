"""DINOv2 with registers: a vision transformer whose patch tokens are local features.

Oquab et al., DINOv2: Learning robust visual features without supervision, TMLR 2024; Darcet et al., Vision transformers
need registers, ICLR 2024. Parameter names are those of the published ``dinov2_vitb14_reg4_pretrain.pth``.
"""

import math
import os
from typing import Self

import torch
from torch import nn
from torch.nn import functional

from reprise.networks.state_dicts import fill, shape_of, tensors_of
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint

_EPSILON = 1e-6
_REMEDY = "give the weights of a DINOv2 with registers, such as dinov2_vitb14_reg4_pretrain.pth"
# The published ViT-S, -B and -L all have heads of this width, which the shapes of weights do not determine.
_HEAD_DIM = 64


class DINOv2(nn.Module):
    """Vision transformer with a class token and register tokens; the defaults are the published ViT-B/14.

    A new network has random weights.

    Args:
        dim: width D of the tokens
        depth: number of blocks
        heads: attention heads per block
        registers: number of register tokens, which are not part of the output
        patch: side of a patch, in pixels
        grid: side of the grid of positional embeddings, in patches; it is resized to the grid of each image

    Raises:
        DataError: ``dim`` that is no multiple of ``heads``
    """

    def __init__(
        self, dim: int = 768, depth: int = 12, heads: int = 12, registers: int = 4, patch: int = 14, grid: int = 37
    ) -> None:
        super().__init__()
        if heads < 1 or dim % heads:
            raise DataError(f"dim: {dim} is no multiple of the {heads} heads; change one of them")
        self.dim = dim
        self.patch = patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + grid * grid, dim))
        self.register_tokens = nn.Parameter(torch.zeros(1, registers, dim))
        # Replaces patches that are hidden in training; kept because the published weights have it.
        self.mask_token = nn.Parameter(torch.zeros(1, dim))
        self.patch_embed = _PatchEmbedding(dim, patch)
        self.blocks = nn.ModuleList(_Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=_EPSILON)
        self._initialise()

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> Self:
        """Read a network from a published state dict, or a saved one; its sizes follow from the shapes.

        Heads are taken to be 64 wide, as in all published models.

        Args:
            path: the file; nothing is downloaded

        Returns:
            the network, in evaluation mode

        Raises:
            DataError: a file that is no state dict of a DINOv2 with registers, another key or shape, or values that are
                not finite
        """
        state = tensors_of(path, load_checkpoint(path), "the file", _REMEDY)
        _, positions, dim = shape_of(path, state, "pos_embed", 3, _REMEDY)
        registers = shape_of(path, state, "register_tokens", 3, _REMEDY)[1]
        patch = shape_of(path, state, "patch_embed.proj.weight", 4, _REMEDY)[3]
        depth = len({key.split(".")[1] for key in state if key.startswith("blocks.")})
        grid = math.isqrt(positions - 1)
        if grid * grid != positions - 1 or dim % _HEAD_DIM:
            raise DataError(
                f"{path}: pos_embed has the shape {tuple(state['pos_embed'].shape)}, not (1, 1 + a square, a multiple "
                f"of {_HEAD_DIM}); {_REMEDY}"
            )
        network = cls(dim, depth, dim // _HEAD_DIM, registers, patch, grid)
        fill(network, path, state, f"a DINOv2 of {depth} blocks with dim {dim}", _REMEDY)
        return network.eval()

    def save_checkpoint(self, path: str | os.PathLike) -> None:
        """Write the state dict atomically, in the published form."""
        with atomic_path(path) as temporary:
            torch.save(self.state_dict(), temporary)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the tokens of images after the last normalisation.

        Args:
            image: (B, 3, H, W) float32 RGB, normalised by the mean and the standard deviation of ImageNet, sides
                multiples of ``patch``

        Returns:
            class tokens (B, dim) and patch tokens (B, N, dim), row by row, N = H / patch * W / patch

        Raises:
            DataError: an image of another shape
        """
        whole = all(side % self.patch == 0 for side in image.shape[2:])
        if image.dim() != 4 or image.shape[1] != 3 or not image.numel() or not whole:
            raise DataError(
                f"image: the shape is {tuple(image.shape)}, expected (B, 3, H, W) with sides that are multiples of "
                f"{self.patch}; resize the image"
            )
        patches = self.patch_embed(image)
        grid = patches.shape[2:]
        tokens = patches.flatten(2).transpose(1, 2) + self._positions(*grid)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(image), -1, -1)
        registers = self.register_tokens.expand(len(image), -1, -1)
        tokens = torch.cat([first, registers, tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        return tokens[:, 0], tokens[:, 1 + registers.shape[1] :]

    def _positions(self, rows: int, columns: int) -> torch.Tensor:
        """Resize the grid of positional embeddings to that of an image: (1, rows * columns, dim)."""
        side = math.isqrt(self.pos_embed.shape[1] - 1)
        if (rows, columns) == (side, side):
            return self.pos_embed[:, 1:]
        grid = self.pos_embed[:, 1:].unflatten(1, (side, side)).permute(0, 3, 1, 2)
        # By size and antialiased, as for the published networks with registers; those without differ.
        grid = functional.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True)
        return grid.flatten(2).transpose(1, 2)

    def _initialise(self) -> None:
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.cls_token, std=1e-6)
        nn.init.normal_(self.register_tokens, std=1e-6)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)


class _PatchEmbedding(nn.Module):
    """Linear projection of patches: (B, 3, H, W) -> (B, dim, H / patch, W / patch)."""

    def __init__(self, dim: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, stride=patch)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.proj(image)


class _Block(nn.Module):
    """Attention and a perceptron, each normalised before and scaled per channel after: (B, L, dim) -> (B, L, dim)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=_EPSILON)
        self.attn = _Attention(dim, heads)
        self.ls1 = _LayerScale(dim)
        self.norm2 = nn.LayerNorm(dim, eps=_EPSILON)
        self.mlp = _Perceptron(dim)
        self.ls2 = _LayerScale(dim)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


class _Attention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        queries, keys, values = self.qkv(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        tokens = functional.scaled_dot_product_attention(queries, keys, values)
        return self.proj(tokens.transpose(1, 2).flatten(2))


class _Perceptron(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.fc2(functional.gelu(self.fc1(tokens)))


class _LayerScale(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens * self.gamma

"""AMES: similarity of two images from their local descriptors (Suma, Kordopatis-Zilos, Iscen and Tolias, ECCV 2024)."""

import os
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import nn
from torch.nn import functional

from reprise.networks.ames_checkpoint import check_state, read_binarizer, read_state, settings_of, write_checkpoint
from reprise.networks.ames_layers import DIM, Binarization, Decoder
from reprise.storage.errors import DataError


class AMES(nn.Module):
    """Transformer over the local descriptors of a query and of a database image that returns one matching logit.

    Suma et al., AMES: Asymmetric and memory-efficient similarity estimation for instance-level retrieval, ECCV 2024.
    Neither the order of descriptors nor their norm matters. Parameter names are those of the published checkpoints.
    A new network has random weights, by the published rule, and is in evaluation mode. Full-precision networks round
    the tokens of database images to float16 in evaluation mode, since that is how they are stored; in training
    mode they do not, and binarized ones replace the sign by a smooth function.

    Args:
        local_dim: dimensions D of the descriptors: 768 for DINOv2, 1024 for CVNet
        binarized: descriptors pass a learned projection to 128 signs first (the distilled models)
        binarizer: a file with the matrix that this projection starts from (key ``W``); without it, it starts orthogonal

    Raises:
        DataError: ``binarizer`` without ``binarized``, or a file that :func:`read_binarizer` refuses
    """

    def __init__(
        self, local_dim: int = 768, binarized: bool = False, *, binarizer: str | os.PathLike | None = None
    ) -> None:
        super().__init__()
        if binarizer is not None and not binarized:
            raise DataError("binarizer: only a binarized network has this projection; set binarized or leave it out")
        self.local_dim = local_dim
        self.binarized = binarized
        self.mtc_token = nn.Parameter(torch.empty(DIM))
        projection = [nn.Linear(DIM if binarized else local_dim, DIM), nn.LayerNorm(DIM)]
        self.remap_local = nn.Sequential(*([Binarization(local_dim)] if binarized else []), *projection)
        self.decoder = Decoder()
        self.classifier = nn.Linear(DIM, 1)
        self._initialise()
        if binarizer is not None:
            self.remap_local[0].load_state_dict({"W": read_binarizer(binarizer, local_dim)})
        self.eval()

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> Self:
        """Read a published checkpoint or a saved one; ``local_dim`` and ``binarized`` are taken from its shapes.

        Args:
            path: the checkpoint, such as ``dinov2_ames.pt``; nothing is downloaded

        Raises:
            DataError: a file that is no AMES checkpoint, or whose parameters are not finite
        """
        state = read_state(path)
        network = cls(*settings_of(path, state))
        check_state(path, state, network.state_dict())
        network.load_state_dict(state)
        return network

    def save_checkpoint(
        self,
        path: str | os.PathLike,
        *,
        epoch: int = 0,
        optimizer: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the network atomically, under the published keys ``state``, ``epoch`` and ``optim``.

        Args:
            path: the file to write
            epoch: the number of epochs that the network was trained
            optimizer: the state of the optimiser; without it, there is no key ``optim``
            training: further entries that the training needs in order to continue, under keys of its own
        """
        content = dict(training or {})
        content |= {"state": {key: tensor.detach().cpu() for key, tensor in self.state_dict().items()}, "epoch": epoch}
        if optimizer is not None:
            content["optim"] = optimizer
        write_checkpoint(path, content)

    def forward(
        self,
        src_local: torch.Tensor,
        src_mask: torch.Tensor | None = None,
        tgt_local: torch.Tensor | None = None,
        tgt_mask: torch.Tensor | None = None,
        return_tokens: bool = False,
        *,
        return_logits: bool = False,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Compute the logits of B pairs of a query and a database image, differentiable.

        A side may be padding altogether: the match token is always attended to.

        Args:
            src_local: (B, Q, D) float32, descriptors of the queries
            src_mask: (B, Q) bool, True where a row is padding; None where no row is
            tgt_local: (B, T, D) float32, descriptors of the database images
            tgt_mask: (B, T) bool, as ``src_mask``
            return_tokens: also return the tokens of the last layer
            return_logits: the published name of ``return_tokens``

        Returns:
            (B,) logits; with ``return_tokens`` also (B, 1 + Q + T, 128) tokens: match token, query, database image

        Raises:
            DataError: other shapes, or descriptors of other dimensions than ``local_dim``
        """
        if tgt_local is None:
            raise DataError("tgt_local: is missing; give the descriptors of the database images")
        for name, local, mask in (("src", src_local, src_mask), ("tgt", tgt_local, tgt_mask)):
            self._check(name, local, mask)
        if len(src_local) != len(tgt_local):
            raise DataError(f"tgt_local: {len(tgt_local)} images for {len(src_local)} queries; give one for each")
        return self.match(
            self.project_query(src_local),
            src_mask,
            self.project_database(tgt_local),
            tgt_mask,
            return_tokens or return_logits,
        )

    def project_query(self, descriptors: torch.Tensor) -> torch.Tensor:
        """Project query descriptors (..., D) to tokens (..., 128) float32."""
        return self.remap_local(descriptors if self.binarized else functional.normalize(descriptors, dim=-1))

    def project_database(self, descriptors: torch.Tensor) -> torch.Tensor:
        """Project database descriptors (..., D) to tokens (..., 128), rounded to float16 if they are stored so."""
        tokens = self.project_query(descriptors)
        return tokens if self.training or self.binarized else tokens.half().to(tokens.dtype)

    def binarize(self, descriptors: torch.Tensor) -> torch.Tensor:
        """Binarize descriptors (..., D) with a binarized network: (..., 16) uint8, first sign in the highest bit."""
        bits = (self.remap_local[0](descriptors) > 0).unflatten(-1, (-1, 8))
        powers = torch.tensor([128, 64, 32, 16, 8, 4, 2, 1], dtype=torch.uint8, device=bits.device)
        return (bits * powers).sum(dim=-1, dtype=torch.uint8)

    def project_codes(self, codes: torch.Tensor) -> torch.Tensor:
        """Project codes (..., 16) uint8 to the tokens (..., 128) of the descriptors that the codes were made of."""
        shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=codes.device)
        signs = ((codes[..., None] >> shifts) & 1).flatten(-2).to(self.mtc_token.dtype) * 2 - 1
        return self.remap_local[2](self.remap_local[1](signs))

    def match(
        self,
        src: torch.Tensor,
        src_mask: torch.Tensor | None,
        tgt: torch.Tensor,
        tgt_mask: torch.Tensor | None,
        return_tokens: bool = False,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Compute the logits from tokens that were projected before.

        Args:
            src: (B, Q, 128), tokens of the queries
            src_mask: (B, Q) bool, True where a row is padding, or None
            tgt: (B, T, 128), tokens of the database images
            tgt_mask: (B, T) bool, as ``src_mask``
            return_tokens: also return the tokens of the last layer

        Returns:
            as :meth:`forward`
        """
        queries = src.shape[1]
        z = torch.cat([src, self.mtc_token.expand(len(src), 1, DIM), tgt], dim=1)
        z = self.decoder(z, queries, _valid(src, src_mask, tgt, tgt_mask))
        logits = self.classifier(z[:, queries]).squeeze(1)
        if not return_tokens:
            return logits
        return logits, torch.cat([z[:, queries : queries + 1], z[:, :queries], z[:, queries + 1 :]], dim=1)

    def _check(self, name: str, local: torch.Tensor, mask: torch.Tensor | None) -> None:
        if local.ndim != 3:
            raise DataError(f"{name}_local: the shape is {tuple(local.shape)}; expected (B, rows, {self.local_dim})")
        check_dim(f"{name}_local", local.shape[2], self.local_dim)
        if mask is not None and (mask.shape != local.shape[:2] or mask.dtype != torch.bool):
            raise DataError(
                f"{name}_mask: is {mask.dtype} of shape {tuple(mask.shape)}; expected torch.bool of "
                f"{tuple(local.shape[:2])}, True where a row is padding"
            )

    @torch.no_grad()
    def _initialise(self) -> None:
        nn.init.trunc_normal_(self.mtc_token, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        # The published layers start as copies of one, and only their linear layers are drawn anew.
        for name in ("self_attn", "cross_attn"):
            first, *others = (layer.get_parameter(f"{name}.in_proj_weight") for layer in self.decoder.layers)
            for weight in others:
                weight.copy_(first)


def check_dim(where: str, found: int, local_dim: int) -> None:
    """Check that descriptors have the dimensions that a network takes.

    Args:
        where: what the message starts with, such as the name of the argument
        found: dimensions of the descriptors
        local_dim: dimensions that the network takes

    Raises:
        DataError: the two differ
    """
    if found != local_dim:
        raise DataError(
            f"{where}: descriptors have {found} dimensions, and this network takes {local_dim}; use a checkpoint "
            "that was trained on these descriptors (768 dimensions: DINOv2, 1024: CVNet)"
        )


def _valid(
    src: torch.Tensor, src_mask: torch.Tensor | None, tgt: torch.Tensor, tgt_mask: torch.Tensor | None
) -> torch.Tensor | None:
    """(B, Q + 1 + T) bool: the tokens that may be attended to, None where all may."""
    if src_mask is None and tgt_mask is None:
        return None
    sides = [
        torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device) if mask is None else ~mask
        for tokens, mask in ((src, src_mask), (tgt, tgt_mask))
    ]
    return torch.cat([sides[0], torch.ones_like(sides[0][:, :1]), sides[1]], dim=1)

"""The DINOv2 extractor: patch tokens ranked by an attention detector, as the AMES descriptors were made (ECCV 2024)."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from pydantic import Field

from reprise.extractors.dense import DenseExtractor, FeatureMap
from reprise.extractors.grids import cells
from reprise.extractors.settings import ExtractorSettings
from reprise.networks.dinov2 import DINOv2
from reprise.storage.references import Refers


class Settings(ExtractorSettings):
    layout = "dense"
    checkpoints = ("checkpoint", "detector")
    checkpoint: Annotated[str, Refers("checkpoints")]
    detector: Annotated[str, Refers("checkpoints")] | None = None
    local_space: Literal["backbone", "detector"] = "backbone"
    image_size: int | None = Field(770, ge=32)
    scales: list[Annotated[float, Field(gt=0)]] = Field([1.0], min_length=1)
    num_features: int = Field(700, ge=1)

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        return checkpoint_dims.get(self.checkpoint if self.local_space == "backbone" else self.detector or "")

    def global_descriptors(self) -> tuple[str, ...]:
        return "cls", "global"


class Extractor(DenseExtractor):
    """Parameters: see :class:`reprise.extractors.dense.DenseExtractor`; scales is [1.0] unless given.

    The published numbers rest on an image_size of 770. Each side is stretched to whole patches, to one at least.

    Positions are the centres of the patches as published, (y, x), both from 0 to 1 over the (cropped) image.
    Global descriptors: ``cls``, the class token; ``global``, the mean of the detector's projection of the patch tokens
    (of the tokens of unit norm, without a detector), weighted as the local features are.
    """

    name = "dinov2"
    default_scales = (1.0,)

    def open_backbone(self, checkpoint: str | os.PathLike, device: str) -> None:
        self._network = DINOv2.from_checkpoint(checkpoint).requires_grad_(False).to(device)
        self.multiple = self._network.patch
        self.dim = self._network.dim
        self.global_dims = {"cls": self.dim, "global": self.dim}

    def describe(self, image: torch.Tensor, factor: tuple[float, float]) -> FeatureMap:
        rows, columns = (side // self._network.patch for side in image.shape[2:])
        cls, tokens = self._network(image.flip(1))
        features = tokens.transpose(1, 2).unflatten(2, (rows, columns))
        return FeatureMap(features, (cells(rows, columns) + 0.5) / [rows, columns], {"cls": cls[0]})

"""The CVNet extractor: a ResNet's third stage ranked by an attention detector, as for AMES (ECCV 2024)."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from pydantic import Field

from reprise.extractors.dense import DenseExtractor, FeatureMap
from reprise.extractors.grids import cells
from reprise.extractors.settings import ExtractorSettings
from reprise.networks.cvnet import CVNet
from reprise.storage.references import Refers


class Settings(ExtractorSettings):
    layout = "dense"
    checkpoints = ("checkpoint", "detector")
    checkpoint: Annotated[str, Refers("checkpoints")]
    detector: Annotated[str, Refers("checkpoints")] | None = None
    local_space: Literal["backbone", "detector"] = "backbone"
    image_size: int | None = Field(None, ge=32)
    scales: list[Annotated[float, Field(gt=0)]] = Field([0.7071, 1.0, 1.4142], min_length=1)
    num_features: int = Field(700, ge=1)

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        return checkpoint_dims.get(self.checkpoint if self.local_space == "backbone" else self.detector or "")

    def global_descriptors(self) -> tuple[str, ...]:
        return ("global",)


class Extractor(DenseExtractor):
    """Parameters: see :class:`reprise.extractors.dense.DenseExtractor`; scales is [0.7071, 1.0, 1.4142] unless given.

    Positions are (y, x) as published: the first pixel that a cell's stride covers, in pixels of the (cropped) image
    before any resizing. Global descriptor: ``global``, that of the network, as SuperGlobal's neighbours start from.
    """

    name = "cvnet"
    default_scales = (0.7071, 1.0, 1.4142)

    def open_backbone(self, checkpoint: str | os.PathLike, device: str) -> None:
        self._network = CVNet.from_checkpoint(checkpoint).for_inference().to(device)
        self.dim = self._network.local_dim
        self.global_dims = {"global": self._network.dim}

    def describe(self, image: torch.Tensor, factor: tuple[float, float]) -> FeatureMap:
        features = self._network.forward_local(image.contiguous(memory_format=torch.channels_last))
        positions = self._network.stride * cells(*features.shape[2:]) / factor
        return FeatureMap(features, positions, {"global": self._network.pool(features)[0]})

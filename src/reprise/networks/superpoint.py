"""SuperPoint: self-supervised detection and description (DeTone, Malisiewicz and Rabinovich, CVPR Workshops 2018).

Written from the paper. Two sets of weights have its form: the authors' ("v1", whose licence allows research only and no
redistribution), and those of rpautrat/SuperPoint ("mit"), which have batch normalisation and other names.
"""

import os
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, get_args

import torch
from torch import nn
from torch.nn import functional

from reprise.networks.dense_network import DenseNetwork
from reprise.storage.errors import DataError

Layout = Literal["v1", "mit"]
DIM = 256
CELL = 8
_CHANNELS = (64, 64, 128, 128)
_HEAD = 256
_EPSILON = 1e-3


class SuperPoint(DenseNetwork):
    """From grey images (B, 1, H, W) to scores of pixels and a map of descriptors of cells of 8 x 8 pixels.

    Pixels right of and below the last whole cell have no score. A new network has random weights.

    Args:
        layout: ``v1``, names and form of the authors' weights, or ``mit``

    Raises:
        DataError: another layout
    """

    published: ClassVar[str] = "SuperPoint weights, such as superpoint_v1.pth or superpoint_v6_from_tf.pth"
    channels: ClassVar[int] = 1
    least: ClassVar[int] = CELL
    dim = DIM

    def __init__(self, layout: Layout = "v1") -> None:
        super().__init__()
        if layout not in get_args(Layout):
            raise DataError(f"layout: {layout!r} is unknown; choose one of {', '.join(get_args(Layout))}")
        self.layout = layout
        if layout == "v1":
            _add_plain_layers(self)
        else:
            self.backbone, self.detector, self.descriptor = _normalised_layers()

    @classmethod
    def like(cls, path: str | os.PathLike, state: Mapping[str, torch.Tensor]) -> Self:
        """Construct the network of the layout whose names are in ``state``."""
        return cls("mit" if any(key.startswith("backbone.") for key in state) else "v1")

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Score pixels and describe cells.

        Args:
            images: (B, 1, H, W), grey from 0 to 1

        Returns:
            scores (B, 8 floor(H / 8), 8 floor(W / 8)) in [0, 1], and descriptors (B, 256, floor(H / 8), floor(W / 8))
            of unit norm

        Raises:
            DataError: another shape, or an image without a cell
        """
        features = self.encode(images)
        return self.scores(features), self.descriptors(features)

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Run the layers that both heads share: images (B, 1, H, W) -> (B, 128, floor(H / 8), floor(W / 8))."""
        self.check(images)
        if self.layout == "mit":
            return self.backbone(images)
        layers: Any = self
        x = images
        for stage in range(1, 5):
            x = functional.relu(getattr(layers, f"conv{stage}a")(x))
            x = functional.relu(getattr(layers, f"conv{stage}b")(x))
            x = x if stage == 4 else functional.max_pool2d(x, 2)
        return x

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the logits (B, 65, h, w) of the pixels of cells, row by row, and of no keypoint, the last one."""
        if self.layout == "mit":
            return self.detector(features)
        layers: Any = self
        return layers.convPb(functional.relu(layers.convPa(features)))

    def scores(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the scores of pixels (B, 8 h, 8 w), in [0, 1], of what :meth:`encode` returned."""
        return functional.pixel_shuffle(self.logits(features).softmax(dim=1)[:, :-1], CELL)[:, 0]

    def descriptors(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the descriptors of cells (B, 256, h, w), of unit norm, of what :meth:`encode` returned."""
        if self.layout == "mit":
            return functional.normalize(self.descriptor(features))
        layers: Any = self
        return functional.normalize(layers.convDb(functional.relu(layers.convDa(features))))


def _add_plain_layers(network: nn.Module) -> None:
    inputs = 1
    for stage, outputs in enumerate(_CHANNELS, 1):
        for letter in "ab":
            network.add_module(f"conv{stage}{letter}", nn.Conv2d(inputs, outputs, 3, padding=1))
            inputs = outputs
    for letter, outputs in (("P", CELL**2 + 1), ("D", DIM)):
        network.add_module(f"conv{letter}a", nn.Conv2d(inputs, _HEAD, 3, padding=1))
        network.add_module(f"conv{letter}b", nn.Conv2d(_HEAD, outputs, 1))


def _normalised_layers() -> tuple[nn.Sequential, nn.Sequential, nn.Sequential]:
    stages = []
    inputs = 1
    for stage, outputs in enumerate(_CHANNELS, 1):
        blocks = [_block(inputs, outputs, 3), _block(outputs, outputs, 3)]
        stages.append(nn.Sequential(*blocks, *([] if stage == len(_CHANNELS) else [nn.MaxPool2d(2)])))
        inputs = outputs
    heads = [
        nn.Sequential(_block(inputs, _HEAD, 3), _block(_HEAD, outputs, 1, relu=False)) for outputs in (CELL**2 + 1, DIM)
    ]
    return nn.Sequential(*stages), heads[0], heads[1]


def _block(inputs: int, outputs: int, kernel: int, *, relu: bool = True) -> nn.Sequential:
    """A convolution, whose output is normalised behind its ReLU."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2),
            activation=nn.ReLU() if relu else nn.Identity(),
            bn=nn.BatchNorm2d(outputs, eps=_EPSILON),
        )
    )

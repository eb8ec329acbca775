"""R2D2: repeatable and reliable detector and descriptor (Revaud, Weinzaepfel et al., NeurIPS 2019)."""

import os
from collections.abc import Mapping
from typing import ClassVar, Self

import torch
from torch import nn
from torch.nn import functional

from reprise.networks.dense_network import DenseNetwork
from reprise.networks.state_dicts import shape_of
from reprise.storage.arguments import count

DIM = 128
WIDTH = 32


def dilated_trunk(*, last_relu: bool, width: int = WIDTH) -> nn.Sequential:
    """The convolutions of R2D2, which HNDesc shares: L2-Net with dilation in place of strides.

    Args:
        last_relu: the output ends in a ReLU, as in HNDesc
        width: channels of the first convolution; the others have up to four times as many

    Returns:
        (B, 3, H, W) -> (B, 128, H, W); the layers have the published numbers
    """
    layers: list[nn.Module] = []
    inputs = 3
    for outputs, dilation in ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4)):
        outputs *= width
        layers += [_convolution(inputs, outputs, 3, dilation), nn.BatchNorm2d(outputs, affine=False), nn.ReLU()]
        inputs = outputs
    for dilation in (4, 8):  # in place of one convolution of 8 x 8
        layers += [_convolution(inputs, inputs, 2, dilation), nn.BatchNorm2d(inputs, affine=False)]
    layers += [_convolution(inputs, DIM, 2, 16), *([nn.ReLU()] if last_relu else [])]
    return nn.Sequential(*layers)


class R2D2(DenseNetwork):
    """From images (B, 3, H, W) to a descriptor, a reliability and a repeatability of every pixel.

    A new network has random weights.

    Args:
        width: channels of the first convolution, 32 in the models named N16 and 48 in N8_big
    """

    published: ClassVar[str] = "an R2D2 checkpoint, such as r2d2_WASF_N16.pt"
    prefix: ClassVar[str] = "module."
    dim = DIM

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.ops = dilated_trunk(last_relu=False, width=count("width", width))
        self.clf = nn.Conv2d(DIM, 2, 1)
        self.sal = nn.Conv2d(DIM, 1, 1)

    @classmethod
    def like(cls, path: str | os.PathLike, state: Mapping[str, torch.Tensor]) -> Self:
        """Construct the network of the width of the first convolution in ``state``."""
        return cls(max(1, shape_of(path, state, "ops.0.weight", 4, cls.remedy())[0]))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Describe every pixel, and judge how well it is found and recognised again.

        Args:
            images: (B, 3, H, W), normalised

        Returns:
            descriptors (B, 128, H, W) of unit norm, reliability and repeatability (B, 1, H, W), both in [0, 1]

        Raises:
            DataError: another shape
        """
        features = self.ops(self.check(images))
        squares = features.square()
        reliability = self.clf(squares).softmax(dim=1)[:, 1:]
        salience = functional.softplus(self.sal(squares))
        return functional.normalize(features), reliability, salience / (1 + salience)


def _convolution(inputs: int, outputs: int, kernel: int, dilation: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=dilation * (kernel - 1) // 2, dilation=dilation)

"""ResNet trunks: the convolutional part of ResNet-18, -50 and -101, cut after any of the last stages.

He et al., Deep residual learning for image recognition, CVPR 2016, in the variant "v1.5": the bottleneck block has
its stride in the 3x3 convolution. The names of the parameters are the ones that the published HOW checkpoints use: a
trunk is a sequence whose children 0 and 1 are the first convolution and its normalisation, 4 to 7 the four stages.
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from reprise.storage.errors import DataError


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: (B, inputs, h, w) -> (B, width, h', w'), h' = (h - 1) // stride + 1.

    Args:
        inputs: channels of the input
        width: channels of the convolutions
        stride: stride of the first convolution
    """

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, 1)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the block to ``x`` (B, inputs, h, w)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        x += shortcut
        return self.relu(x)


class Bottleneck(nn.Module):
    """Convolutions of 1x1, 3x3 and 1x1 and a shortcut: (B, inputs, h, w) -> (B, 4 width, h', w').

    Args:
        inputs: channels of the input
        width: channels of the first two convolutions
        stride: stride of the 3x3 convolution
    """

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, width, 1, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _convolution(width, width * self.expansion, 1, 1)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, width * self.expansion, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the block to ``x`` (B, inputs, h, w)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        x += shortcut
        return self.relu(x)


BACKBONES: dict[str, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
    "resnet101": (Bottleneck, (3, 4, 23, 3)),
}


def resnet_trunk(backbone: str, skip_stages: int = 0) -> nn.Sequential:
    """Build the trunk of a ResNet without its last stages, with random weights.

    Every one of its log2(trunk_stride) strided layers maps a length L to (L - 1) // 2 + 1.

    Args:
        backbone: ``resnet18``, ``resnet50`` or ``resnet101``
        skip_stages: number of last stages left out, 0 to 3

    Returns:
        a network (B, 3, H, W) -> (B, trunk_dim, h, w), never negative because each stage ends in a ReLU

    Raises:
        DataError: an unknown backbone, or ``skip_stages`` outside 0 to 3
    """
    _check(backbone, skip_stages)
    block, depths = BACKBONES[backbone]
    layers: list[nn.Module] = [
        _convolution(3, 64, 7, 2),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]
    inputs = 64
    for stage, depth in enumerate(depths[: 4 - skip_stages]):
        width = 64 * 2**stage
        strides = [1 if stage == 0 else 2] + [1] * (depth - 1)
        blocks = []
        for stride in strides:
            blocks.append(block(inputs, width, stride))
            inputs = width * block.expansion
        layers.append(nn.Sequential(*blocks))
    trunk = nn.Sequential(*layers)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return trunk


def trunk_dim(backbone: str, skip_stages: int = 0) -> int:
    """Return the number of channels of a trunk's output; arguments as for :func:`resnet_trunk`."""
    _check(backbone, skip_stages)
    return 64 * 2 ** (3 - skip_stages) * BACKBONES[backbone][0].expansion


def trunk_stride(skip_stages: int = 0) -> int:
    """Return the distance in pixels of two cells of a trunk's output: at least 4, that of the first layers."""
    return 32 // 2**skip_stages


def fold_batch_norms(module: nn.Module) -> None:
    """Fold each batch normalisation into the convolution before it, in place, for inference.

    A module has to register a convolution and its normalisation one after the other, as the blocks above do.
    """
    children = list(module.named_children())
    for (name, child), (next_name, next_child) in pairwise(children):
        if isinstance(child, nn.Conv2d) and isinstance(next_child, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(child, next_child))
            setattr(module, next_name, nn.Identity())
    for _, child in children:
        fold_batch_norms(child)


def _check(backbone: str, skip_stages: int) -> None:
    if backbone not in BACKBONES:
        raise DataError(f"backbone: {backbone!r} is unknown; choose one of {', '.join(BACKBONES)}")
    if skip_stages not in range(4):
        raise DataError(f"skip_stages: {skip_stages!r} is not one of 0, 1, 2, 3 (ResNets have four stages)")


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """Build the projection of a shortcut whose ends differ in shape; None where they do not."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

"""The U-Net of CAPS (Wang, Zhou, Hariharan and Snavely, ECCV 2020), which HNDesc shares: ResNet-50 and a decoder.

The layers belong to the network that uses them, without a module around them, because their published names have no
prefix. The decoder's maps are enlarged with aligned corners, and the maps of the encoder that are appended to them are
padded by zeros to their size. Where the sides of an image are no multiples of 16, the map is therefore larger than a
quarter of the image, and its cells are displaced by up to two of them; this is how the published weights were used.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from reprise.networks.resnet import resnet_trunk

DIM = 128


class ConvolutionBlock(nn.Module):
    """A convolution that keeps the size, batch normalisation and ELU: (B, inputs, h, w) -> (B, outputs, h, w)."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the block to ``x`` (B, inputs, h, w)."""
        return functional.elu(self.bn(self.conv(x)))


class UpsamplingBlock(nn.Module):
    """Doubles the size, bilinearly with aligned corners, before a block: (B, i, h, w) -> (B, outputs, 2 h, 2 w)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = ConvolutionBlock(inputs, outputs, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the block to ``x`` (B, inputs, h, w)."""
        return self.conv(functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True))


def add_u_net(network: nn.Module) -> None:
    """Give a network the layers of the U-Net, with random weights."""
    trunk = resnet_trunk("resnet50", skip_stages=1)
    layers = {
        "firstconv": trunk[0],
        "firstbn": trunk[1],
        "layer1": trunk[4],
        "layer2": trunk[5],
        "layer3": trunk[6],
        "conv_coarse": ConvolutionBlock(1024, DIM, 1),
        "upconv3": UpsamplingBlock(1024, 512),
        "iconv3": ConvolutionBlock(1024, 512, 3),
        "upconv2": UpsamplingBlock(512, 256),
        "iconv2": ConvolutionBlock(512, 256, 3),
        "conv_fine": ConvolutionBlock(256, DIM, 1),
    }
    for name, layer in layers.items():
        network.add_module(name, layer)


def encoder_of(network: Any) -> nn.Sequential:
    """Return the encoder, whose layers are those of the network, with the parameter names of a trunk of ResNet-50."""
    return nn.Sequential(
        network.firstconv, network.firstbn, nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1),
        network.layer1, network.layer2, network.layer3,
    )  # fmt: skip


def encode(network: Any, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Run the encoder.

    Args:
        network: with the layers of :func:`add_u_net`
        images: (B, 3, H, W)

    Returns:
        maps of stride 4, 8 and 16: (B, 256, h, w), (B, 512, h', w') and (B, 1024, h'', w'')
    """
    x = functional.relu(network.firstbn(network.firstconv(images)))
    first = network.layer1(functional.max_pool2d(x, 3, stride=2, padding=1))
    second = network.layer2(first)
    return first, second, network.layer3(second)


def decode(network: Any, maps: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Run the decoder on the maps of the encoder: (B, 128, 4 h'', 4 w''), h'' and w'' those of the coarsest map."""
    first, second, third = maps
    x = network.upconv3(third)
    x = network.iconv3(torch.cat([x, _padded(second, x)], dim=1))
    x = network.upconv2(x)
    x = network.iconv2(torch.cat([x, _padded(first, x)], dim=1))
    return network.conv_fine(x)


def _padded(features: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Pad a map by zeros to the size of another one, the smaller half above and to the left."""
    rows, columns = (large - small for large, small in zip(like.shape[2:], features.shape[2:], strict=True))
    sides = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return functional.pad(features, sides) if any(sides) else features

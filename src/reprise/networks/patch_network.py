"""What networks that describe patches have in common: patches in, descriptors out."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import nn

from reprise.images.patch_resizing import PATCH_SIZE
from reprise.networks.published_network import PublishedNetwork
from reprise.storage.errors import DataError


class PatchNetwork(PublishedNetwork, ABC):
    """A network from patches of 32 x 32 pixels to descriptors. Patches are grey levels from 0 to 255.

    Attributes:
        patch_size: side of the patches, in pixels
        dim: dimensions of the descriptors
    """

    patch_size: ClassVar[int] = PATCH_SIZE
    dim: ClassVar[int] = 128

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Describe patches.

        Args:
            patches: (B, 1, 32, 32), grey levels from 0 to 255 of any type

        Returns:
            (B, dim) of the type of the parameters

        Raises:
            DataError: another shape
        """
        if patches.dim() != 4 or tuple(patches.shape[1:]) != (1, PATCH_SIZE, PATCH_SIZE):
            raise DataError(
                f"patches: the shape is {tuple(patches.shape)}; give (B, 1, {PATCH_SIZE}, {PATCH_SIZE}); "
                "reprise.networks.describe_patches takes any size"
            )
        return self.describe(patches.to(next(self.parameters()).dtype))

    @abstractmethod
    def describe(self, patches: torch.Tensor) -> torch.Tensor:
        """Describe checked patches; see :meth:`forward`."""


def standardised(patches: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Each patch minus its mean, divided by its standard deviation (of n - 1) plus ``epsilon``; constants to gradients.

    Args:
        patches: (B, 1, H, W) float
        epsilon: in grey levels
    """
    deviations, means = torch.std_mean(patches.detach(), dim=(1, 2, 3), keepdim=True)
    return (patches - means) / (deviations + epsilon)


def deep_trunk(*, bias: bool, dropout: float, epsilon: float) -> nn.Sequential:
    """The seven convolutions of L2-Net (Tian, Fan and Wu, CVPR 2017), which HardNet shares.

    Args:
        bias: convolutions have one
        dropout: share of the channels before the last convolution that training switches off
        epsilon: added to the variances of batch normalisation, which has no weights of its own

    Returns:
        (B, 1, 32, 32) -> (B, 128, 1, 1); the layers have the numbers of the published HardNet
    """
    layers: list[nn.Module] = []
    shapes = ((1, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1))
    for inputs, outputs, stride in shapes:
        layers += [
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=bias),
            nn.BatchNorm2d(outputs, eps=epsilon, affine=False),
            nn.ReLU(),
        ]
    layers += [
        nn.Dropout(dropout),
        nn.Conv2d(128, 128, 8, bias=bias),
        nn.BatchNorm2d(128, eps=epsilon, affine=False),
    ]
    return nn.Sequential(*layers)


def run_trunk(trunk: nn.Sequential, patches: torch.Tensor) -> torch.Tensor:
    """Run a trunk of convolutions, (B, 1, 32, 32) -> (B, D)."""
    if patches.device.type == "cpu":  # where convolutions would otherwise reorder their input, each of them
        # One channel lies in memory in the same way in either order; only the strides tell convolutions which it is.
        height, width = patches.shape[2:]
        patches = patches.contiguous().as_strided(patches.shape, (height * width, 1, width, 1))
    return trunk(patches).flatten(1)

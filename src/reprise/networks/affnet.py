"""AffNet: the affine shape of a keypoint from a patch around it.

Mishkin, Radenovic and Matas, Repeatability is not enough: learning affine regions via discriminability, ECCV 2018.
"""

from typing import ClassVar

import torch
from torch import nn

from reprise.images.patch_resizing import PATCH_SIZE
from reprise.networks.patch_network import run_trunk, standardised
from reprise.networks.published_network import PublishedNetwork

_BLOCK = 512  # patches at once


class AffNet(PublishedNetwork):
    """From patches (B, 1, 32, 32) to shapes (B, 2, 2), upright and with any area.

    Attributes:
        patch_size: side of the patches, in pixels
    """

    published: ClassVar[str] = "the parameters of AffNet, such as AffNet.pth"
    patch_size: ClassVar[int] = PATCH_SIZE

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, stride in ((1, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)):
            layers += [
                nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(outputs, affine=False),
                nn.ReLU(),
            ]
        self.features = nn.Sequential(*layers, nn.Dropout(0.25), nn.Conv2d(64, 3, 8), nn.Tanh())

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Estimate shapes.

        Args:
            patches: (B, 1, 32, 32) float, grey levels of any range

        Returns:
            (B, 2, 2), lower triangular: the patch of a region of this shape would be one of a circle. The diagonal is
            not negative, but may be 0.
        """
        x, skew, y = run_trunk(self.features, standardised(patches, 1e-6)).unbind(1)
        return torch.stack([1 + x, torch.zeros_like(x), skew, 1 + y], dim=1).view(-1, 2, 2)

    def shapes_around(self, image: torch.Tensor, points: torch.Tensor, radii: torch.Tensor) -> torch.Tensor:
        """Estimate the shapes of round regions of an image, of patches from a pyramid of halved images.

        Args:
            image: (H, W) float32 grey
            points: (N, 2) float32 x, y in pixels, the centre of the first pixel at (0, 0)
            radii: (N,) float32 of the regions, in pixels

        Returns:
            (N, 2, 2), as of :meth:`forward`
        """
        from kornia.feature import extract_patches_from_pyramid

        circles = radii[:, None, None] * torch.eye(2, dtype=radii.dtype, device=radii.device)
        regions = torch.cat([circles, points[:, :, None]], dim=2)
        patches = extract_patches_from_pyramid(image[None, None], regions[None], self.patch_size)[0]
        return torch.cat([self(block) for block in patches.split(_BLOCK)])

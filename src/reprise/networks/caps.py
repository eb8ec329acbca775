"""CAPS: descriptors learned from camera poses (Wang, Zhou, Hariharan and Snavely, ECCV 2020)."""

from typing import ClassVar

import torch

from reprise.networks.dense_network import DenseNetwork
from reprise.networks.u_net import DIM, add_u_net, decode, encode


class CAPS(DenseNetwork):
    """From images (B, 3, H, W) to a coarse and a fine map of descriptors, of 128 dimensions each.

    A descriptor is both, sampled and joined, the coarse one first: 256 dimensions, of which only the whole is
    normalised. A new network has random weights.
    """

    published: ClassVar[str] = "a CAPS checkpoint, such as caps-pretrained.pth"
    prefix: ClassVar[str] = "net."
    dim = 2 * DIM

    def __init__(self) -> None:
        super().__init__()
        add_u_net(self)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Describe all places of images.

        Args:
            images: (B, 3, H, W), normalised

        Returns:
            the coarse map (B, 128, h, w), h = ceil(H / 16), and the fine one (B, 128, 4 h, 4 w), not normalised

        Raises:
            DataError: another shape
        """
        maps = encode(self, self.check(images))
        coarse: torch.Tensor = self.get_submodule("conv_coarse")(maps[2])
        return coarse, decode(self, maps)

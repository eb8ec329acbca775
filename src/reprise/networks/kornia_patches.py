"""Networks of patches that are taken from kornia as they are: HardNet8 and SOSNet."""

from typing import ClassVar

import kornia.feature
import torch

from reprise.networks.patch_network import PatchNetwork


class HardNet8(PatchNetwork, kornia.feature.HardNet8):
    """HardNet8 (Pultar, Improving the HardNet descriptor, 2020): (B, 1, 32, 32) -> (B, 128), unit norm."""

    published: ClassVar[str] = "the parameters of HardNet8, such as hardnet8v2.pt"

    def __init__(self) -> None:
        super().__init__(pretrained=False)

    def describe(self, patches: torch.Tensor) -> torch.Tensor:
        """Describe checked patches; see :meth:`PatchNetwork.forward`."""
        return kornia.feature.HardNet8.forward(self, patches)


class SOSNet(PatchNetwork, kornia.feature.SOSNet):  # type: ignore[misc]  # its forward has one more argument
    """SOSNet (Tian, Yu, Fan, Wu, Heijnen and Balntas, CVPR 2019): (B, 1, 32, 32) -> (B, 128), unit norm."""

    published: ClassVar[str] = "the parameters of SOSNet, such as sosnet-32x32-liberty.pth"

    def __init__(self) -> None:
        super().__init__(pretrained=False)

    def describe(self, patches: torch.Tensor) -> torch.Tensor:
        """Describe checked patches; see :meth:`PatchNetwork.forward`."""
        return kornia.feature.SOSNet.forward(self, patches)

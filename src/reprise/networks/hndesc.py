"""HNDesc: descriptors learned without supervision (Melekhov, Laskar, Li, Wang and Kannala, 3DV 2021)."""

import os
from collections.abc import Mapping
from typing import ClassVar, Literal, Self, get_args

import torch
from torch.nn import functional

from reprise.networks.dense_network import DenseNetwork
from reprise.networks.r2d2 import dilated_trunk
from reprise.networks.u_net import DIM, add_u_net, decode, encode
from reprise.storage.errors import DataError

Backbone = Literal["caps", "r2d2"]


class HNDesc(DenseNetwork):
    """From images (B, 3, H, W) to a dense map of descriptors, of 128 dimensions.

    The names of parameters are the published ones. A new network has random weights.

    Args:
        backbone: ``caps``, the U-Net of CAPS, whose map is not normalised and has 4 ceil(H / 16) rows and 4 ceil(W /
            16) columns; or ``r2d2``, the network of R2D2 with a ReLU behind it, whose map has a descriptor of unit norm
            for every pixel, or zeros

    Raises:
        DataError: another backbone
    """

    published: ClassVar[str] = "an HNDesc checkpoint, such as hndesc_caps_MP_st.pth or hndesc_r2d2_MP_st.pth"
    dim = DIM

    def __init__(self, backbone: Backbone = "caps") -> None:
        super().__init__()
        if backbone not in get_args(Backbone):
            raise DataError(f"backbone: {backbone!r} is unknown; choose one of {', '.join(get_args(Backbone))}")
        self.backbone = backbone
        if backbone == "caps":
            add_u_net(self)
        else:
            self.ops = dilated_trunk(last_relu=True)

    @classmethod
    def like(cls, path: str | os.PathLike, state: Mapping[str, torch.Tensor]) -> Self:
        """Construct the network of the backbone whose names are in ``state``."""
        return cls("r2d2" if any(key.startswith("ops.") for key in state) else "caps")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Describe all places of images.

        Args:
            images: (B, 3, H, W), normalised

        Returns:
            (B, 128, h, w), see the class

        Raises:
            DataError: another shape
        """
        self.check(images)
        if self.backbone == "r2d2":
            return functional.normalize(self.ops(images))
        maps = encode(self, images)
        if self.training:
            with torch.no_grad():  # nothing uses this map, but the published training updates its running statistics
                self.get_submodule("conv_coarse")(maps[2])
        return decode(self, maps)

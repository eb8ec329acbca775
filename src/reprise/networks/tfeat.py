"""TFeat (Balntas, Riba, Ponsa and Mikolajczyk, BMVC 2016)."""

from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from reprise.networks.patch_network import PatchNetwork


class TFeat(PatchNetwork):
    """From patches (B, 1, 32, 32) to descriptors (B, 128).

    Args:
        unit_norm: descriptors have unit L2 norm. The published ones have not: distances between values of ``tanh`` as
            they are were reported, and False gives those.
    """

    published: ClassVar[str] = "TFeat parameters, such as tfeat-liberty.params"

    def __init__(self, unit_norm: bool = True) -> None:
        super().__init__()
        self.unit_norm = unit_norm
        self.features = nn.Sequential(
            nn.InstanceNorm2d(1),
            nn.Conv2d(1, 32, 7),
            nn.Tanh(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 6),
            nn.Tanh(),
        )
        self.descr = nn.Sequential(nn.Linear(64 * 8 * 8, self.dim), nn.Tanh())

    def describe(self, patches: torch.Tensor) -> torch.Tensor:
        """Describe checked patches; see :meth:`PatchNetwork.forward`."""
        descriptors = self.descr(self.features(patches).flatten(1))
        return functional.normalize(descriptors) if self.unit_norm else descriptors

"""CAPS (Wang, Zhou, Hariharan and Snavely, ECCV 2020) at any keypoints, as HNDesc compares with: 256 dimensions.

A coarse and a fine vector, which are not normalised, are joined to one of unit norm. The original program samples maps
with aligned corners, and is neither of the two ways here.
"""

from typing import TYPE_CHECKING

from reprise.descriptors.on_maps import MapDescriptor, MapSettings

if TYPE_CHECKING:
    import torch

    from reprise.networks.caps import CAPS


class Settings(MapSettings):
    """Settings of CAPS."""


class Descriptor(MapDescriptor):
    """CAPS; see :class:`reprise.descriptors.on_maps.MapDescriptor`."""

    dim = 256

    def open_network(self, checkpoint: str) -> "CAPS":
        """Load the network."""
        from reprise.networks.caps import CAPS

        return CAPS.from_checkpoint(checkpoint)

    def maps(self, image: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """Compute the coarse and the fine map of an image."""
        return self._network(image)


Descriptor.Settings = Settings

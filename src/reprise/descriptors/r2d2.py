"""R2D2 (Revaud, Weinzaepfel et al., NeurIPS 2019) at any keypoints and one scale, as HNDesc compares with.

The extractor ``r2d2`` is the published system, which finds its own keypoints at several scales.
"""

from typing import TYPE_CHECKING

from reprise.descriptors.on_maps import MapDescriptor, MapSettings

if TYPE_CHECKING:
    import torch

    from reprise.networks.r2d2 import R2D2


class Settings(MapSettings):
    """Settings of R2D2."""


class Descriptor(MapDescriptor):
    """R2D2; see :class:`reprise.descriptors.on_maps.MapDescriptor`."""

    dim = 128

    def open_network(self, checkpoint: str) -> "R2D2":
        """Load the network."""
        from reprise.networks.r2d2 import R2D2

        return R2D2.from_checkpoint(checkpoint)

    def maps(self, image: "torch.Tensor") -> "list[torch.Tensor]":
        """Compute the map of descriptors of an image."""
        return [self._network(image)[0]]


Descriptor.Settings = Settings

"""HNDesc (Melekhov, Laskar, Li, Wang and Kannala, 3DV 2021) at any keypoints: 128 dimensions of unit norm."""

from typing import TYPE_CHECKING

from reprise.descriptors.on_maps import MapDescriptor, MapSettings

if TYPE_CHECKING:
    import torch

    from reprise.networks.hndesc import HNDesc


class Settings(MapSettings):
    """Settings of HNDesc; the file of the network says its backbone."""


class Descriptor(MapDescriptor):
    """HNDesc; see :class:`reprise.descriptors.on_maps.MapDescriptor`."""

    dim = 128

    def open_network(self, checkpoint: str) -> "HNDesc":
        """Load the network."""
        from reprise.networks.hndesc import HNDesc

        return HNDesc.from_checkpoint(checkpoint)

    def maps(self, image: "torch.Tensor") -> "list[torch.Tensor]":
        """Compute the one map of an image."""
        return [self._network(image)]


Descriptor.Settings = Settings

"""HardNet8 (Pultar, Improving the HardNet descriptor, 2020) of normalised patches: 128 dimensions of unit norm."""

from typing import TYPE_CHECKING

from reprise.descriptors.on_networks import NetworkDescriptor, NetworkSettings

if TYPE_CHECKING:
    from reprise.networks.kornia_patches import HardNet8


class Settings(NetworkSettings):
    """Settings of HardNet8."""


class Descriptor(NetworkDescriptor):
    """HardNet8; see :class:`reprise.descriptors.on_networks.NetworkDescriptor`."""

    def open_network(self, checkpoint: str) -> "HardNet8":
        """Load the network."""
        from reprise.networks.kornia_patches import HardNet8

        return HardNet8.from_checkpoint(checkpoint)


Descriptor.Settings = Settings

"""HardNet (Mishchuk, Mishkin, Radenovic and Matas, NIPS 2017) of normalised patches: 128 dimensions of unit norm."""

from typing import TYPE_CHECKING

from reprise.descriptors.on_networks import NetworkDescriptor, NetworkSettings

if TYPE_CHECKING:
    from reprise.networks.hardnet import HardNet


class Settings(NetworkSettings):
    """Settings of HardNet."""


class Descriptor(NetworkDescriptor):
    """HardNet; see :class:`reprise.descriptors.on_networks.NetworkDescriptor`."""

    def open_network(self, checkpoint: str) -> "HardNet":
        """Load the network."""
        from reprise.networks.hardnet import HardNet

        return HardNet.from_checkpoint(checkpoint)


Descriptor.Settings = Settings

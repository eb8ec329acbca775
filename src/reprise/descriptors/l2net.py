"""L2-Net (Tian, Fan and Wu, CVPR 2017) of normalised patches: 128 dimensions of unit norm."""

from typing import TYPE_CHECKING

from reprise.descriptors.on_networks import NetworkDescriptor, NetworkSettings

if TYPE_CHECKING:
    from reprise.networks.l2net import L2Net


class Settings(NetworkSettings):
    """Settings of L2-Net."""


class Descriptor(NetworkDescriptor):
    """L2-Net; see :class:`reprise.descriptors.on_networks.NetworkDescriptor`."""

    def open_network(self, checkpoint: str) -> "L2Net":
        """Load the network."""
        from reprise.networks.l2net import L2Net

        return L2Net.from_checkpoint(checkpoint)


Descriptor.Settings = Settings

"""SOSNet (Tian, Yu, Fan, Wu, Heijnen and Balntas, CVPR 2019) of normalised patches: 128 dimensions of unit norm."""

from typing import TYPE_CHECKING

from reprise.descriptors.on_networks import NetworkDescriptor, NetworkSettings

if TYPE_CHECKING:
    from reprise.networks.kornia_patches import SOSNet


class Settings(NetworkSettings):
    """Settings of SOSNet."""


class Descriptor(NetworkDescriptor):
    """SOSNet; see :class:`reprise.descriptors.on_networks.NetworkDescriptor`."""

    def open_network(self, checkpoint: str) -> "SOSNet":
        """Load the network."""
        from reprise.networks.kornia_patches import SOSNet

        return SOSNet.from_checkpoint(checkpoint)


Descriptor.Settings = Settings

"""TFeat (Balntas, Riba, Ponsa and Mikolajczyk, BMVC 2016) of normalised patches: 128 dimensions."""

from typing import TYPE_CHECKING

from pydantic import Field

from reprise.descriptors.on_networks import NetworkDescriptor, NetworkSettings

if TYPE_CHECKING:
    from reprise.networks.tfeat import TFeat


class Settings(NetworkSettings):
    """Settings of TFeat."""

    unit_norm: bool = Field(False, description="false leaves descriptors as the published distances are taken of them")


class Descriptor(NetworkDescriptor):
    """TFeat; see :class:`reprise.descriptors.on_networks.NetworkDescriptor`."""

    settings: Settings

    def open_network(self, checkpoint: str) -> "TFeat":
        """Load the network."""
        from reprise.networks.tfeat import TFeat

        network = TFeat.from_checkpoint(checkpoint)
        network.unit_norm = self.settings.unit_norm
        return network


Descriptor.Settings = Settings

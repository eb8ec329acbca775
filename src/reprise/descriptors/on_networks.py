"""Base class of the descriptors of normalised patches by a network."""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from reprise.descriptors.on_patches import PatchDescriptor, PatchSettings
from reprise.extractors.settings import Checkpoint
from reprise.images.patch_resizing import PATCH_SIZE

if TYPE_CHECKING:
    from reprise.networks.patch_network import PatchNetwork


class NetworkSettings(PatchSettings):
    """The settings of a descriptor of patches by a network."""

    checkpoints = ("checkpoint",)

    checkpoint: Checkpoint = Field(description="the network")


class NetworkDescriptor(PatchDescriptor):
    """A descriptor of patches by a network, of 128 dimensions. A subclass says which network.

    Args:
        settings: the settings of the descriptor; ``checkpoint`` is a path here
        device: where the network runs

    Raises:
        DataError: a checkpoint that cannot be used
    """

    Settings: ClassVar[type[NetworkSettings]] = NetworkSettings
    dim = 128
    patch_size = PATCH_SIZE

    def __init__(self, settings: NetworkSettings, device: str = "cpu") -> None:
        from reprise.networks.describing import PatchDescriber

        super().__init__(settings, device)
        self._describe = PatchDescriber(self.open_network(settings.checkpoint), device)

    @abstractmethod
    def open_network(self, checkpoint: str) -> "PatchNetwork":
        """Load the network from a file."""

    def of_patches(self, patches: np.ndarray) -> np.ndarray:
        """See :meth:`PatchDescriptor.of_patches`."""
        return self._describe(np.ascontiguousarray(patches, np.float32))

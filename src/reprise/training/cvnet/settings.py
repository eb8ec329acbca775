"""The settings of a small CVNet without training."""

from pydantic import Field

from reprise.storage.settings import Count
from reprise.training.settings import TrainingEntry

#: Channels of the local feature map for each of the first convolution.
LOCAL = 16


class Entry(TrainingEntry):
    """A small CVNet with random filters, whose normalisation is that of some images, for trials without a download."""

    images: Count = Field(40, description="so many of the first images of the dataset, whose responses are normalised")
    width: Count = Field(16, description="channels of the first convolution; descriptors have 16 times as many")
    dim: Count = Field(256, description="dimensions of the global descriptor")
    image_size: int = Field(336, ge=32, description="pixels of the longer side")
    seed: int = Field(0, ge=0, description="of the random filters")

    def descriptor_dim(self, extractor_dim: int | None) -> int | None:
        """Return the dimension of the local descriptors that the network gives."""
        return LOCAL * self.width

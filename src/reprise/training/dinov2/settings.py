"""The settings of a small DINOv2 without training."""

from pydantic import Field

from reprise.storage.settings import Count, Settings
from reprise.training.settings import TrainingEntry


class DinoV2Settings(Settings):
    """What the network is made of."""

    dim: int = Field(128, ge=64, multiple_of=64, description="of the tokens")
    depth: Count = Field(1, description="blocks")
    image_size: int = Field(336, ge=32, description="pixels of the longer side")
    seed: int = Field(0, ge=0, description="of the random filters")


class Entry(DinoV2Settings, TrainingEntry):
    """A small DINOv2 with random filters, and a detector that whitens its features, for trials without a download."""

    parts = ("best", "detector")

    images: Count = Field(80, description="so many of the first images of the dataset, whose features are whitened")

    def descriptor_dim(self, extractor_dim: int | None) -> int | None:
        """Return the dimension of the descriptors that the network gives or takes; None where it is not known."""
        return self.dim

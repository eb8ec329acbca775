"""The settings of iterative quantisation."""

from pydantic import Field

from reprise.storage.settings import Count, Settings
from reprise.training.settings import Extractor, TrainingEntry


class ItqSettings(Settings):
    """How the matrix of a binarized network is fitted."""

    descriptors: Count = Field(
        1_000_000, description="so many of them: of every image equally many, or one each of so many images"
    )
    num_features: Count = Field(400, description="the strongest features of each image, of which they are chosen")
    iterations: Count = Field(50, description="of the rotation")
    seed: int = Field(0, ge=0, description="of the choice of descriptors, and of the rotation that it starts with")


class Entry(ItqSettings, TrainingEntry):
    """The matrix that a binarized AMES starts from (Gong and Lazebnik, CVPR 2011)."""

    extractor: Extractor = Field(description="whose descriptors are fitted to")

    def descriptor_dim(self, extractor_dim: int | None) -> int | None:
        """Return the dimension of the descriptors that the network gives or takes; None where it is not known."""
        return extractor_dim

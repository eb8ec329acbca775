"""The settings of a training of HNDesc; the defaults are those of HN-CAPS (Melekhov et al., 3DV 2021)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reprise.storage.references import Refers
from reprise.storage.settings import Count, Settings
from reprise.training.settings import Dataset, TrainingEntry


class HNDescSettings(Settings):
    """How an HNDesc is trained on pairs of crops."""

    backbone: Literal["caps", "r2d2"] = Field("caps", description="the network: the U-Net of CAPS, or that of R2D2")
    criterion: Literal["in_batch", "within_pair", "all_negatives", "triplet"] = Field(
        "in_batch",
        description="negatives: points of other crops of the batch; of the same crop; of both; the nearest one of the "
        "same crop, with a triplet loss in place of average precision",
    )
    negatives: Count = Field(20, description="of in_batch, for each point: the most similar ones")
    crop_size: int = Field(256, ge=32, description="side of the crops in pixels")
    batch: Count = Field(16, description="images of a step, of each of which two crops are compared")
    iterations: int = Field(
        219_999,
        ge=0,
        description="steps in all, one less than was asked for; 0 leaves the network as it is initialised",
    )
    epoch_iterations: Count = Field(
        6000, description="steps from one validation to the next, after which the state is saved: an epoch here"
    )
    learning_rate: float = Field(1e-4, gt=0, description="of Adam, at the start")
    decay_iterations: Count = Field(
        50_000, description="steps after which the learning rate is halved, again and again"
    )
    style_share: float = Field(
        0.7,
        ge=0,
        le=1,
        description="of the samples whose second crop is cut from the copy in another style; 0.5 for the networks that "
        "learned from PhotoTourism, too (MP)",
    )
    augmentation: bool = Field(True, description="crops are changed in brightness, colour and sharpness at random")
    fallback: Literal["identity", "mapped"] = Field(
        "identity",
        description="what is said of random points, which stand for keypoints where ten pairs of crops had none or too "
        "little contrast: that they are at the same places in both crops, which is wrong, as published; or where they "
        "are",
    )
    select: Literal["val_loss", "last"] = Field(
        "val_loss",
        description="the epoch whose network is the result: that of the lowest validation loss, or the last one",
    )
    seed: int = Field(1984, ge=0, description="of the initial weights, of the order of images and of all that is drawn")

    @property
    def epochs(self) -> int:
        """The number of epochs, the last of which may be shorter."""
        return -(-self.iterations // self.epoch_iterations)


class Entry(HNDescSettings, TrainingEntry):
    """HNDesc (Melekhov et al., 3DV 2021) on images with keypoints and styles; the defaults are those of HN-CAPS."""

    learns_from = "keypoints"

    validation: Dataset | None = Field(
        None, description="what is validated on after every epoch; null for nothing, which takes the last epoch"
    )
    detector: Annotated[str, Refers("detectors")] | None = Field(
        None, description="what finds the keypoints of all images; null reads those that are published beside them"
    )
    trunk: Annotated[str, Refers("sources")] | None = Field(
        None, description="caps: the ResNet-50 that it starts from, of torchvision; null starts from random weights"
    )

    @model_validator(mode="after")
    def _only_the_u_net_has_a_trunk(self) -> Self:
        if self.trunk is not None and self.backbone != "caps":
            raise ValueError(f"trunk: the backbone {self.backbone} has none; set it to null")
        return self

    def descriptor_dim(self, extractor_dim: int | None) -> int | None:
        """Return the dimension of the descriptors that the network gives."""
        return 128

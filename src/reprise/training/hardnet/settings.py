"""The settings of a training of HardNet; the defaults are those of the published code, and give HardNet+."""

from typing import Literal, Self

from pydantic import Field, model_validator

from reprise.storage.settings import Count, Settings
from reprise.training.settings import Dataset, TrainingEntry


class HardNetSettings(Settings):
    """How a HardNet is trained on pairs of patches."""

    mining: Literal["min", "average", "random", "explicit", "l2net"] = Field(
        "min",
        description="negatives: the closest one of the batch, all of it, any of it, one drawn from all patches; l2net "
        "takes the loss of L2-Net in place of `loss`",
    )
    loss: Literal["triplet_margin", "softmax", "contrastive"] = Field(
        "triplet_margin", description="what pairs and their negatives cost"
    )
    margin: float = Field(1.0, gt=0, description="of triplet_margin and contrastive")
    anchor_swap: bool = Field(True, description="the closer one of the two distances to a negative counts")
    decorrelation: float = Field(0.0, ge=0, description="weight of the correlation penalty (CPR); 1 as published")
    orthogonality: float = Field(0.0, ge=0, description="weight of the global orthogonal regularisation (GOR); 1 there")
    flips: bool = Field(
        True, description="pairs are transposed and mirrored at random, which tables mark by +; false for rows without"
    )
    augmentation: bool = Field(
        False,
        description="every patch is also turned by up to 5 degrees and cropped, as by the published option of this "
        "name, and all patches are resized as there; no published number was made with it",
    )
    dropout: float = Field(0.3, ge=0, lt=1, description="before the last convolution; 0.1 in the conference paper")
    gain: float = Field(0.6, gt=0, description="of the orthogonal initialisation; 0.7 in the conference paper")
    batch_pairs: int = Field(1024, ge=2, description="pairs of a step, each of another point")
    pairs: Count = Field(5_000_000, description="of an epoch")
    epochs: int = Field(10, ge=0, description="the last one is the result; 0 leaves the network as it is initialised")
    learning_rate: float = Field(
        10.0,
        gt=0,
        description="at the start; it falls to 0 along a line. 0.1 in the conference paper, with dampening 0",
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="of the gradient descent")
    dampening: float = Field(0.9, ge=0, lt=1, description="of the momentum: a new gradient counts 1 - dampening")
    weight_decay: float = Field(1e-4, ge=0, description="of the gradient descent")
    seed: int = Field(0, ge=0, description="of the initial weights, of pairs, of flips and of dropout")

    @model_validator(mode="after")
    def _every_step_has_negatives(self) -> Self:
        if self.pairs % self.batch_pairs == 1:
            raise ValueError(f"pairs: {self.pairs} leave one for the last step of {self.batch_pairs}; add one or more")
        return self


class Entry(HardNetSettings, TrainingEntry):
    """HardNet (Mishchuk et al., NIPS 2017) on PhotoTour patches; the defaults are those of the published code."""

    learns_from = "patches"

    also: dict[str, Dataset] = Field(
        {}, description="any name -> PhotoTour set that it learns from as well; a batch has points of all of them"
    )
    validation: dict[str, Dataset] = Field(
        {}, description="name in the history -> PhotoTour set, of whose pairs the FPR95 is measured after every epoch"
    )

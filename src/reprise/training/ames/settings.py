"""The settings of a training of AMES; the defaults are those of the published models (Suma et al., ECCV 2024)."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from reprise.storage.settings import Count, Settings
from reprise.training.settings import Checkpoint, Dataset, Extractor, Neighbors, TrainingEntry, as_list


class AmesValidationSettings(Settings):
    """How images are re-ranked after every epoch of a training."""

    candidates: Annotated[list[Count], as_list] = Field(
        [100, 400], min_length=1, description="numbers of images that are re-ranked, with a score for each"
    )
    similarity_weight: float = Field(0.5, ge=0, le=1, description="lambda, of the similarity in the ranking")
    temperature: float = Field(0.5, gt=0, description="gamma, factor of the logit")
    query_descriptors: Count = Field(600, description="the most of a query")
    database_descriptors: Count = Field(600, description="the most of a database image")


class AmesSettings(Settings):
    """How an AMES network is trained, from scratch or distilled."""

    binarized: bool = Field(False, description="descriptors become 128 signs; so are the published distilled models")
    seed: int = Field(0, ge=0, description="of the initial weights, of triplets and of numbers of descriptors")
    epochs: Count = Field(15, description="the last one is the result")
    learning_rate: float = Field(2e-4, gt=0, description="at the start; it falls to 0 along a cosine, at every step")
    weight_decay: float = Field(5e-4, ge=0, description="of AdamW, on all parameters")
    candidates: Count = Field(300, description="neighbours among which positives and negatives are drawn")
    batch_images: int = Field(300, ge=3, multiple_of=3, description="images per step: three for each triplet")
    descriptors: int = Field(400, ge=2, description="the most of an image, which is what a teacher sees")
    min_descriptors: Count = Field(10, description="each batch draws its numbers from here up to descriptors - 1")
    beta: float = Field(10.0, ge=0, description="weight of the distillation; of no effect without a teacher")
    accumulation: Count = Field(1, description="parts in which a batch is worked on, for less memory")
    mixed_precision: bool = Field(False, description="compute in bfloat16 where autocast finds it safe")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min_descriptors >= self.descriptors:
            raise ValueError(f"min_descriptors: has to be below descriptors, which is {self.descriptors}")
        return self


class AmesValidationEntry(AmesValidationSettings):
    """What is re-ranked after every epoch of a training, and how."""

    dataset: Dataset = Field(description="a dataset with ground truth")
    queries: Count | None = Field(379, description="the first ones, which are the public ones; null takes all")
    extractor: Extractor = Field(description="whose local features are compared")
    neighbors: Neighbors = Field(description="what is re-ranked")


class Entry(AmesSettings, TrainingEntry):
    """AMES (Suma et al., ECCV 2024), from scratch or distilled; the defaults are those of the published models."""

    learns_from = "landmarks"
    networks: ClassVar = {"teacher": "ames", "binarizer": "itq"}
    reads = "descriptors"

    extractor: Extractor = Field(description="whose local features are learned from")
    neighbors: Neighbors = Field(description="among which positives and negatives are drawn")
    teacher: Checkpoint | None = Field(None, description="the network whose tokens are distilled; null for none")
    binarizer: Checkpoint | None = Field(
        None, description="a checkpoint of type itq that a binarized network starts with"
    )
    validation: AmesValidationEntry | None = Field(None, description="null for none")

    def descriptor_dim(self, extractor_dim: int | None) -> int | None:
        """Return the dimension of the descriptors that the network gives or takes; None where it is not known."""
        return extractor_dim

    @model_validator(mode="after")
    def _starts_with_what_it_is(self) -> Self:
        if self.binarized != (self.binarizer is not None):
            raise ValueError(
                "binarizer: a binarized network starts with the matrix of one, and no other has any; give one with "
                "binarized: true, or null with false"
            )
        return self

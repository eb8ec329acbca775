"""The settings of trainings: entries of `trainings`, by their type."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reprise.pipeline.spec.entries import Checkpoint, Count, Dataset, Extractor, Kernel, Size, Source
from reprise.storage.references import Refers
from reprise.storage.settings import Settings

Neighbors = Annotated[str, Refers("neighbors")]
Scales = Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]


class Whitening(Settings):
    """The whitening that a reduction starts with."""

    images: Count = Field(5000, description="so many of the first images")
    num_features: Count = Field(1000, description="the strongest features of each")


class ValidationCodebook(Settings):
    """The codebook of a validation."""

    images: Count = Field(20000, description="so many of the first training images")
    num_features: Count = Field(1000, description="the strongest features of each")
    scales: Scales = Field([1.0], description="factors of the image pyramid")
    size: Size = Field("64k", description="visual words; k is 1024")
    iterations: Count = Field(10, description="of k-means")
    seed: int = Field(1234, ge=0, description="of k-means")


class HowValidation(Settings):
    """What is searched during a training of HOW, to choose the best epoch."""

    dataset: Dataset = Field("val_eccv20", description="a dataset with ground truth")
    frequency: Count = Field(5, description="epochs from one validation to the next")
    num_features: Count = Field(1000, description="the strongest features of each image")
    scales: Scales = Field([2.0, 1.414, 1.0, 0.707, 0.5, 0.353, 0.25], description="factors of the image pyramid")
    codebook: ValidationCodebook = Field(ValidationCodebook(), description="trained anew at each validation")
    asmk: Kernel = Field(Kernel(), description="settings of the kernel")


class How(Settings):
    """HOW (Tolias, Jenicek and Chum, ECCV 2020); the defaults are those of R18_how."""

    type: Literal["how"] = Field(description="the system")
    dataset: Dataset = Field(description="a dataset with matching pairs")
    trunk: Source | None = Field(description="the trunk that it starts from; null starts from random weights")
    backbone: Literal["resnet18", "resnet50", "resnet101"] = Field("resnet18", description="the trunk's architecture")
    skip_stages: int = Field(0, ge=0, le=3, description="last stages of the trunk that are left out")
    dim: Count | None = Field(128, description="dimensions after the reduction; null leaves it out")
    smoothing: Count | None = Field(3, description="side of the average filter, in cells; null leaves it out")
    whitening: Whitening | None = Field(Whitening(), description="what the reduction starts with")
    seed: int = Field(0, ge=0, description="of the initial weights; epoch e draws its tuples with seed + e")
    epochs: int = Field(20, ge=0, description="0 leaves the network as it is initialised, off the shelf")
    queries: Count = Field(2000, description="matching pairs per epoch")
    pool: Count = Field(20000, description="images among which negatives are mined, per epoch")
    negatives: Count = Field(5, description="per query")
    batch: Count = Field(5, description="tuples whose gradients are summed")
    accumulation: Count = Field(1, description="batches to a step of the optimiser, whose gradients are summed, too")
    mixed_precision: bool = Field(False, description="compute in bfloat16 where autocast finds it safe")
    image_size: int = Field(1024, ge=32, description="pixels of the longer side")
    margin: float = Field(0.8, gt=0, description="of the contrastive loss")
    learning_rate: float = Field(5e-6, gt=0, description="of the trunk; the reduction keeps its whitening")
    learning_rate_decay: float = Field(0.99, gt=0, le=1, description="factor after each epoch")
    weight_decay: float = Field(1e-4, ge=0, description="added to the gradient, as Adam does it")
    validation: HowValidation | None = Field(
        HowValidation(), description="null takes the epoch with the lowest loss for the best"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.dim is None) != (self.whitening is None):
            raise ValueError("whitening: a reduction (dim) starts with a whitening; give both, or null for both")
        if self.batch > self.queries:
            raise ValueError(f"batch: {self.batch} is more than the {self.queries} queries of an epoch")
        return self


class AmesValidation(Settings):
    """What is re-ranked after every epoch of a training of AMES."""

    dataset: Dataset = Field(description="a dataset with ground truth")
    queries: Count | None = Field(379, description="the first ones, which are the public ones; null takes all")
    extractor: Extractor = Field(description="whose local features are compared")
    neighbors: Neighbors = Field(description="what is re-ranked")
    candidates: list[Count] = Field(
        [100, 400], min_length=1, description="numbers of images that are re-ranked, with a score for each"
    )
    similarity_weight: float = Field(0.5, ge=0, le=1, description="lambda, of the similarity in the ranking")
    temperature: float = Field(0.5, gt=0, description="gamma, factor of the logit")
    query_descriptors: Count = Field(400, description="the most of a query")
    database_descriptors: Count = Field(400, description="the most of a database image")


class Ames(Settings):
    """AMES (Suma et al., ECCV 2024), from scratch or distilled; the defaults are those of the published models."""

    type: Literal["ames"] = Field(description="the system")
    dataset: Dataset = Field(description="a dataset with landmarks")
    extractor: Extractor = Field(description="whose local features are learned from")
    neighbors: Neighbors = Field(description="among which positives and negatives are drawn")
    teacher: Checkpoint | None = Field(None, description="the network whose tokens are distilled; null for none")
    binarizer: Checkpoint | None = Field(
        None, description="a checkpoint of type itq that a binarized network starts with"
    )
    binarized: bool = Field(False, description="descriptors become 128 signs")
    seed: int = Field(0, ge=0, description="of the initial weights, of triplets and of numbers of descriptors")
    epochs: Count = Field(15, description="the last one is the result")
    learning_rate: float = Field(2e-4, gt=0, description="at the start; it falls to 0 along a cosine")
    weight_decay: float = Field(5e-4, ge=0, description="of AdamW, on all parameters")
    candidates: Count = Field(300, description="neighbours among which positives and negatives are drawn")
    batch_images: int = Field(300, ge=3, multiple_of=3, description="images per step: three for each triplet")
    descriptors: int = Field(400, ge=2, description="the most of an image, which is what a teacher sees")
    min_descriptors: Count = Field(10, description="each batch draws its numbers from here up to descriptors - 1")
    beta: float = Field(10.0, ge=0, description="weight of the distillation; of no effect without a teacher")
    accumulation: Count = Field(1, description="parts in which a batch is worked on, for less memory")
    mixed_precision: bool = Field(False, description="compute in bfloat16 where autocast finds it safe")
    validation: AmesValidation | None = Field(None, description="null for none")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.binarized != (self.binarizer is not None):
            raise ValueError(
                "binarizer: a binarized network starts with the matrix of one, and no other has any; give one with "
                "binarized: true, or null with false"
            )
        if self.min_descriptors >= self.descriptors:
            raise ValueError(f"min_descriptors: has to be below descriptors, which is {self.descriptors}")
        return self


class Itq(Settings):
    """The matrix that a binarized AMES starts from (Gong and Lazebnik, CVPR 2011)."""

    type: Literal["itq"] = Field(description="the system")
    dataset: Dataset = Field(description="whose images are fitted to")
    extractor: Extractor = Field(description="whose descriptors are fitted to")
    descriptors: Count = Field(1_000_000, description="so many of them")
    num_features: Count = Field(400, description="the strongest features of each image")
    iterations: Count = Field(50, description="of the rotation")
    seed: int = Field(0, ge=0, description="of the rotation that it starts with")


class DinoV2(Settings):
    """A small DINOv2 with random filters, and a detector that whitens its features, for trials without a download."""

    type: Literal["dinov2"] = Field(description="the system")
    dataset: Dataset = Field(description="whose features are whitened")
    images: Count = Field(80, description="so many of the first images")
    dim: int = Field(128, ge=64, multiple_of=64, description="of the tokens")
    depth: Count = Field(1, description="blocks")
    image_size: int = Field(336, ge=32, description="pixels of the longer side")
    seed: int = Field(0, ge=0, description="of the random filters")


TRAININGS: Mapping[str, type[Settings]] = {"how": How, "ames": Ames, "itq": Itq, "dinov2": DinoV2}

"""The settings of a training of HOW; the defaults are those of R18_how (Tolias, Jenicek and Chum, ECCV 2020)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reprise.asmk.settings import Kernel
from reprise.codebooks.sizes import Size
from reprise.extractors.settings import ImageSize, Scales
from reprise.storage.references import Refers
from reprise.storage.settings import Count, Settings
from reprise.training.settings import Dataset, TrainingEntry

_WITHOUT_VALIDATION = "null takes the epoch with the lowest loss for the best"


class WhiteningSettings(Settings):
    """The whitening that a reduction starts with."""

    images: Count = Field(5000, description="so many of the first images")
    num_features: Count = Field(1000, description="the strongest features of each")


class CodebookSettings(Settings):
    """The codebook of a validation."""

    images: Count = Field(20000, description="so many of the first training images")
    num_features: Count = Field(1000, description="the strongest features of each")
    scales: Scales = Field([1.0], description="factors of the image pyramid")
    size: Size = Field("64k", description="visual words; k is 1024")
    iterations: Count = Field(10, description="of k-means")
    seed: int = Field(1234, ge=0, description="of k-means")


class ValidationSettings(Settings):
    """How images are searched during a training, to choose the best epoch."""

    frequency: Count = Field(5, description="epochs from one validation to the next")
    num_features: Count = Field(1000, description="the strongest features of each image")
    scales: Scales = Field([2.0, 1.414, 1.0, 0.707, 0.5, 0.353, 0.25], description="factors of the image pyramid")
    codebook: CodebookSettings = Field(CodebookSettings(), description="trained anew at each validation")
    asmk: Kernel = Field(Kernel(), description="settings of the kernel")


class TrainingSettings(Settings):
    """How a HOW network is trained."""

    backbone: Literal["resnet18", "resnet50", "resnet101"] = Field("resnet18", description="the trunk's architecture")
    skip_stages: int = Field(0, ge=0, le=3, description="last stages of the trunk that are left out")
    dim: Count | None = Field(128, description="dimensions after the reduction; null leaves it out")
    smoothing: Count | None = Field(3, description="side of the average filter, in cells; null leaves it out")
    whitening: WhiteningSettings | None = Field(WhiteningSettings(), description="what the reduction starts with")
    seed: int = Field(0, ge=0, description="of the initial weights; epoch e draws its tuples with seed + e")
    epochs: int = Field(20, ge=0, description="0 leaves the network as it is initialised, off the shelf")
    queries: Count = Field(2000, description="matching pairs per epoch")
    pool: Count = Field(20000, description="images among which negatives are mined, per epoch")
    negatives: Count = Field(5, description="per query")
    batch: Count = Field(5, description="tuples whose gradients are summed")
    accumulation: Count = Field(1, description="batches to a step of the optimiser, whose gradients are summed, too")
    mixed_precision: bool = Field(False, description="compute in bfloat16 where autocast finds it safe")
    image_size: ImageSize = Field(
        1024,
        description="pixels of the longer side, to which larger images are shrunk; also in whitening and validation",
    )
    margin: float = Field(0.8, gt=0, description="of the contrastive loss")
    learning_rate: float = Field(5e-6, gt=0, description="of the trunk; the reduction keeps its whitening")
    learning_rate_decay: float = Field(0.99, gt=0, le=1, description="factor after each epoch")
    weight_decay: float = Field(1e-4, ge=0, description="added to the gradient, as Adam does it")
    validation: ValidationSettings | None = Field(ValidationSettings(), description=_WITHOUT_VALIDATION)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.dim is None) != (self.whitening is None):
            raise ValueError("whitening: a reduction (dim) starts with a whitening; give both, or null for both")
        if self.batch > self.queries:
            raise ValueError(f"batch: {self.batch} is more than the {self.queries} queries of an epoch; lower it")
        return self


class ValidationEntry(ValidationSettings):
    """What is searched during a training, and how."""

    dataset: Dataset = Field("val_eccv20", description="a dataset with ground truth")


class Entry(TrainingSettings, TrainingEntry):
    """HOW (Tolias, Jenicek and Chum, ECCV 2020); the defaults are those of R18_how."""

    learns_from = "pairs"

    trunk: Annotated[str, Refers("sources")] | None = Field(
        description="the trunk that it starts from; null starts from random weights"
    )
    validation: ValidationEntry | None = Field(ValidationEntry(), description=_WITHOUT_VALIDATION)

    def descriptor_dim(self, extractor_dim: int | None) -> int | None:
        """Return the dimension of the descriptors that the network gives or takes; None where it is not known."""
        return self.dim

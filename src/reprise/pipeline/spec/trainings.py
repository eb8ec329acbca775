"""temporary"""

from typing import Annotated, Literal

from pydantic import Field

from reprise.pipeline.spec.entries import Checkpoint, Count, Dataset, Extractor, Size, Source
from reprise.storage.references import Refers
from reprise.storage.settings import Settings

Scales = list[Annotated[float, Field(gt=0)]]


class Whitening(Settings):
    images: Count = 5000
    num_features: Count = 1000


class VCodebook(Settings):
    images: Count = 20000
    num_features: Count = 1000
    scales: Scales = [1.0]
    size: Size = "64k"
    iterations: Count = 10
    seed: int = Field(1234, ge=0)


class VAsmk(Settings):
    binary: bool = True
    idf: bool = False
    database_assignments: Count = 1
    query_assignments: Count = 5
    alpha: float = 3.0
    threshold: float = 0.0


class HowValidation(Settings):
    dataset: Dataset = "val_eccv20"
    frequency: Count = 5
    num_features: Count = 1000
    scales: Scales = [2.0, 1.414, 1.0, 0.707, 0.5, 0.353, 0.25]
    codebook: VCodebook = VCodebook()
    asmk: VAsmk = VAsmk()


class How(Settings):
    type: Literal["how"]
    dataset: Dataset
    trunk: Source | None
    backbone: Literal["resnet18", "resnet50", "resnet101"] = "resnet18"
    skip_stages: int = 0
    dim: Count | None = 128
    smoothing: Count | None = 3
    whitening: Whitening | None = Whitening()
    seed: int = 0
    epochs: int = 20
    queries: Count = 2000
    pool: Count = 20000
    negatives: Count = 5
    batch: Count = 5
    accumulation: Count = 1
    mixed_precision: bool = False
    image_size: int = 1024
    margin: float = 0.8
    learning_rate: float = 5e-6
    learning_rate_decay: float = 0.99
    weight_decay: float = 1e-4
    validation: HowValidation | None = HowValidation()


class AmesValidation(Settings):
    dataset: Dataset
    queries: Count | None = 379
    extractor: Extractor
    neighbors: Annotated[str, Refers("neighbors")]
    candidates: list[Count] = [100, 400]
    similarity_weight: float = 0.5
    temperature: float = 0.5
    query_descriptors: Count = 400
    database_descriptors: Count = 400


class Ames(Settings):
    type: Literal["ames"]
    dataset: Dataset
    extractor: Extractor
    neighbors: Annotated[str, Refers("neighbors")]
    teacher: Checkpoint | None = None
    binariser: Checkpoint | None = None
    binarized: bool = False
    seed: int = 0
    epochs: Count = 15
    learning_rate: float = 2e-4
    weight_decay: float = 5e-4
    candidates: Count = 300
    batch_images: int = 300
    descriptors: int = 400
    min_descriptors: Count = 10
    beta: float = 10.0
    accumulation: Count = 1
    mixed_precision: bool = False
    validation: AmesValidation | None = None


class Itq(Settings):
    type: Literal["itq"]
    dataset: Dataset
    extractor: Extractor
    descriptors: Count = 1000000
    num_features: Count = 400
    iterations: Count = 50
    seed: int = 0


class Dino(Settings):
    type: Literal["dinov2"]
    dataset: Dataset
    images: Count = 80
    dim: int = 128
    depth: Count = 1
    image_size: int = 336
    seed: int = 0


TRAININGS = {"how": How, "ames": Ames, "itq": Itq, "dinov2": Dino}

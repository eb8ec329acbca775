"""The settings of an AMES training."""

from dataclasses import dataclass

from reprise.storage.errors import DataError
from reprise.training.settings import CheckedSettings, boolean, integer, list_of, number, setting


@dataclass(frozen=True)
class AmesSettings(CheckedSettings):
    """How AMES is trained; the defaults are those of the published full-precision models (Suma et al., ECCV 2024).

    binarized         descriptors become 128 signs; the published distilled models are of this kind
    seed              of the initial weights; with the number of an epoch, also of its triplets and descriptor counts
    epochs            the last one is the result
    learning_rate     at the start; it falls to 0 along a cosine, at every step
    weight_decay      of AdamW, on all parameters
    candidates        nearest neighbours of an anchor among which positive and negative are drawn
    batch_images      per step: three for each triplet
    descriptors       the most of an image, which is what a teacher sees
    min_descriptors   each batch draws its numbers of query and database descriptors from here up to descriptors - 1
    beta              weight of the distillation beside the cross-entropy; of no effect without a teacher
    accumulation      parts in which a batch is worked on, for less memory; the step is the same but for rounding
    mixed_precision   compute in bfloat16 where autocast finds it safe

    DataError: a value outside of its range.
    """

    binarized: bool = setting(False, boolean)
    seed: int = setting(0, integer(0))
    epochs: int = setting(15, integer(1))
    learning_rate: float = setting(2e-4, number(0, above=True))
    weight_decay: float = setting(5e-4, number(0))
    candidates: int = setting(300, integer(1))
    batch_images: int = setting(300, integer(3))
    descriptors: int = setting(400, integer(2))
    min_descriptors: int = setting(10, integer(1))
    beta: float = setting(10.0, number(0))
    accumulation: int = setting(1, integer(1))
    mixed_precision: bool = setting(False, boolean)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_images % 3:
            raise DataError(f"batch_images: is {self.batch_images}; a triplet has three images, give a multiple of 3")
        if self.min_descriptors >= self.descriptors:
            raise DataError(
                f"min_descriptors: is {self.min_descriptors}, and has to be below descriptors, {self.descriptors}"
            )


@dataclass(frozen=True)
class AmesValidationSettings(CheckedSettings):
    """What is re-ranked after every epoch, and how; the defaults are the published ones.

    candidates            numbers of images that are re-ranked, with a score for each
    similarity_weight     lambda, of the similarity by which the images were ranked, beside that by AMES
    temperature           gamma, factor of the logit
    query_descriptors, database_descriptors  the most of an image
    """

    candidates: tuple[int, ...] = setting((100, 400), list_of(integer(1)))
    similarity_weight: float = setting(0.5, number(0))
    temperature: float = setting(0.5, number(0, above=True))
    query_descriptors: int = setting(600, integer(1))
    database_descriptors: int = setting(600, integer(1))

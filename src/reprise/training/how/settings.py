"""The settings of a training, from plain JSON values."""

from dataclasses import dataclass, field

from reprise.networks.how_settings import SCALES, Settings
from reprise.storage.errors import DataError
from reprise.training.settings import (
    CheckedSettings,
    anything,
    boolean,
    group,
    integer,
    list_of,
    number,
    one_of,
    setting,
)


@dataclass(frozen=True)
class WhiteningSettings(CheckedSettings):
    """Of how many images, and how many of the strongest features of each, the reduction is the whitening."""

    images: int = setting(5000, integer(1))
    num_features: int = setting(1000, integer(1))


@dataclass(frozen=True)
class CodebookSettings(CheckedSettings):
    """The codebook of a validation: k-means of features of the first training images."""

    images: int = setting(20000, integer(1))
    num_features: int = setting(1000, integer(1))
    scales: tuple[float, ...] = setting((1.0,), list_of(number(0, above=True)))
    size: int = setting(65536, integer(1))
    iterations: int = setting(10, integer(1))
    seed: int = setting(1234, integer(0))


@dataclass(frozen=True)
class MatchingSettings(CheckedSettings):
    """The arguments of :class:`reprise.asmk.asmk.ASMK`."""

    binary: bool = setting(True, boolean)
    idf: bool | str = setting(False, one_of(False, True, "published"))
    database_assignments: int = setting(1, integer(1))
    query_assignments: int = setting(5, integer(1))
    alpha: float = setting(3.0, number(0))
    threshold: float = setting(0.0, number(-1))


@dataclass(frozen=True)
class ValidationSettings(CheckedSettings):
    """Every ``frequency`` epochs, search with the ``num_features`` strongest features of an image over ``scales``."""

    frequency: int = setting(5, integer(1))
    num_features: int = setting(1000, integer(1))
    scales: tuple[float, ...] = setting(SCALES, list_of(number(0, above=True)))
    codebook: CodebookSettings = field(default_factory=CodebookSettings, metadata={"check": group(CodebookSettings)})
    asmk: MatchingSettings = field(default_factory=MatchingSettings, metadata={"check": group(MatchingSettings)})


@dataclass(frozen=True)
class TrainingSettings(CheckedSettings):
    """How a HOW network is trained; the defaults are those of R18_how (Tolias, Jenicek and Chum, ECCV 2020).

    backbone, skip_stages, dim, smoothing  see :class:`reprise.networks.how.HOW`
    seed              of the initial weights; epoch e draws its tuples with seed + e
    epochs            0 leaves the network as it is initialised, "off-the-shelf"
    learning_rate     of the trunk; the reduction keeps its whitening
    weight_decay      added to the gradient, as Adam does it
    learning_rate_decay  factor after each epoch
    margin            of the contrastive loss
    image_size        longer side in pixels to which larger images are shrunk, in training, whitening and validation
    negatives         per tuple
    queries, pool     per epoch: pairs of query and positive, and images that negatives are chosen from (at most)
    batch             tuples whose gradients are summed
    accumulation      batches to a step of the optimiser, whose gradients are summed, too
    mixed_precision   compute in bfloat16 where autocast finds it safe
    whitening         None without a reduction
    validation        None selects the epoch of the lowest loss

    DataError: a value outside of its range.
    """

    backbone: str = setting("resnet18", anything)
    skip_stages: int = setting(0, anything)
    dim: int | None = setting(128, anything)
    smoothing: int | None = setting(3, anything)
    seed: int = setting(0, integer(0))
    epochs: int = setting(20, integer(0))
    learning_rate: float = setting(5e-6, number(0, above=True))
    weight_decay: float = setting(1e-4, number(0))
    learning_rate_decay: float = setting(0.99, number(0, above=True))
    margin: float = setting(0.8, number(0, above=True))
    image_size: int = setting(1024, integer(1))
    negatives: int = setting(5, integer(1))
    queries: int = setting(2000, integer(1))
    pool: int = setting(20000, integer(1))
    batch: int = setting(5, integer(1))
    accumulation: int = setting(1, integer(1))
    mixed_precision: bool = setting(False, boolean)
    whitening: WhiteningSettings | None = field(
        default_factory=WhiteningSettings, metadata={"check": group(WhiteningSettings, optional=True)}
    )
    validation: ValidationSettings | None = field(
        default_factory=ValidationSettings, metadata={"check": group(ValidationSettings, optional=True)}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        Settings(self.backbone, self.skip_stages, self.dim, self.smoothing)
        if (self.dim is None) != (self.whitening is None):
            raise DataError(
                f"whitening: is {self.whitening!r} with dim {self.dim!r}; a reduction starts as a whitening, so give "
                "both, or null for both"
            )
        if self.batch > self.queries:
            raise DataError(f"batch: is {self.batch}, and an epoch has {self.queries} queries; lower it")

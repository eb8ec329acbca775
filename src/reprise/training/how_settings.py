"""The settings of a training, from plain JSON values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from reprise.networks.how_settings import SCALES, Settings
from reprise.storage.errors import DataError, unknown_name

_Check = Callable[[Any], Any]


def _setting(default: Any, check: _Check) -> Any:
    return field(default=default, metadata={"check": check})


def _integer(least: int) -> _Check:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise DataError(f"give an integer of at least {least}")
        return value

    return check


def _number(least: float, *, above: bool = False) -> _Check:
    def check(value: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool) and least <= value < float("inf")
        if not number or (above and value == least):
            raise DataError(f"give a number {'above' if above else 'of at least'} {least}")
        return float(value)

    return check


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise DataError("give true or false")
    return value


def _one_of(*values: Any) -> _Check:
    def check(value: Any) -> Any:
        if not any(value is known or (isinstance(known, str) and value == known) for known in values):
            raise DataError(f"give one of {', '.join(map(repr, values))}")
        return value

    return check


def _scales(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise DataError("give a list of positive factors, such as [1.0]")
    return tuple(_number(0, above=True)(factor) for factor in value)


def _anything(value: Any) -> Any:
    return value


def _group(kind: "type[_Settings]", *, optional: bool = False) -> _Check:
    def check(value: Any) -> Any:
        if value is None and optional:
            return None
        return value if isinstance(value, kind) else kind.from_json(value)

    return check


class _Settings:
    """A frozen dataclass whose fields check themselves; what they check is said by ``_setting``."""

    def __post_init__(self) -> None:
        for entry in fields(self):  # type: ignore[arg-type]
            value = getattr(self, entry.name)
            try:
                object.__setattr__(self, entry.name, entry.metadata["check"](value))
            except DataError as error:
                nested = isinstance(value, Mapping)
                raise DataError(
                    f"{entry.name}.{error}" if nested else f"{entry.name}: is {value!r}; {error}"
                ) from error

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The settings of a mapping as JSON has it; what is missing keeps its default.

        DataError: an unknown name, or a value outside of its range.
        """
        if not isinstance(values, Mapping):
            raise DataError(f"give a mapping of settings or null, not {values!r}")
        known = [entry.name for entry in fields(cls)]  # type: ignore[arg-type]
        for name in values:
            if name not in known:
                raise unknown_name("settings of the training", name, known)
        return cls(**values)


@dataclass(frozen=True)
class WhiteningSettings(_Settings):
    """Of how many images, and how many of the strongest features of each, the reduction is the whitening."""

    images: int = _setting(5000, _integer(1))
    num_features: int = _setting(1000, _integer(1))


@dataclass(frozen=True)
class CodebookSettings(_Settings):
    """The codebook of a validation: k-means of features of the first training images."""

    images: int = _setting(20000, _integer(1))
    num_features: int = _setting(1000, _integer(1))
    scales: tuple[float, ...] = _setting((1.0,), _scales)
    size: int = _setting(65536, _integer(1))
    iterations: int = _setting(10, _integer(1))
    seed: int = _setting(1234, _integer(0))


@dataclass(frozen=True)
class MatchingSettings(_Settings):
    """The arguments of :class:`reprise.asmk.asmk.ASMK`."""

    binary: bool = _setting(True, _boolean)
    idf: bool | str = _setting(False, _one_of(False, True, "published"))
    database_assignments: int = _setting(1, _integer(1))
    query_assignments: int = _setting(5, _integer(1))
    alpha: float = _setting(3.0, _number(0))
    threshold: float = _setting(0.0, _number(-1))


@dataclass(frozen=True)
class ValidationSettings(_Settings):
    """Every ``frequency`` epochs, search with the ``num_features`` strongest features of an image over ``scales``."""

    frequency: int = _setting(5, _integer(1))
    num_features: int = _setting(1000, _integer(1))
    scales: tuple[float, ...] = _setting(SCALES, _scales)
    codebook: CodebookSettings = field(default_factory=CodebookSettings, metadata={"check": _group(CodebookSettings)})
    asmk: MatchingSettings = field(default_factory=MatchingSettings, metadata={"check": _group(MatchingSettings)})


@dataclass(frozen=True)
class TrainingSettings(_Settings):
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

    backbone: str = _setting("resnet18", _anything)
    skip_stages: int = _setting(0, _anything)
    dim: int | None = _setting(128, _anything)
    smoothing: int | None = _setting(3, _anything)
    seed: int = _setting(0, _integer(0))
    epochs: int = _setting(20, _integer(0))
    learning_rate: float = _setting(5e-6, _number(0, above=True))
    weight_decay: float = _setting(1e-4, _number(0))
    learning_rate_decay: float = _setting(0.99, _number(0, above=True))
    margin: float = _setting(0.8, _number(0, above=True))
    image_size: int = _setting(1024, _integer(1))
    negatives: int = _setting(5, _integer(1))
    queries: int = _setting(2000, _integer(1))
    pool: int = _setting(20000, _integer(1))
    batch: int = _setting(5, _integer(1))
    accumulation: int = _setting(1, _integer(1))
    mixed_precision: bool = _setting(False, _boolean)
    whitening: WhiteningSettings | None = field(
        default_factory=WhiteningSettings, metadata={"check": _group(WhiteningSettings, optional=True)}
    )
    validation: ValidationSettings | None = field(
        default_factory=ValidationSettings, metadata={"check": _group(ValidationSettings, optional=True)}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        Settings(self.backbone, self.skip_stages, self.dim, self.smoothing)
        if (self.dim is None) != (self.whitening is None):
            raise DataError(
                f"whitening: is {self.whitening!r} with dim {self.dim!r}; a reduction starts as a whitening, so give "
                "both, or null for both"
            )

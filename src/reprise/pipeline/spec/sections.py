"""The sections of the configuration, and the model of the settings of each of their entries.

The entries of some sections have a type, whose name loads the module that declares their settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reprise.datasets.layout import DatasetLayout
from reprise.extractors.registry import extractor_settings
from reprise.pipeline.spec import entries
from reprise.storage.errors import DataError, unknown_name
from reprise.storage.modules import available, load_named
from reprise.storage.settings import Settings
from reprise.training.settings import training_entry, training_types

Model = type[Settings]


@dataclass(frozen=True)
class Section:
    """A section whose entries are of the type that their key ``key`` names.

    Attributes:
        key: the key of the type
        load: type, what an error begins with -> the model
        types: the types that this project comes with
        other: how another type is named, one of somebody else's; None where there are no others
    """

    key: str
    load: Callable[[str, str], Model]
    types: Callable[[], tuple[str, ...]]
    other: str | None = None

    def model(self, entry: Mapping[str, Any], where: str) -> Model:
        if self.key not in entry:
            raise DataError(f"{where}: key '{self.key}' is missing; choose one of {', '.join(self.types())}")
        return self.load(str(entry[self.key]), f"{where}.{self.key}")


def _layout(name: str, where: str) -> type[DatasetLayout]:
    return load_named("reprise.datasets", name, "Layout", where)


def _one_of(models: Mapping[str, Model]) -> tuple[Callable[[str, str], Model], Callable[[], tuple[str, ...]]]:
    def load(name: str, where: str) -> Model:
        if name not in models:
            raise unknown_name(where, name, models)
        return models[name]

    return load, lambda: tuple(models)


_CLASS, _MODULE = "package.module:Class", "package.module"
EXPERIMENTS: dict[str, Model] = {
    "asmk": entries.AsmkExperiment,
    "global": entries.GlobalExperiment,
    "ames": entries.AmesExperiment,
}
SECTIONS: Mapping[str, Model | Section] = {
    "images": entries.Images,
    "datasets": Section("layout", _layout, lambda: available("reprise.datasets", "Layout"), _CLASS),
    "enlarged": entries.Enlarged,
    "trainings": Section("type", training_entry, training_types, _MODULE),
    "checkpoints": entries.Weights,
    "extractors": Section("type", extractor_settings, lambda: available("reprise.extractors", "Settings"), _CLASS),
    "codebooks": entries.Codebook,
    "neighbors": entries.Neighbors,
    "rerankers": entries.Reranker,
    "calibrations": entries.Calibration,
    "experiments": Section("matcher", *_one_of(EXPERIMENTS)),
    "tables": entries.Table,
}


def read_entry(section: str, entry: Mapping[str, Any], where: str) -> Settings:
    """The settings of an entry. DataError: its type is missing or unknown, or its model refuses it."""
    kind = SECTIONS[section]
    model = kind.model(entry, where) if isinstance(kind, Section) else kind
    return model.read(entry, where)

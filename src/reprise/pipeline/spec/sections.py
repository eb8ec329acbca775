"""Sections of the configuration, and the model of the settings of each of their entries.

The entries of some sections have a type, whose name loads the module that declares their settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reprise.datasets.reading import LAYOUTS, load_layout
from reprise.descriptors.registry import DESCRIPTORS
from reprise.detectors.registry import DETECTORS
from reprise.extractors.detection import detection_settings
from reprise.extractors.registry import ENTRIES, EXTRACTORS
from reprise.pipeline.spec import entries, experiments, reports
from reprise.reranking.scorers import SCORERS, reranker_settings
from reprise.storage.errors import DataError, unknown_name
from reprise.storage.settings import Settings
from reprise.training.settings import TRAININGS, training_entry

Model = type[Settings]


@dataclass(frozen=True)
class Section:
    """A section whose entries have a type, named by their key ``key``.

    Attributes:
        key: the key of the type
        load: (type, what errors begin with) -> the model
        types: lists the types of this project
        other: how a type of another project is named; None where there are no others
        otherwise: a key that stands in place of ``key`` in entries of no type, and their model
    """

    key: str
    load: Callable[[str, str], Model]
    types: Callable[[], tuple[str, ...]]
    other: str | None = None
    otherwise: tuple[str, Model] | None = None

    def model(self, entry: Mapping[str, Any], where: str) -> Model:
        """Return the model of an entry; DataError without a type, or for an unknown one."""
        if self.key not in entry:
            if self.otherwise and self.otherwise[0] in entry:
                return self.otherwise[1]
            other = f", or give '{self.otherwise[0]}' in its place" if self.otherwise else ""
            raise DataError(f"{where}: key '{self.key}' is missing; choose one of {', '.join(self.types())}{other}")
        return self.load(str(entry[self.key]), f"{where}.{self.key}")


def _one_of(models: Mapping[str, Model]) -> tuple[Callable[[str, str], Model], Callable[[], tuple[str, ...]]]:
    def load(name: str, where: str) -> Model:
        if name not in models:
            raise unknown_name(where, name, models)
        return models[name]

    return load, lambda: tuple(models)


_CLASS, _MODULE = "package.module:Class", "package.module"
SEARCHES: dict[str, Model] = {
    "asmk": experiments.AsmkExperiment,
    "bow": experiments.BowExperiment,
    "global": experiments.GlobalExperiment,
    "hamming": experiments.HammingExperiment,
    "localization": experiments.LocalizationExperiment,
    "matching": experiments.MatchingExperiment,
    "patches": experiments.PatchExperiment,
}
SECTIONS: Mapping[str, Model | Section] = {
    "sources": entries.OwnSource,
    "images": entries.Images,
    "datasets": Section("layout", load_layout, LAYOUTS.names, _CLASS),
    "enlarged": entries.Enlarged,
    "trainings": Section("type", training_entry, TRAININGS.names, _MODULE),
    "checkpoints": entries.Weights,
    "detectors": Section("type", detection_settings, DETECTORS.names, _CLASS),
    "extractors": Section("type", EXTRACTORS.settings_of, ENTRIES.names, _CLASS),
    "descriptors": Section("type", DESCRIPTORS.settings_of, DESCRIPTORS.names, _CLASS),
    "codebooks": entries.Codebook,
    "neighbors": entries.Neighbors,
    "matchings": entries.Matching,
    "rerankers": Section("scorer", reranker_settings, SCORERS.names, other=_MODULE),
    "calibrations": entries.Calibration,
    "experiments": Section("search", *_one_of(SEARCHES), otherwise=("ranking", experiments.ContinuedExperiment)),
    "tables": reports.Table,
    "figures": reports.Figure,
}


def read_entry(section: str, entry: Mapping[str, Any], where: str) -> Settings:
    """Read the settings of an entry.

    Args:
        section: the section
        entry: keys and values
        where: what errors begin with

    Raises:
        DataError: the type of the entry is missing or unknown, or its model refuses it
    """
    kind = SECTIONS[section]
    model = kind.model(entry, where) if isinstance(kind, Section) else kind
    return model.read(entry, where)

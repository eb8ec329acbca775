"""What the slices of several stages have in common; see :mod:`reprise.pipeline.recipes`."""

from collections.abc import Mapping

from reprise.downloads.sources import Source
from reprise.pipeline.paths import Paths
from reprise.reporting.metrics import metric_module
from reprise.reranking.scorers import scorer_module
from reprise.storage.modules import module_of

Slice = dict[str, object]


def loaded_modules(slice_: Slice) -> list[str]:
    """The modules that a job loads by a name of its slice, so that no import statement shows them.

    A description of a dataset has a ``layout``, wherever it stands in the slice, and one of an extractor a ``type``; a
    ``scorer`` and ``metrics`` are named as such.
    """
    found: set[str] = set()

    def look(value: object) -> None:
        if isinstance(value, Mapping):
            if "layout" in value:
                found.add(module_of("reprise.datasets", value["layout"]))
            if "type" in value:
                found.add(module_of("reprise.extractors", value["type"]))
            if "scorer" in value:
                found.add(scorer_module(value["scorer"]))
            for name in value.get("metrics", ()):
                found.add(metric_module(name))
            for inner in value.values():
                look(inner)

    look(slice_)
    return sorted(found)


class Slices:
    """A function per stage, named after it; what they return is part of the recipe.

    Args:
        config: the checked configuration
        sources: what sources.yaml says of every file
    """

    def __init__(self, config: Mapping, sources: Mapping[str, Source]):
        self._config = config
        self._sources = sources
        self._paths = Paths(config, sources)

    def _dataset(self, dataset: str) -> Slice:
        return {**self._paths.layout(dataset).described(), **self._paths.dataset(dataset)}

    def _extractor(self, extractor: str) -> Slice:
        """The settings of an extractor, with the files of its networks in place of their names."""
        settings = dict(self._config["extractors"][extractor])
        for key in self._paths.extractor(extractor).checkpoints:
            settings[key] = self._paths.checkpoint(settings[key]) if settings[key] else None
        return settings

    def _searched(self, searched: str) -> Slice:
        """A dataset, with the distractors that it is enlarged by."""
        base, distractors = self._paths.parts(searched)
        return {
            "dataset": self._dataset(base),
            "distractors": self._dataset(distractors) if distractors else None,
        }

"""Descriptions of datasets, extractors and networks for jobs: settings, with files in place of names."""

from collections.abc import Mapping
from typing import Any

from reprise.pipeline.paths import Paths

Description = dict[str, Any]


class Descriptions:
    """The descriptions of one configuration, which are part of recipes.

    Args:
        config: the checked configuration
        paths: its files
    """

    def __init__(self, config: Mapping, paths: Paths):
        self._config = config
        self._paths = paths

    def dataset(self, dataset: str) -> Description:
        """Return the description that :func:`reprise.datasets.reading.read_dataset` reads."""
        return {**self._paths.layout(dataset).described(), **self._paths.dataset(dataset)}

    def searched(self, searched: str) -> Description:
        """Return the description of a dataset, with that of its distractors, or None."""
        base, distractors = self._paths.parts(searched)
        return {
            "dataset": self.dataset(base),
            "distractors": self.dataset(distractors) if distractors else None,
        }

    def extractor(self, extractor: str) -> Description:
        """Return the settings of an extractor, with the files of its networks in place of their names."""
        settings = dict(self._config["extractors"][extractor])
        for key in self._paths.extractor(extractor).checkpoints:
            settings[key] = self.checkpoint(settings[key])
        return settings

    def checkpoint(self, checkpoint: str | None) -> str | None:
        """Return the file of a network; None for none."""
        return self._paths.checkpoint(checkpoint) if checkpoint else None

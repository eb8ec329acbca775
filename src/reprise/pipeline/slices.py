"""What the slices of several stages have in common; see :mod:`reprise.pipeline.recipes`."""

from collections.abc import Mapping

from reprise.downloads.sources import Source
from reprise.pipeline.paths import Paths

Slice = dict[str, object]


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
        entry = self._config["datasets"][dataset]
        kept = {key: entry[key] for key in ("layout", "part", "first", "private_queries") if key in entry}
        return {**kept, **self._paths.dataset(dataset)}

    def _searched(self, searched: str) -> Slice:
        """A dataset, with the distractors that it is enlarged by."""
        base, distractors = self._paths.parts(searched)
        return {
            "dataset": self._dataset(base),
            "distractors": self._dataset(distractors) if distractors else None,
        }

"""The rankings of a configuration that are made by a step: what each is scored by, and where its pairs are kept."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from reprise.reranking.expansions import expansion_settings
from reprise.reranking.scorers import (
    Scorer,
    fusion_settings,
    load_scorer,
    pair_settings,
    projects,
    reranker_settings,
)
from reprise.reranking.settings import RerankerSettings
from reprise.storage.errors import DataError

_FILE_NAME = re.compile(r"[\w.,=+-]{1,120}")


def search_of(config: Mapping, experiment: str) -> str:
    """Return the name of the ranking of the search that a ranking starts from."""
    while "ranking" in config["experiments"][experiment]:
        experiment = config["experiments"][experiment]["ranking"]
    return experiment


def step_source(config: Mapping, experiment: str) -> Mapping[str, Any]:
    """Return the entry with the features that a step uses: of rerankers, or of neighbors."""
    entry = config["experiments"][experiment]
    globally = "expand" in entry and config["experiments"][search_of(config, experiment)]["search"] == "global"
    source: Mapping[str, Any] = config["neighbors" if globally else "rerankers"][entry.get("rerank") or entry["expand"]]
    return source


class Rerankings:
    """The steps of one configuration.

    Args:
        config: the checked configuration
    """

    def __init__(self, config: Mapping):
        self._config = config
        self._experiments = {name: entry for name, entry in config["experiments"].items() if "rerank" in entry}
        self._all = config["experiments"]
        self._rerankers, self._neighbors = config["rerankers"], config["neighbors"]
        # Rankings that differ in what is made of the scores alone share the scores.
        self._pairs = {(entry["rerank"], self.pairs(name)): entry for name, entry in self._experiments.items()}

    def experiments(self, scorer: str | None = None) -> list[str]:
        """The rankings that are made by a step, or by one of a scorer."""
        return [name for name in self._experiments if scorer in (None, self._reranker_of(name)["scorer"])]

    def expansions(self, engine: str) -> list[str]:
        """The rankings that are made by a query expansion in a kind of search."""
        return [name for name, entry in self._all.items() if "expand" in entry and self._engine(name) == engine]

    def expansion(self, experiment: str) -> dict[str, Any]:
        """What a query expansion is told: the settings of its own."""
        own = expansion_settings(self._engine(experiment)).model_fields.keys() - {"expand"}
        return {key: self._all[experiment][key] for key in sorted(own)}

    def search(self, experiment: str) -> str:
        """Return the name of the ranking of the search that a ranking starts from."""
        return search_of(self._config, experiment)

    def extractors(self, experiment: str) -> list[str]:
        """Return the extractors whose features an experiment is made of, steps included."""
        found, entry = [], self._all[experiment]
        while "ranking" in entry:
            found.append(step_source(self._config, experiment)["extractor"])
            experiment = entry["ranking"]
            entry = self._all[experiment]
        found.append(entry["extractor"] if "extractor" in entry else self._neighbors[entry["neighbors"]]["extractor"])
        return [name for name in dict.fromkeys(found) if name]

    def projected(self) -> list[str]:
        """The rerankers for which something is computed of every image before pairs are compared."""
        return [name for name in self._rerankers if projects(self._scorer(name))]

    def projection(self, reranker: str) -> dict[str, Any]:
        """What the scorer's ``project`` is told: the settings of its own of a reranker."""
        own = self._model(reranker).model_fields.keys() - RerankerSettings.model_fields.keys()
        return {key: self._rerankers[reranker][key] for key in sorted(own)}

    def checkpoints(self, reranker: str) -> dict[str, str]:
        """The names of the networks of a reranker, by their keys."""
        entry = self._rerankers[reranker]
        return {key: entry[key] for key in self._model(reranker).checkpoints if entry[key]}

    def codebooks(self, reranker: str) -> dict[str, str]:
        """The names of the codebooks of a reranker, by their keys."""
        entry = self._rerankers[reranker]
        return {key: entry[key] for key in self._model(reranker).codebooks if entry[key]}

    def pairs(self, experiment: str) -> str:
        """What tells the scores of pairs of a step from others: all settings that change them, as a file name."""
        entry = self._experiments[experiment]
        settings = {
            "shortlist": entry["shortlist"],
            **_moved(entry),
            **pair_settings(self._scorer(entry["rerank"]), entry),
        }
        name = ",".join(f"{key}={value}" for key, value in settings.items())
        # A scorer of somebody else's may have settings that no file can be called by.
        return name if _FILE_NAME.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:16]

    def pair_settings(self, reranker: str, pairs: str) -> dict[str, Any]:
        """The settings that :meth:`pairs` stands for: which short lists they are of, and those of the scorer."""
        entry = self._pairs[reranker, pairs]
        return {
            "shortlist": entry["shortlist"],
            **_moved(entry),
            "settings": pair_settings(self._scorer(reranker), entry),
        }

    def step(self, experiment: str) -> dict[str, Any]:
        """What a step is told: its scorer, the length of its short lists, and the other settings of the scorer."""
        entry = self._experiments[experiment]
        scorer = self._scorer(entry["rerank"])
        return {
            "scorer": self._rerankers[entry["rerank"]]["scorer"],
            "shortlist": entry["shortlist"],
            **_moved(entry),
            "settings": {**pair_settings(scorer, entry), **fusion_settings(scorer, entry)},
        }

    def sweep(self, experiment: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the settings of a sweep over an experiment. DataError: short lists that it has no scores of."""
        scored, asked = self._experiments[experiment]["shortlist"], max(settings["shortlist"])
        if asked > scored:
            raise DataError(
                f"config.sweep.shortlist: {asked} is more than the {scored} images that {experiment} compares with the "
                "query; lower it, or raise shortlist of the step"
            )
        return {**settings, **_moved(self._experiments[experiment])}

    def _engine(self, experiment: str) -> str:
        engine: str = self._all[self.search(experiment)]["search"]
        return engine

    def _reranker_of(self, experiment: str) -> Mapping[str, Any]:
        return self._rerankers[self._experiments[experiment]["rerank"]]

    def _scorer(self, reranker: str) -> Scorer:
        return load_scorer(self._rerankers[reranker]["scorer"])

    def _model(self, reranker: str) -> type[RerankerSettings]:
        return reranker_settings(self._rerankers[reranker]["scorer"])


def _moved(step: Mapping[str, Any]) -> dict[str, Any]:
    """Where a step leaves junk, in recipes and names of files; the default, which was the only way once, is in none."""
    return {} if step["junk"] == "last" else {"junk": step["junk"]}

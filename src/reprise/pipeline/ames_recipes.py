"""The slices of the configuration that the stages of AMES read; see :mod:`reprise.pipeline.recipes`."""

from collections.abc import Mapping

from reprise.pipeline.slices import Slice, Slices


class AmesSlices(Slices):
    """The stages from adopted features to trained networks."""

    def _adopt_features(self, extractor: str, dataset: str, split: str) -> Slice:
        files = self._config["extractors"][extractor]["files"][dataset][split]
        return {
            "files": [self._paths.download(file) for file in files],
            "dataset": self._dataset(dataset),
            "split": split,
        }

    def _join_features(self, extractor: str, searched: str) -> Slice:
        return {"extractor": extractor, "dataset": searched}

    def _find_neighbors(self, neighbors: str, dataset: str) -> Slice:
        entry = self._config["neighbors"][neighbors]
        layout = self._paths.layout(self._paths.parts(dataset)[0])
        return {
            "descriptor": entry["descriptor"],
            "count": None if layout.whole else entry["count"],
            "exclude_self": layout.within,
        }

    def _rank_neighbors(self, experiment: str, dataset: str) -> Slice:
        neighbors = self._config["experiments"][experiment]["neighbors"]
        return {"neighbors": self._paths.neighbors(neighbors, dataset), **self._searched(dataset)}

    def _project_tokens(self, reranker: str, split: str) -> Slice:
        entry = self._config["rerankers"][reranker]
        return {
            "checkpoint": self._paths.checkpoint(entry["checkpoint"]),
            "num_features": entry["num_features"],
            "role": {"queries": "query", "database": "database"}[split],
        }

    def _score_pairs(self, reranker: str, query_features: str, num_features: str, rerank: str, dataset: str) -> Slice:
        return {
            "scorer": self._scorer(reranker),
            "checkpoint": self._paths.checkpoint(self._config["rerankers"][reranker]["checkpoint"]),
            "shortlist": int(rerank),
            "settings": {"query_features": int(query_features), "num_features": int(num_features)},
            **self._searched(dataset),
        }

    def _rerank(self, experiment: str, dataset: str) -> Slice:
        entry = self._config["experiments"][experiment]
        settings = entry["ames"]
        return {
            "scorer": self._scorer(entry["reranker"]),
            "shortlist": settings["rerank"],
            "settings": {
                "num_features": entry["num_features"],
                **{key: settings[key] for key in ("similarity_weight", "temperature")},
            },
            **self._searched(dataset),
        }

    def _scorer(self, reranker: str) -> str:
        """The name of the module that scores pairs for a reranker."""
        return self._config["rerankers"][reranker]["scorer"]

    def _sweep(self, experiment: str, dataset: str) -> Slice:
        return {**self._config["sweep"], **self._searched(dataset)}

    def _calibrate(self, calibration: str) -> Slice:
        entry = self._config["calibrations"][calibration]
        return {
            "extractor": self._extractor(entry["extractor"]),
            "dataset": self._dataset(entry["dataset"]),
            **{key: entry[key] for key in ("queries", "image_sizes")},
        }

    def _initialise_dinov2(self, training: str) -> Slice:
        entry = self._config["trainings"][training]
        settings = {key: entry[key] for key in ("dim", "depth", "image_size", "seed")}
        return {"dataset": self._dataset(entry["dataset"]), "images": entry["images"], "settings": settings}

    def _train_itq(self, training: str) -> Slice:
        entry = self._config["trainings"][training]
        return {key: entry[key] for key in ("descriptors", "num_features", "iterations", "seed")}

    def _train_ames(self, training: str) -> Slice:
        entry = self._config["trainings"][training]
        named = ("type", "dataset", "extractor", "neighbors", "teacher", "binariser", "validation")
        networks = {key: self._paths.checkpoint(entry[key]) if entry[key] else None for key in ("teacher", "binariser")}
        return {
            "settings": {key: value for key, value in entry.items() if key not in named},
            "dataset": self._dataset(entry["dataset"]),
            "neighbors": self._paths.neighbors(entry["neighbors"], entry["dataset"]),
            **networks,
            "validation": self._ames_validation(entry["validation"]),
            "state": self._paths.training_state(training),
        }

    def _ames_validation(self, validation: Mapping | None) -> Slice | None:
        if validation is None:
            return None
        named = ("dataset", "queries", "extractor", "neighbors")
        return {
            "settings": {key: value for key, value in validation.items() if key not in named},
            "dataset": self._dataset(validation["dataset"]),
            "queries": validation["queries"],
            "neighbors": self._paths.neighbors(validation["neighbors"], validation["dataset"]),
        }

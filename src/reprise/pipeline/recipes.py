"""What makes a job stale: the slice of the configuration that a stage reads, and the code that it runs.

Every function here that is named after a stage lists exactly the settings that this stage reads; a change of any other
setting leaves its files alone. Settings that cannot change a number (chunks, threads) are in no slice.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from reprise.downloads.sources import Source
from reprise.pipeline.ames_recipes import AmesSlices
from reprise.pipeline.comparability import deviations, words
from reprise.pipeline.fingerprint import fingerprint
from reprise.pipeline.seeds import study
from reprise.pipeline.slices import Slice
from reprise.pipeline.tables import measured

# What these stages make is checked by hashes and sizes, so another way of fetching it makes nothing stale.
_TRANSPORT = ("download", "unpack")


class Recipes(AmesSlices):
    """Makes the recipes of all jobs of one configuration.

    Args:
        config: the checked configuration
        sources: what sources.yaml says of every file
        published: the content of published.yaml
        scripts: the folder with one script per stage, named after it
    """

    def __init__(self, config: Mapping, sources: Mapping[str, Source], published: Mapping, scripts: Path):
        super().__init__(config, sources)
        self._published = published
        self._scripts = scripts

    def recipe(self, stage: str, **wildcards: str) -> str:
        """Canonical JSON of the stage, its slice of the configuration and the fingerprint of its code."""
        slice_of: Callable[..., Slice] = getattr(self, f"_{stage}")
        modules = self._modules(stage, wildcards)
        recipe = {
            "stage": stage,
            "parameters": slice_of(**wildcards),
            "modules": modules,
            "code": None if stage in _TRANSPORT else fingerprint(self._scripts / f"{stage}.py", modules),
        }
        return json.dumps(recipe, sort_keys=True)

    def _modules(self, stage: str, wildcards: Mapping[str, str]) -> list[str]:
        """Modules that a stage loads by a name of the configuration, so that no import statement shows them."""
        if stage == "calibrate":
            extractor = self._config["calibrations"][wildcards["calibration"]]["extractor"]
        elif stage == "extract_chunk":
            extractor = wildcards["extractor"]
        else:
            return []
        return [f"reprise.extractors.{self._config['extractors'][extractor]['extractor']}"]

    def _draw_miniature(self) -> Slice:
        place = {"downloads": self._paths.downloads, "lock": self._paths.lock}
        return {**(self._config["miniature"] or {}), **place}

    def _download(self, source: str) -> Slice:
        # Where a file comes from does not make it stale; what it has to be does.
        entry = self._sources[source]
        place = {"destination": self._paths.download(source), "lock": self._paths.lock}
        expected = {key: getattr(entry, key) for key in ("bytes", "sha256", "sha256_prefix")}
        return {"source": source, **expected, **place}

    def _unpack(self, images: str) -> Slice:
        entry = self._config["images"][images]
        return {"flatten": entry["flatten"], "folder": self._paths.image_folder(images)}

    def _train_how(self, training: str) -> Slice:
        entry = self._config["trainings"][training]
        validation = entry["validation"] and dict(entry["validation"])
        validated = self._dataset(validation.pop("dataset")) if validation else None
        if validation:
            codebook = validation["codebook"]
            validation["codebook"] = {**codebook, "size": words(codebook["size"])}
        settings = {key: value for key, value in entry.items() if key not in ("system", "dataset", "trunk")}
        return {
            "settings": {**settings, "validation": validation},
            "dataset": self._dataset(entry["dataset"]),
            "validated": validated,
            "trunk": self._paths.download(entry["trunk"]) if entry["trunk"] else None,
            "state": self._paths.training_state(training),
        }

    def _extract_chunk(self, extractor: str, dataset: str, split: str) -> Slice:
        settings = dict(self._config["extractors"][extractor])
        for key in ("checkpoint", "detector"):
            if settings.get(key):
                settings[key] = self._paths.checkpoint(settings[key])
        # A query that cannot be read would be scored as if it had found nothing, so it is always an error.
        undecodable = self._config["datasets"][dataset].get("undecodable", "error") if split == "database" else "error"
        return {
            "extractor": settings,
            "dataset": self._dataset(dataset),
            "split": split,
            "undecodable": undecodable,
        }

    def _merge_features(self, extractor: str, dataset: str, split: str) -> Slice:
        return {"extractor": extractor, "dataset": dataset, "split": split}

    def _train_codebook(self, codebook: str) -> Slice:
        entry = self._config["codebooks"][codebook]
        return {
            **{key: entry[key] for key in ("num_features", "iterations", "seed")},
            "size": words(entry["size"]),
        }

    def _aggregate_chunk(self, experiment: str) -> Slice:
        entry = self._config["experiments"][experiment]
        asmk = entry["asmk"]
        return {
            "num_features": entry["num_features"],
            "assignments": asmk["database_assignments"],
            "binary": asmk["binary"],
        }

    def _build_index(self, experiment: str) -> Slice:
        return {"idf": self._config["experiments"][experiment]["asmk"]["idf"]}

    def _search(self, experiment: str, dataset: str) -> Slice:
        entry = self._config["experiments"][experiment]
        asmk = entry["asmk"]
        enlarged = self._config["enlarged"].get(dataset)
        return {
            **self._searched(dataset),
            "num_features": entry["num_features"],
            "assignments": asmk["query_assignments"],
            "topk": enlarged["topk"] if enlarged else asmk["topk"],
            **{key: asmk[key] for key in ("binary", "alpha", "threshold")},
        }

    def _evaluate(self, dataset: str) -> Slice:
        base, _ = self._paths.parts(dataset)
        return {"dataset": self._dataset(base), "kappas": [1, 5, 10]}

    def _table(self, table: str) -> Slice:
        entry = self._config["tables"][table]
        return {
            "title": entry["title"],
            "datasets": entry["datasets"],
            "protocols": entry["protocols"],
            "rows": self._rows(entry),
            "miniature": self._config["miniature"] is not None,
            "published": self._published_of(entry),
        }

    def _seeds(self, table: str) -> Slice:
        entry = self._config["tables"][table]
        studies = {name: list(study(self._config, name).values()) for name in entry["experiments"]}
        rows = [{**row, "experiments": studies[row["experiment"]]} for row in self._rows(entry)]
        return {
            "title": entry["title"],
            "datasets": measured(self._config, table),
            "protocols": entry["protocols"],
            "rows": [row for row in rows if row["experiments"]],
        }

    def _rows(self, table: Mapping) -> list[Slice]:
        experiments = self._config["experiments"]
        return [
            {
                "experiment": name,
                "method": experiments[name]["method"],
                "num_features": experiments[name].get("num_features", 0),
            }
            for name in table["experiments"]
        ]

    def _published_of(self, table: Mapping) -> Slice | None:
        """The published numbers of a table's experiments, and in what they were obtained otherwise than here."""
        if table["published"] is None:
            return None
        entry = self._published[table["published"]]
        values = {name: entry["values"].get(name, {}) for name in table["experiments"]}
        return {
            "citation": entry["citation"],
            "tolerance": entry["tolerance"],
            "values": values,
            "deviations": {
                name: deviations(self._config, entry, name, table["datasets"]) for name in table["experiments"]
            },
        }

"""What a training by a module of somebody else's is told, and what has to exist before it begins."""

from collections.abc import Iterator, Mapping
from typing import Any

from reprise.pipeline.descriptions import Description, Descriptions
from reprise.pipeline.paths import Paths
from reprise.training.settings import training_entry


class Trainings:
    """The trainings of one configuration, read by the models of their entries.

    Args:
        config: the checked configuration
        paths: the files of it
    """

    def __init__(self, config: Mapping, paths: Paths):
        self._entries = config["trainings"]
        self._paths = paths
        self._describe = Descriptions(config, paths)

    def described(self, training: str) -> Description:
        """The settings of a training without its type and threads, and in place of every name what it stands for.

        For a dataset that is its description; for a source or a checkpoint its file; for an extractor the files of its
        features of the dataset that stands beside it, by split; for a detector the files of its keypoints of the
        datasets that stand beside it, by their keys; for neighbours their file for this dataset.
        """
        description = _copy(self._entries[training])
        for keys, section, name, dataset in self._referred(training):
            place = description
            for key in keys[:-1]:
                place = place[key]
            place[keys[-1]] = self._stands_for(section, name, dataset)
        del description["type"], description["threads"]
        return description

    def inputs(self, training: str) -> list[str]:
        """The files that have to exist before it begins."""
        referred = self._referred(training)
        return [file for _, section, name, dataset in referred for file in self._files(section, name, dataset)]

    def datasets(self, training: str) -> list[str]:
        """The datasets that it names, in the order of their keys."""
        return [name for _, section, name, _ in self._referred(training) if section == "datasets"]

    def _referred(self, training: str) -> Iterator[tuple[list[str], str, str, Any]]:
        """Of each name: the keys that lead to it, the section that it is of, itself, and the dataset beside it."""
        entry = self._entries[training]
        settings = training_entry(entry["type"], f"trainings.{training}.type").read(entry, f"trainings.{training}")
        for path, name, mark in settings.referred():
            keys, place = path.split("."), entry
            for key in keys[:-1]:
                place = place[key]
            beside = {key: place[key] for key in ("dataset", "validation") if isinstance(place.get(key), str)}
            section = mark.sections[0]
            yield keys, section, name, beside if section == "detectors" else place.get("dataset")

    def _stands_for(self, section: str, name: str, dataset: Any) -> Any:
        if section == "datasets":
            return self._describe.dataset(name)
        if section == "detectors":
            return {key: self._paths.keypoint_files(name, each) for key, each in dataset.items()}
        if section == "extractors":
            return dict(zip(self._splits(dataset), self._files(section, name, dataset), strict=True))
        files = {"sources": self._paths.download, "checkpoints": self._paths.checkpoint}
        return files[section](name) if section in files else self._paths.neighbors(name, dataset)

    def _files(self, section: str, name: str, dataset: Any) -> list[str]:
        if section == "datasets":
            return self._paths.dataset_inputs(name)
        if section == "detectors":
            return [file for each in dataset.values() for file in self._paths.keypoint_files(name, each)]
        if section == "extractors":
            return [self._paths.features(name, dataset, split) for split in self._splits(dataset)]
        files = {"sources": self._paths.receipt, "checkpoints": self._paths.checkpoint_input}
        return [files[section](name) if section in files else self._paths.neighbors_input(name, dataset)]

    def _splits(self, dataset: str) -> tuple[str, ...]:
        return ("database",) if self._paths.layout(dataset).truth is None else ("database", "queries")


def _copy(entry: Mapping) -> dict:
    return {key: _copy(value) if isinstance(value, Mapping) else value for key, value in entry.items()}

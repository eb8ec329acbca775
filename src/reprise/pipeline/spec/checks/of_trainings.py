"""Checks of trainings, of the networks that come from them, and of what uses these networks."""

from collections.abc import Iterator, Mapping
from typing import Any

from reprise.datasets.reading import LAYOUTS, load_layout
from reprise.pipeline.spec.entry_names import Entries
from reprise.storage.errors import DataError

# What a dataset teaches, see reprise.datasets.layout, where a message should say more than the word.
_TAUGHT = {"pairs": "matching pairs", "keypoints": "keypoints of its images"}


def problems(entries: Entries) -> Iterator[DataError]:
    """Find what does not fit; names that do not exist are left to the check of names."""
    for check in (_parts, _trainings, _systems):
        yield from check(entries)


def _parts(entries: Entries) -> Iterator[DataError]:
    for name, entry in entries["checkpoints"].items():
        training = entries["trainings"].get(entry.training)
        if entry.origin == "trained" and training and entry.part not in training.parts:
            yield DataError(
                f"config.checkpoints.{name}.part: a training of the system {training.type} makes no {entry.part}"
            )


def _trainings(entries: Entries) -> Iterator[DataError]:
    """Find trainings that would refuse their settings themselves, after days of extraction."""
    for name, entry in entries["trainings"].items():
        where = f"config.trainings.{name}"
        taught = entry.learns_from
        for key, read in _read_as_the_training_set(entry):
            dataset = entries["datasets"].get(read)
            if taught and dataset and dataset.teaches != taught:
                layouts = " or ".join(_layouts_that_teach(taught))
                yield DataError(
                    f"{where}.{key}: '{read}' has no {_TAUGHT.get(taught, taught)}; name one of layout {layouts}"
                )
        extractor = entries["extractors"].get(getattr(entry, "extractor", None))
        kept = getattr(extractor, "num_features", None)
        needed = getattr(entry, entry.reads) if entry.reads else 0
        if kept is not None and needed > kept:
            yield DataError(
                f"{where}.{entry.reads}: {needed} is more than the {kept} that extractors.{entry.extractor} "
                "keeps; raise that or lower this"
            )


def _read_as_the_training_set(entry: Any) -> Iterator[tuple[str, str]]:
    """Iterate over the keys and names of the datasets that a training learns from, or is tested on in the same way."""
    yield "dataset", entry.dataset
    for key in ("also", "validation"):
        named = getattr(entry, key, None)
        if isinstance(named, Mapping):
            yield from ((f"{key}.{one}", name) for one, name in named.items())
        elif isinstance(named, str):
            yield key, named


def _layouts_that_teach(taught: str) -> list[str]:
    return [name for name in LAYOUTS.names() if load_layout(name).teaches == taught]


def _systems(entries: Entries) -> Iterator[DataError]:
    """Find trained networks of another system than their user needs; a downloaded one is checked when it is read."""
    for where, checkpoint, needed in _uses(entries):
        entry = entries["checkpoints"].get(checkpoint)
        if entry is None or entry.origin != "trained":
            continue
        training = entries["trainings"].get(entry.training)
        if training is not None and training.type != needed:
            yield DataError(
                f"config.{where}: '{checkpoint}' comes from the training '{entry.training}' of the system "
                f"{training.type}; name a checkpoint of {needed}"
            )


def _uses(entries: Entries) -> Iterator[tuple[str, str | None, str]]:
    """List the key, the name of a checkpoint, and the system that it has to be of."""
    for name, entry in entries["extractors"].items():
        yield from ((f"extractors.{name}.{key}", network, kind) for key, kind, network in entry.networks())
    for section in ("detectors", "descriptors"):
        for name, entry in entries[section].items():
            for key in entry.checkpoints:
                yield f"{section}.{name}.{key}", getattr(entry, key), entry.type
    for name, entry in entries["rerankers"].items():
        for key in entry.checkpoints:
            yield f"rerankers.{name}.{key}", getattr(entry, key), entry.scorer
    for name, entry in entries["trainings"].items():
        for key, system in entry.networks.items():
            yield f"trainings.{name}.{key}", getattr(entry, key), system

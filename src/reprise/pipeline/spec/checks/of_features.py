"""Checks of features and networks: whether they have the kinds and dimensions, and the files, that their users need."""

from collections.abc import Iterator
from typing import Any

from reprise.pipeline.spec.entry_names import Entries
from reprise.reranking.scorers import load_scorer
from reprise.storage.errors import DataError

# What searches and codebooks read of local features, and what matches of keypoints are made of.
_DESCRIPTORS, _PLACED = frozenset({"descriptors"}), frozenset({"descriptors", "keypoints"})


def problems(entries: Entries) -> Iterator[DataError]:
    """Find what does not fit; names that do not exist are left to the check of names."""
    for check in (_needs, _local, _vectors, _dimensions, _calibrations, _provided):
        yield from check(entries)


def descriptor_dim(entries: Entries, extractor: str | None) -> int | None:
    """Return the dimension of an extractor's local descriptors; None where only the file of its network says it."""
    settings = entries["extractors"].get(extractor)
    if settings is None:
        return None
    return settings.descriptor_dim({name: checkpoint_dim(entries, name) for name in settings.weights() if name})


def checkpoint_dim(entries: Entries, checkpoint: str | None) -> int | None:
    """Return the dimension of the descriptors that a network returns, or takes; None where it is not known."""
    entry = entries["checkpoints"].get(checkpoint)
    if entry is None or entry.origin != "trained":
        return None if entry is None else entry.dim
    training = entries["trainings"].get(entry.training)
    if training is None:
        return None
    extractor = getattr(training, "extractor", None)
    return training.descriptor_dim(descriptor_dim(entries, extractor) if extractor else None)


def _needs(entries: Entries) -> Iterator[DataError]:
    """Find features that lack what the scorer of a reranker compares."""
    for name, entry in entries["rerankers"].items():
        extractor = entries["extractors"].get(entry.extractor)
        if extractor is None:
            continue
        given = extractor.gives()
        missing = sorted(load_scorer(entry.scorer).NEEDS - given)
        if missing:
            yield DataError(
                f"config.rerankers.{name}.extractor: the scorer {entry.scorer} needs {' and '.join(missing)}, which "
                f"features of extractors.{entry.extractor} do not have; they have {', '.join(sorted(given))}"
            )


def _local(entries: Entries) -> Iterator[DataError]:
    """Find features without what a search, a codebook or matches are made of."""
    uses = [("codebooks", name, _DESCRIPTORS) for name in entries["codebooks"]]
    uses += [("matchings", name, _PLACED) for name in entries["matchings"]]
    uses += [
        ("experiments", name, _PLACED if getattr(entry, "search", None) == "matching" else _DESCRIPTORS)
        for name, entry in entries["experiments"].items()
    ]
    for section, name, needed in uses:
        named = getattr(entries[section][name], "extractor", None)
        extractor = entries["extractors"].get(named)
        missing = sorted(needed - extractor.gives()) if extractor is not None else []
        if missing:
            yield DataError(
                f"config.{section}.{name}.extractor: needs {' and '.join(missing)}, which features of "
                f"extractors.{named} do not have; name an extractor that has them"
            )


def _vectors(entries: Entries) -> Iterator[DataError]:
    """Find neighbours by a global descriptor that their extractor does not have."""
    for name, entry in entries["neighbors"].items():
        extractor = entries["extractors"].get(entry.extractor)
        if extractor is not None and entry.descriptor not in extractor.global_descriptors():
            given = ", ".join(extractor.global_descriptors())
            remedy = f"it gives {given}" if given else "it gives none; name another extractor"
            yield DataError(
                f"config.neighbors.{name}.descriptor: extractors.{entry.extractor} gives no global descriptor "
                f"'{entry.descriptor}'; {remedy}"
            )


def _dimensions(entries: Entries) -> Iterator[DataError]:
    """Find networks that take descriptors of another dimension than the extractor's."""
    uses = [
        ("rerankers", name, key, entry) for name, entry in entries["rerankers"].items() for key in entry.checkpoints
    ]
    uses += [
        ("trainings", name, key, entry)
        for name, entry in entries["trainings"].items()
        for key in entry.networks
        if getattr(entry, key)
    ]
    for section, name, key, entry in uses:
        checkpoint, extractor = getattr(entry, key), getattr(entry, "extractor", None)
        needed, given = checkpoint_dim(entries, checkpoint), descriptor_dim(entries, extractor)
        if None not in (needed, given) and needed != given:
            yield DataError(
                f"config.{section}.{name}.{key}: {checkpoint} needs descriptors of dimension {needed}, "
                f"{extractor} has {given}; name a network or an extractor that fits"
            )


def _calibrations(entries: Entries) -> Iterator[DataError]:
    """Find calibrations of extractors without the settings, or against features that are not published."""
    for name, entry in entries["calibrations"].items():
        extractor = entries["extractors"].get(entry.extractor)
        if extractor is not None and not hasattr(extractor, "local_space"):
            yield DataError(
                f"config.calibrations.{name}.extractor: {entry.extractor} is of type {extractor.type}, which has no "
                "local_space to calibrate; name one of type dinov2 or cvnet"
            )
        published = entries["extractors"].get(entry.published)
        if published is not None and published.type != "downloaded":
            yield DataError(f"config.calibrations.{name}.published: '{entry.published}' is not of type downloaded")
        yield from _missing_files(entries, f"calibrations.{name}", entry.published, entry.dataset, ("queries",))


def _provided(entries: Entries) -> Iterator[DataError]:
    """Find datasets for which features are needed that are downloaded, or computed elsewhere, and missing."""
    for name, entry in entries["codebooks"].items():
        if entry.file is None:
            yield from _missing_files(entries, f"codebooks.{name}", entry.extractor, entry.dataset, ("database",))
    for name, entry in entries["trainings"].items():
        extractor = getattr(entry, "extractor", None)
        yield from _missing_files(entries, f"trainings.{name}", extractor, entry.dataset, ("database",))
    for name, table in entries["tables"].items():
        for experiment in table.experiments:
            settings = entries["experiments"].get(experiment)
            for extractor in _extractors_of(entries, settings):
                for dataset in table.datasets:
                    yield from _missing_of_searched(entries, f"tables.{name}: {experiment}", extractor, dataset)


def _extractors_of(entries: Entries, experiment: Any) -> list[str | None]:
    """The extractors of the search of an experiment, if it has one, and of its steps."""
    steps = getattr(experiment, "steps", {}).values()
    sources = [entries[step.section].get(step.named) for step in steps]
    sources.append(entries["neighbors"].get(getattr(experiment, "neighbors", None)))
    return [getattr(settings, "extractor", None) for settings in (experiment, *sources)]


def _missing_of_searched(entries: Entries, where: str, extractor: str | None, searched: str) -> Iterator[DataError]:
    enlarged = entries["enlarged"].get(searched)
    base = enlarged.dataset if enlarged else searched
    among_themselves = getattr(entries["datasets"].get(base), "among_themselves", False)
    splits = ("database",) if among_themselves else ("database", "queries")
    yield from _missing_files(entries, where, extractor, base, splits)
    if enlarged:
        yield from _missing_files(entries, where, extractor, enlarged.distractors, ("database",))


def _missing_files(
    entries: Entries, where: str, extractor: str | None, dataset: str, splits: tuple[str, ...]
) -> Iterator[DataError]:
    settings = entries["extractors"].get(extractor)
    if settings is None:
        return
    for split in splits:
        if not settings.provides(dataset, split):
            yield DataError(
                f"config.{where}: extractors.{extractor}.files has no '{split}' of {dataset}; name the files, or "
                "another extractor"
            )

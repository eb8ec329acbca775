"""Whether an entry gets what it needs from those that it names: kinds and dimensions of descriptors, files, splits."""

from collections.abc import Iterator

from reprise.pipeline.spec.consistency import Entries
from reprise.reranking.scorers import scorer_names
from reprise.storage.errors import DataError, unknown_name


def misfits(entries: Entries) -> Iterator[DataError]:
    """An error for everything that a job would only find out after the jobs before it have run."""
    for check in (_scorers, _vectors, _dimensions, _calibrations, _downloaded):
        yield from check(entries)


def descriptor_dim(entries: Entries, extractor: str | None) -> int | None:
    """The dimension of the local descriptors of an extractor; None where only the file of its network tells."""
    settings = entries["extractors"].get(extractor)
    if settings is None:
        return None
    return settings.descriptor_dim({name: checkpoint_dim(entries, name) for name in settings.weights() if name})


def checkpoint_dim(entries: Entries, checkpoint: str | None) -> int | None:
    """The dimension of the descriptors that a network gives, or takes; None where it is not known."""
    entry = entries["checkpoints"].get(checkpoint)
    if entry is None or entry.origin != "trained":
        return None if entry is None else entry.dim
    training = entries["trainings"].get(entry.training)
    if training is None:
        return None
    extractor = getattr(training, "extractor", None)
    return training.descriptor_dim(descriptor_dim(entries, extractor) if extractor else None)


def _scorers(entries: Entries) -> Iterator[DataError]:
    """Scorers that exist; a module of somebody else's is named by its whole name."""
    for name, entry in entries["rerankers"].items():
        if "." not in entry.scorer and entry.scorer not in scorer_names():
            yield unknown_name(f"config.rerankers.{name}.scorer", entry.scorer, scorer_names())


def _vectors(entries: Entries) -> Iterator[DataError]:
    """Neighbours by a global descriptor that their extractor gives."""
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
    """Networks that take descriptors of the dimension that the extractor gives."""
    uses = [("rerankers", name, "checkpoint", entry) for name, entry in entries["rerankers"].items()]
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
    """Calibrations of extractors that have what is calibrated, against features that are published."""
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


def _downloaded(entries: Entries) -> Iterator[DataError]:
    """Downloaded features of all datasets that they are needed for."""
    for name, entry in entries["codebooks"].items():
        yield from _missing_files(entries, f"codebooks.{name}", entry.extractor, entry.dataset, ("database",))
    for name, entry in entries["trainings"].items():
        extractor = getattr(entry, "extractor", None)
        yield from _missing_files(entries, f"trainings.{name}", extractor, entry.dataset, ("database",))
    for name, table in entries["tables"].items():
        for experiment in table.experiments:
            settings = entries["experiments"].get(experiment)
            reranker = entries["rerankers"].get(getattr(settings, "reranker", None))
            extractor = getattr(reranker or settings, "extractor", None)
            for dataset in table.datasets:
                yield from _missing_of_searched(entries, f"tables.{name}: {experiment}", extractor, dataset)


def _missing_of_searched(entries: Entries, where: str, extractor: str | None, searched: str) -> Iterator[DataError]:
    enlarged = entries["enlarged"].get(searched)
    base = enlarged.dataset if enlarged else searched
    yield from _missing_files(entries, where, extractor, base, ("database", "queries"))
    if enlarged:
        yield from _missing_files(entries, where, extractor, enlarged.distractors, ("database",))


def _missing_files(
    entries: Entries, where: str, extractor: str | None, dataset: str, splits: tuple[str, ...]
) -> Iterator[DataError]:
    files = getattr(entries["extractors"].get(extractor), "files", None)
    if files is None:
        return
    for split in splits:
        if split not in files.get(dataset, {}):
            yield DataError(
                f"config.{where}: extractors.{extractor}.files has no '{split}' of {dataset}; name the "
                "downloaded files, or another extractor"
            )

"""Checks of experiments: of what they search, of the rankings that they start from, and of their steps."""

from collections.abc import Iterator
from typing import Any

from reprise.pipeline.spec.entry_names import Entries
from reprise.pipeline.spec.steps import search_of
from reprise.storage.errors import DataError

_FRAME = [640, 480]  # of the published evaluation of stretched images


def problems(entries: Entries) -> Iterator[DataError]:
    """Find what does not fit; names that do not exist are left to the check of names."""
    for check in (_networks, _rankings, _expansions, _numbers, _framed):
        yield from check(entries)


def _networks(entries: Entries) -> Iterator[DataError]:
    """Find codebooks of another network than the descriptors, which would give meaningless numbers."""
    for section in ("experiments", "rerankers"):
        for name, entry in entries[section].items():
            codebook = entries["codebooks"].get(getattr(entry, "codebook", None))
            if codebook is None:
                continue
            pair = [entries["extractors"].get(key) for key in (entry.extractor, codebook.extractor)]
            networks = {each.described_by() for each in pair if each is not None}
            if len(networks) > 1:
                yield DataError(
                    f"config.{section}.{name}.codebook: '{entry.codebook}' was trained on features of another network "
                    f"than those of extractors.{entry.extractor}; name a codebook of the same"
                )
            if codebook.centre and getattr(entry, "search", None) == "asmk":
                yield DataError(
                    f"config.{section}.{name}.codebook: '{entry.codebook}' is centred, and asmk takes residuals of "
                    "descriptors as they are; name one without centre"
                )


def _rankings(entries: Entries) -> Iterator[DataError]:
    """Find experiments that re-rank themselves, and downloaded neighbours that lack a dataset."""
    experiments = entries["experiments"]
    for name in experiments:
        chain = [name]
        while (before := getattr(experiments.get(chain[-1]), "ranking", None)) is not None:
            chain.append(before)
            if before in chain[:-1]:
                yield DataError(f"config.experiments.{name}.ranking: re-ranks itself: {' <- '.join(chain)}")
                break
        else:
            yield from _downloaded_neighbors(entries, name, getattr(experiments.get(chain[-1]), "neighbors", None))


def _downloaded_neighbors(entries: Entries, experiment: str, neighbors: str | None) -> Iterator[DataError]:
    """Find, for each table with the experiment, datasets that the downloaded neighbours lack."""
    files = getattr(entries["neighbors"].get(neighbors), "downloaded", None)
    if files is None:
        return
    for name, table in entries["tables"].items():
        for dataset in table.datasets if experiment in table.experiments else []:
            if dataset not in files:
                yield DataError(
                    f"config.tables.{name}: neighbors.{neighbors}, which {experiment} starts from, has no file for "
                    f"{dataset}; it has {', '.join(files)}"
                )


def _expansions(entries: Entries) -> Iterator[DataError]:
    """Find query expansions by other features, or in other words, than those of the search."""
    for name, experiment in entries["experiments"].items():
        search = search_of(entries["experiments"], name)
        for step, settings in experiment.steps.items():
            source = entries[settings.section].get(settings.named)
            # Without a search, the name of the ranking is what is wrong.
            if settings.key == "expand" and source is not None and hasattr(search, "search"):
                found = _unlike_the_search(search, settings.named, source)
                yield from (DataError(f"config.experiments.{name}.steps.{step}.expand: {what}") for what in found)


def _unlike_the_search(search: Any, name: str, source: Any) -> Iterator[str]:
    """Find what makes features, by which queries are expanded, useless for a search."""
    if search.search == "global":
        if source.downloaded is not None:
            yield f"the neighbours '{name}' are downloaded, without descriptors to average; name computed ones"
        return
    if source.scorer != "affine_words":
        yield f"'{name}' is no reranker of the scorer affine_words, whose regions are verified; name one that is"
        return
    if search.search == "bow" and source.codebook != search.codebook:
        yield f"'{name}' is no reranker with the codebook '{search.codebook}', whose words are searched; name one"
    if source.extractor != search.extractor:
        yield (
            f"'{name}' has features of {source.extractor}, the search has those of {search.extractor}; name a "
            "reranker of the same"
        )
    if search.search == "hamming" and source.num_features != search.num_features:
        yield (
            f"'{name}' has num_features {source.num_features}, the search {search.num_features}; their features have "
            "to be the same"
        )


def _numbers(entries: Entries) -> Iterator[DataError]:
    """Find stages that use more features than their input has."""
    uses = [
        (f"{section}.{name}", entry, "extractors", getattr(entry, "extractor", None))
        for section in ("codebooks", "experiments", "rerankers")
        for name, entry in entries[section].items()
    ]
    uses += [
        (f"experiments.{name}.steps.{step}", settings, settings.section, settings.named)
        for name, experiment in entries["experiments"].items()
        for step, settings in experiment.steps.items()
    ]
    for where, entry, section, keeper in uses:
        available = getattr(entries[section].get(keeper), "num_features", None)
        wanted = getattr(entry, "num_features", None)
        if available is not None and wanted is not None and wanted > available:
            yield DataError(
                f"config.{where}.num_features: {wanted} is more than the {available} that {section}.{keeper} keeps; "
                "raise that or lower this"
            )


def _framed(entries: Entries) -> Iterator[DataError]:
    """Find experiments on pairs of images whose two extractors do not describe alike, or do not stretch images."""
    for name, experiment in entries["experiments"].items():
        framed = entries["extractors"].get(getattr(experiment, "framed", None))
        extractor = entries["extractors"].get(getattr(experiment, "extractor", None))
        if framed is None or extractor is None:
            continue
        where = f"config.experiments.{name}.framed"
        if getattr(framed, "forced_size", None) != _FRAME:
            yield DataError(
                f"{where}: extractors.{experiment.framed} does not stretch images to {_FRAME[0]} x {_FRAME[1]} pixels; "
                f"set forced_size to {_FRAME}"
            )
        if getattr(extractor, "forced_size", None) is not None:
            yield DataError(
                f"config.experiments.{name}.extractor: extractors.{experiment.extractor} stretches images; name one "
                "without forced_size"
            )
        if framed.described_by() != extractor.described_by():
            yield DataError(
                f"{where}: extractors.{experiment.framed} has another descriptor than extractors."
                f"{experiment.extractor}; name one of the same"
            )

"""Checks of tables and figures, of the datasets that are evaluated, and of what is compared on them."""

from collections.abc import Iterator, Mapping
from typing import Any

from reprise.datasets.hpatches_sequences import TRUTH as HOMOGRAPHIES
from reprise.datasets.patch_sets import PATCH_TRUTHS
from reprise.datasets.posed import POSES
from reprise.pipeline.spec.entry_names import Entries
from reprise.pipeline.spec.steps import search_of
from reprise.storage.errors import DataError

# What is compared, by the search of an experiment; images where nothing else is said.
_PATCHES, _PAIRS, _IMAGES = "patches", "pairs of images", "images"
_COMPARED: Mapping[str | None, str] = {"patches": _PATCHES, "matching": _PAIRS, "localization": POSES}
_BY_TRUTH = {**dict.fromkeys(PATCH_TRUTHS, _PATCHES), HOMOGRAPHIES: _PAIRS, POSES: POSES}


def problems(entries: Entries) -> Iterator[DataError]:
    """Find what does not fit; names that do not exist are left to the check of names."""
    for check in (_truth, _enlarged, _searched, _retrievals, _figures, _columns):
        yield from check(entries)


def _truth(entries: Entries) -> Iterator[DataError]:
    """Find datasets without ground truth where it is needed."""
    datasets = entries["datasets"]
    for where, name in _places_of_truth(entries):
        if name in datasets and datasets[name].truth is None:
            yield without_truth(where, name)


def without_truth(where: str, dataset: str) -> DataError:
    """Make the error for a dataset that is to be evaluated and cannot be."""
    return DataError(
        f"config.{where}: '{dataset}' has no ground truth to evaluate with; name one that has, or ask for what can be "
        f"made of it, <output>/rankings/<experiment>/{dataset}.h5 or <output>/galleries/<experiment>/{dataset}.html"
    )


def _places_of_truth(entries: Entries) -> Iterator[tuple[str, str]]:
    for name, table in entries["tables"].items():
        yield from ((f"tables.{name}.datasets", dataset) for dataset in table.datasets)
    for name, enlarged in entries["enlarged"].items():
        yield f"enlarged.{name}.dataset", enlarged.dataset
    for name, calibration in entries["calibrations"].items():
        yield f"calibrations.{name}.dataset", calibration.dataset
    for name, training in entries["trainings"].items():
        validated = getattr(getattr(training, "validation", None), "dataset", None)
        if validated is not None:
            yield f"trainings.{name}.validation.dataset", validated


def _enlarged(entries: Entries) -> Iterator[DataError]:
    for name in sorted(set(entries["enlarged"]) & set(entries["datasets"])):
        yield DataError(f"config.enlarged.{name}: there is a dataset of this name; give it another one")
    for name, table in entries["tables"].items():
        for dataset in set(table.datasets) & set(entries["enlarged"]):
            for experiment in table.experiments:
                if _weighs_words(entries["experiments"], experiment):
                    yield DataError(
                        f"config.tables.{name}: {experiment} uses idf, whose weights depend on all images, and "
                        f"cannot share the index of distractors of {dataset}; set idf to false or leave {dataset} out"
                    )
                elif _steps_after_asmk(entries["experiments"], experiment):
                    yield DataError(
                        f"config.tables.{name}: {experiment} has steps after a search of {dataset}, of which only the "
                        f"first images are kept; leave {dataset} out, or start from a global descriptor"
                    )


def _weighs_words(experiments: Mapping[Any, Any], experiment: str) -> bool:
    """Tell whether the search that an experiment starts from weighs words by all images of its database."""
    settings = search_of(experiments, experiment)
    always = getattr(settings, "search", None) in ("bow", "hamming")
    return always or bool(getattr(getattr(settings, "asmk", None), "idf", False))


def _steps_after_asmk(experiments: Mapping[Any, Any], experiment: str) -> bool:
    """Tell whether an experiment has steps after a search whose rankings are cut where there are distractors."""
    search = getattr(search_of(experiments, experiment), "search", None)
    return search == "asmk" and bool(getattr(experiments.get(experiment), "steps", ()))


def _searched(entries: Entries) -> Iterator[DataError]:
    """Find tables in which patches, pairs of images or images are compared on datasets of another of these."""
    for name, table in entries["tables"].items():
        for experiment in table.experiments:
            settings = entries["experiments"].get(experiment)
            for dataset in table.datasets:
                entry = entries["datasets"].get(dataset)
                if settings is None or entry is None or entry.truth is None:
                    continue
                compared = _COMPARED.get(getattr(settings, "search", None), _IMAGES)
                if compared != _has(entry.truth):
                    yield DataError(
                        f"config.tables.{name}: {dataset} has {_has(entry.truth)}, with which {experiment} has "
                        f"nothing to do; give {compared} and {_has(entry.truth)} tables of their own"
                    )


def _has(truth: str) -> str:
    """What a dataset has, by the kind of its ground truth."""
    return _BY_TRUTH.get(truth, _IMAGES)


def _retrievals(entries: Entries) -> Iterator[DataError]:
    """Find matchings that cannot pair queries: their experiment ranks no images, or they have none for a dataset."""
    for name, matching in entries["matchings"].items():
        search = search_of(entries["experiments"], matching.retrieval) if matching.retrieval else None
        if search is not None and _COMPARED.get(getattr(search, "search", None), _IMAGES) != _IMAGES:
            yield DataError(
                f"config.matchings.{name}.retrieval: {matching.retrieval} ranks no images; name an experiment that does"
            )
    for name, table in entries["tables"].items():
        for experiment in table.experiments:
            used = getattr(entries["experiments"].get(experiment), "matching", None)
            chosen: Any = entries["matchings"].get(used)
            for dataset in table.datasets if chosen else ():
                if chosen.retrieval is None and dataset not in chosen.query_pairs:
                    yield DataError(
                        f"config.tables.{name}: matchings.{used}, of {experiment}, has neither 'query_pairs' of "
                        f"{dataset} nor 'retrieval'; name an experiment that ranks"
                    )


def _figures(entries: Entries) -> Iterator[DataError]:
    """Find figures of another dataset than those of their table, or of experiments that match no images."""
    for name, figure in entries["figures"].items():
        table = entries["tables"].get(figure.table)
        if table is None:
            continue
        if figure.dataset not in table.datasets:
            yield DataError(
                f"config.figures.{name}.dataset: '{figure.dataset}' is no dataset of tables.{figure.table}; name one "
                f"of {', '.join(table.datasets)}"
            )
        for experiment in table.experiments:
            if getattr(entries["experiments"].get(experiment), "search", "matching") != "matching":
                yield DataError(
                    f"config.figures.{name}.table: {experiment} of tables.{figure.table} matches no images, and has no "
                    "matching accuracy; name another table"
                )


def _columns(entries: Entries) -> Iterator[DataError]:
    """Find experiments that are in one cell of a table."""
    for name, table in entries["tables"].items():
        taken: dict[tuple[str, str | None], str] = {}
        for experiment in table.experiments:
            settings = entries["experiments"].get(experiment)
            column = getattr(settings, "column", None)
            first = taken.setdefault((getattr(settings, "method", ""), column), experiment)
            if column is not None and first != experiment:
                yield DataError(
                    f"config.tables.{name}: {first} and {experiment} have the same method and column; give one of them "
                    "another column"
                )

"""Checks of entries of the configuration that do not fit each other, which no model of a single entry can find.

All that a job would refuse after hours of other jobs is refused here, before anything is planned.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from reprise.datasets.hpatches_sequences import TRUTH as HOMOGRAPHIES
from reprise.datasets.patch_sets import PATCH_TRUTHS
from reprise.datasets.posed import POSES
from reprise.datasets.reading import LAYOUTS, load_layout
from reprise.pipeline.spec.steps import search_of
from reprise.storage.errors import DataError

# A key may be None, where a setting names nothing; no entry has this name.
Entries = Mapping[str, Mapping[Any, Any]]

# Folders of the data that the archives of `images` are unpacked beside.
_RESERVED = ("downloads", "mirror", "mini")
# What a dataset teaches, see reprise.datasets.layout, where a message should say more than the word.
_TAUGHT = {"pairs": "matching pairs", "keypoints": "keypoints of its images"}
# What is compared, by the search of an experiment; images where nothing else is said.
_PATCHES, _PAIRS, _IMAGES = "patches", "pairs of images", "images"
_COMPARED: Mapping[str | None, str] = {"patches": _PATCHES, "matching": _PAIRS, "localization": POSES}
_BY_TRUTH = {**dict.fromkeys(PATCH_TRUTHS, _PATCHES), HOMOGRAPHIES: _PAIRS, POSES: POSES}
_FRAME = [640, 480]  # of the published evaluation of stretched images


def inconsistencies(entries: Entries) -> Iterator[DataError]:
    """Find all entries that do not fit each other; names that do not exist are left to the check of names.

    Args:
        entries: section -> name -> settings

    Yields:
        one error for each
    """
    checks = (
        _folders, _truth, _enlarged, _parts, _trainings, _systems, _networks, _rankings, _expansions, _numbers,
        _searched, _framed, _figures, _retrievals, _columns,
    )  # fmt: skip
    for check in checks:
        yield from check(entries)


def _folders(entries: Entries) -> Iterator[DataError]:
    for name in sorted(set(entries["images"]) & set(_RESERVED)):
        yield DataError(f"config.images.{name}: this is the name of another folder of the data; choose another")


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


def _has(truth: str) -> str:
    """What a dataset has, by the kind of its ground truth."""
    return _BY_TRUTH.get(truth, _IMAGES)


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

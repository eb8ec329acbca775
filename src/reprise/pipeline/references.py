"""Every place of the configuration that names something else, and whether that exists."""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping

from reprise.storage.errors import DataError, unknown_name

# Where, the name, and the names that exist.
Reference = tuple[str, str, Iterable[str]]


def unknown_references(config: Mapping, sources: list[str], published: Mapping) -> Iterator[DataError]:
    """An error, with the nearest name that exists, for every name that does not."""
    for references in (_images, _datasets, _networks, _extractors, _trainings, _experiments, _tables):
        for where, name, known in references(config, sources, published):
            if name not in known:
                yield unknown_name(f"config.{where}", name, known)


def _images(config: Mapping, sources: list[str], _: Mapping) -> Iterator[Reference]:
    for name, entry in config["images"].items():
        patterns = (archive for archive in entry["archives"] if not fnmatch.filter(sources, archive))
        yield from ((f"images.{name}.archives", archive, sources) for archive in patterns)


def _datasets(config: Mapping, sources: list[str], _: Mapping) -> Iterator[Reference]:
    for name, entry in config["datasets"].items():
        if "images" in entry:
            folders = entry["images"]
            for images in folders.values() if isinstance(folders, Mapping) else [folders]:
                yield f"datasets.{name}.images", images, config["images"]
            for key in ("index", "database", "queries"):
                yield from ((f"datasets.{name}.{key}", file, sources) for file in [entry.get(key)] if file)
    for name, entry in config["enlarged"].items():
        yield f"enlarged.{name}.dataset", entry["dataset"], config["datasets"]
        yield f"enlarged.{name}.distractors", entry["distractors"], config["datasets"]


def _networks(config: Mapping, sources: list[str], _: Mapping) -> Iterator[Reference]:
    for name, entry in config["checkpoints"].items():
        known = {"source": sources, "training": config["trainings"]}
        yield from ((f"checkpoints.{name}.{key}", entry[key], known[key]) for key in known if key in entry)


def _extractors(config: Mapping, sources: list[str], _: Mapping) -> Iterator[Reference]:
    for name, entry in config["extractors"].items():
        for key in ("checkpoint", "detector"):
            if entry.get(key):
                yield f"extractors.{name}.{key}", entry[key], config["checkpoints"]
        for dataset, splits in entry.get("files", {}).items():
            yield f"extractors.{name}.files", dataset, config["datasets"]
            for split, files in splits.items():
                yield from ((f"extractors.{name}.files.{dataset}.{split}", file, sources) for file in files)
    for name, entry in config["calibrations"].items():
        known = {"extractor": config["extractors"], "published": config["extractors"], "dataset": config["datasets"]}
        yield from ((f"calibrations.{name}.{key}", entry[key], known[key]) for key in known)
    for name, entry in config["neighbors"].items():
        if "extractor" in entry:
            yield f"neighbors.{name}.extractor", entry["extractor"], config["extractors"]
        for dataset, file in entry.get("files", {}).items():
            yield f"neighbors.{name}.files", dataset, {**config["datasets"], **config["enlarged"]}
            yield f"neighbors.{name}.files.{dataset}", file, sources


def _trainings(config: Mapping, sources: list[str], _: Mapping) -> Iterator[Reference]:
    known = {
        "dataset": config["datasets"],
        "trunk": sources,
        "extractor": config["extractors"],
        "neighbors": config["neighbors"],
        "teacher": config["checkpoints"],
        "binariser": config["checkpoints"],
    }
    for name, entry in config["trainings"].items():
        for where, part in ((name, entry), (f"{name}.validation", entry.get("validation") or {})):
            yield from ((f"trainings.{where}.{key}", part[key], known[key]) for key in known if part.get(key))


def _experiments(config: Mapping, _sources: list[str], _: Mapping) -> Iterator[Reference]:
    for name, entry in config["codebooks"].items():
        yield f"codebooks.{name}.extractor", entry["extractor"], config["extractors"]
        yield f"codebooks.{name}.dataset", entry["dataset"], config["datasets"]
    for name, entry in config["rerankers"].items():
        yield f"rerankers.{name}.extractor", entry["extractor"], config["extractors"]
        yield f"rerankers.{name}.checkpoint", entry["checkpoint"], config["checkpoints"]
    known = {
        "extractor": config["extractors"],
        "codebook": config["codebooks"],
        "neighbors": config["neighbors"],
        "ranking": config["experiments"],
        "reranker": config["rerankers"],
    }
    for name, entry in config["experiments"].items():
        yield from ((f"experiments.{name}.{key}", entry[key], known[key]) for key in known if key in entry)


def _tables(config: Mapping, _sources: list[str], published: Mapping) -> Iterator[Reference]:
    searched = {**config["datasets"], **config["enlarged"]}
    for name, entry in config["tables"].items():
        yield from ((f"tables.{name}.experiments", item, config["experiments"]) for item in entry["experiments"])
        yield from ((f"tables.{name}.datasets", item, searched) for item in entry["datasets"])
        if entry["published"] is not None:
            yield f"tables.{name}.published", entry["published"], published

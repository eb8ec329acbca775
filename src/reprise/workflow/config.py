"""The configuration, checked before anything is planned: keys by JSON Schema, then what refers to what.

The errors of a schema say that something is wrong; these say which key, and what it should have been.
"""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import jsonschema
import yaml

from reprise.storage.errors import DataError, unknown_name


def load_yaml(path: Path) -> dict:
    """Read a YAML file that holds a mapping."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise DataError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a mapping of keys to values")
    return content


def check_schema(content: Mapping, schema: Mapping, where: str) -> None:
    """Check ``content`` against a JSON Schema; the error names all keys that are wrong."""
    validator = jsonschema.Draft202012Validator(schema)
    problems = [
        problem
        for error in sorted(validator.iter_errors(content), key=lambda error: list(map(str, error.absolute_path)))
        for problem in _explain(error, where)
    ]
    if problems:
        raise DataError("\n".join(problems))


def check_config(config: Mapping, schema: Mapping, sources: Iterable[str], published: Mapping) -> None:
    """Check the whole configuration: its keys, and that every name that it refers to exists.

    Args:
        config: config.yaml with all overlays
        schema: the JSON Schema of it
        sources: the keys of sources.yaml
        published: the content of published.yaml

    Raises:
        DataError: listing everything that is wrong, with the nearest name that exists
    """
    check_schema(config, schema, "config")
    sources = list(sources)
    checks = (_check_references, _check_names, _check_datasets, _check_enlarged, _check_networks, _check_numbers)
    problems = [str(problem) for check in checks for problem in check(config, sources, published)]
    if problems:
        raise DataError("\n".join(problems))


def _explain(error: jsonschema.ValidationError, where: str) -> Iterator[str]:
    key = ".".join([where, *map(str, error.absolute_path)])
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema["properties"]
        for name in sorted(set(map(str, error.instance)) - set(known)):
            yield str(unknown_name(key, name, known)).replace("unknown name", "unknown key")
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{key}: key '{name}' is missing"
    elif error.validator == "propertyNames" or error.validator == "pattern":
        yield f"{key}: '{error.instance}' is no valid name; use letters, digits, '_', '+' and '-'"
    else:
        yield f"{key}: {error.message}"


def _check_references(config: Mapping, sources: list[str], published: Mapping) -> Iterator[DataError]:
    for where, name, known in _references(config, sources, published):
        if name not in known:
            yield unknown_name(f"config.{where}", name, known)


def _references(config: Mapping, sources: list[str], published: Mapping) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Every place of the configuration that names something: where, the name, and the names that exist."""
    for name, entry in config["images"].items():
        patterns = (archive for archive in entry["archives"] if not fnmatch.filter(sources, archive))
        yield from ((f"images.{name}.archives", archive, sources) for archive in patterns)
    for name, entry in config["datasets"].items():
        if "images" in entry:
            yield f"datasets.{name}.images", entry["images"], config["images"]
            yield from ((f"datasets.{name}.index", index, sources) for index in [entry.get("index")] if index)
    for name, entry in config["checkpoints"].items():
        yield from ((f"checkpoints.{name}.source", source, sources) for source in [entry.get("source")] if source)
        yield f"checkpoints.{name}.initialise.dataset", entry["initialise"]["dataset"], config["datasets"]
    for name, entry in config["extractors"].items():
        if "checkpoint" in entry:
            yield f"extractors.{name}.checkpoint", entry["checkpoint"], config["checkpoints"]
    for name, entry in config["codebooks"].items():
        yield f"codebooks.{name}.extractor", entry["extractor"], config["extractors"]
        yield f"codebooks.{name}.dataset", entry["dataset"], config["datasets"]
    for name, entry in config["experiments"].items():
        yield f"experiments.{name}.extractor", entry["extractor"], config["extractors"]
        yield f"experiments.{name}.codebook", entry["codebook"], config["codebooks"]
    for name, entry in config["enlarged"].items():
        yield f"enlarged.{name}.dataset", entry["dataset"], config["datasets"]
        yield f"enlarged.{name}.distractors", entry["distractors"], config["datasets"]
    for name, entry in config["tables"].items():
        yield from ((f"tables.{name}.experiments", item, config["experiments"]) for item in entry["experiments"])
        searched = {**config["datasets"], **config["enlarged"]}
        yield from ((f"tables.{name}.datasets", item, searched) for item in entry["datasets"])
        if entry["published"] is not None:
            yield f"tables.{name}.published", entry["published"], published


def _check_datasets(config: Mapping, *_: object) -> Iterator[DataError]:
    for name, entry in config["datasets"].items():
        where = f"config.datasets.{name}"
        if ("images" in entry) == ("folder" in entry):
            yield DataError(f"{where}: give either 'images' (a downloaded set) or 'folder' (data of your own)")
        elif "images" in entry and "index" not in entry:
            yield DataError(f"{where}: key 'index' is missing; name the file of sources.yaml that lists the images")
        elif "folder" in entry and entry["layout"] == "list" and "list" not in entry:
            yield DataError(f"{where}: key 'list' is missing; name a text file with one image per line")
        elif "folder" in entry and entry["layout"] in ("sfm120k", "val_eccv20") and "index" not in entry:
            yield DataError(f"{where}: key 'index' is missing; name the pickle that lists the images")
        if "first" in entry and entry["layout"] not in ("sfm120k", "list"):
            yield DataError(f"{where}.first: a benchmark cannot be cut, because its ground truth is for all images")
        if entry["layout"] == "sfm120k" and "part" not in entry:
            yield DataError(f"{where}: key 'part' is missing; give train or val")
    for name, entry in config["checkpoints"].items():
        if entry["origin"] == "published" and "source" not in entry:
            yield DataError(f"config.checkpoints.{name}: key 'source' is missing; name a file of sources.yaml")
    for name, table in config["tables"].items():
        for dataset in table["datasets"]:
            layout = config["datasets"].get(dataset, {}).get("layout")
            if layout in ("list", "sfm120k"):
                yield DataError(f"config.tables.{name}.datasets: '{dataset}' has no ground truth to evaluate with")


def _check_enlarged(config: Mapping, *_: object) -> Iterator[DataError]:
    for name in sorted(set(config["enlarged"]) & set(config["datasets"])):
        yield DataError(f"config.enlarged.{name}: there is a dataset of this name; give it another one")
    for name, table in config["tables"].items():
        for dataset in set(table["datasets"]) & set(config["enlarged"]):
            for experiment in table["experiments"]:
                if config["experiments"].get(experiment, {}).get("asmk", {}).get("idf"):
                    yield DataError(
                        f"config.tables.{name}: {experiment} uses idf, whose weights depend on all images, and "
                        f"cannot share the index of distractors of {dataset}; set idf to false or leave {dataset} out"
                    )


_RESERVED = ("downloads", "mirror", "mini")


def _check_names(config: Mapping, *_: object) -> Iterator[DataError]:
    for name in sorted(set(config["images"]) & set(_RESERVED)):
        yield DataError(f"config.images.{name}: this is the name of another folder of the data; choose another")


def _check_networks(config: Mapping, *_: object) -> Iterator[DataError]:
    """Words and descriptors have to come from one network; others of equal dimension would give meaningless numbers."""
    for name, entry in config["experiments"].items():
        codebook = config["codebooks"].get(entry["codebook"], {})
        pair = [config["extractors"].get(key) for key in (entry["extractor"], codebook.get("extractor"))]
        if None not in pair and len({(each["extractor"], each.get("checkpoint")) for each in pair}) > 1:
            yield DataError(
                f"config.experiments.{name}.codebook: '{entry['codebook']}' was trained on features of another network "
                f"than those of extractors.{entry['extractor']}; name a codebook of the same"
            )


def _check_numbers(config: Mapping, *_: object) -> Iterator[DataError]:
    """An experiment or a codebook cannot use more features than were extracted."""
    for kind in ("codebooks", "experiments"):
        for name, entry in config[kind].items():
            extracted = config["extractors"].get(entry["extractor"], {}).get("num_features")
            if extracted is not None and entry["num_features"] > extracted:
                yield DataError(
                    f"config.{kind}.{name}.num_features: {entry['num_features']} is more than the {extracted} that "
                    f"extractors.{entry['extractor']} keeps; raise that or lower this"
                )

"""What a schema cannot say of the configuration: entries that do not fit each other."""

from collections.abc import Iterator, Mapping

from reprise.storage.errors import DataError

_TRAINING_LAYOUTS = {"how": "sfm120k", "ames": "gldv2_train"}
# What downloads are unpacked beside.
_RESERVED = ("downloads", "mirror", "mini")
_ORIGINS = {"published": ("source", "a file of sources.yaml"), "trained": ("training", "an entry of trainings")}
WITHOUT_TRUTH = ("list", "sfm120k", "gldv2_train")


def inconsistencies(config: Mapping) -> Iterator[DataError]:
    """An error for everything that does not fit. Names that do not exist are left to the check of references."""
    checks = (_datasets, _enlarged, _checkpoints, _trainings, _sizes, _systems, _networks, _rankings, _numbers)
    for check in checks:
        yield from check(config)


def _datasets(config: Mapping) -> Iterator[DataError]:
    for name in sorted(set(config["images"]) & set(_RESERVED)):
        yield DataError(f"config.images.{name}: this is the name of another folder of the data; choose another")
    for name, entry in config["datasets"].items():
        where, layout = f"config.datasets.{name}", entry["layout"]
        if ("images" in entry) == ("folder" in entry):
            yield DataError(f"{where}: give either 'images' (a downloaded set) or 'folder' (data of your own)")
        elif "images" in entry and "index" not in entry:
            yield DataError(f"{where}: key 'index' is missing; name the file of sources.yaml that lists the images")
        elif "folder" in entry and layout == "list" and "list" not in entry:
            yield DataError(f"{where}: key 'list' is missing; name a text file with one image per line")
        elif "folder" in entry and layout not in ("list", "revisited", "classic") and "index" not in entry:
            yield DataError(f"{where}: key 'index' is missing; name the file that lists the images")
        if "first" in entry and layout not in ("sfm120k", "list", "gldv2_train"):
            yield DataError(f"{where}.first: a benchmark cannot be cut, because its ground truth is for all images")
        if layout == "sfm120k" and "part" not in entry:
            yield DataError(f"{where}: key 'part' is missing; give train or val")
        if layout == "gldv2" and not {"database", "queries"} <= entry.keys():
            yield DataError(f"{where}: give 'database' and 'queries', the lists of images")
    for name, table in config["tables"].items():
        for dataset in table["datasets"]:
            if config["datasets"].get(dataset, {}).get("layout") in WITHOUT_TRUTH:
                yield DataError(f"config.tables.{name}.datasets: '{dataset}' has no ground truth to evaluate with")


def _enlarged(config: Mapping) -> Iterator[DataError]:
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


def _checkpoints(config: Mapping) -> Iterator[DataError]:
    for name, entry in config["checkpoints"].items():
        key, what = _ORIGINS[entry["origin"]]
        if key not in entry:
            yield DataError(f"config.checkpoints.{name}: key '{key}' is missing; name {what}")
        system = config["trainings"].get(entry.get("training"), {}).get("system", "dinov2")
        if entry["origin"] == "trained" and entry.get("part") == "detector" and system != "dinov2":
            yield DataError(f"config.checkpoints.{name}.part: a training of the system {system} makes no detector")


def _trainings(config: Mapping) -> Iterator[DataError]:
    for name, entry in config["trainings"].items():
        where, layout = f"config.trainings.{name}", _TRAINING_LAYOUTS.get(entry["system"])
        if layout not in (None, config["datasets"].get(entry["dataset"], {}).get("layout", layout)):
            lacks = {"sfm120k": "matching pairs", "gldv2_train": "landmarks"}[layout]
            yield DataError(f"{where}.dataset: '{entry['dataset']}' has no {lacks}; name one of layout {layout}")
        if entry["system"] == "how" and (entry["dim"] is None) != (entry["whitening"] is None):
            yield DataError(
                f"{where}.whitening: a reduction (dim) starts with a whitening; give both, or null for both"
            )
        if entry["system"] == "ames" and entry["binarized"] != (entry["binariser"] is not None):
            yield DataError(
                f"{where}.binariser: a binarized network starts with the matrix of one, and no other has any; give one "
                "with binarized: true, or null with false"
            )
        if entry.get("validation"):
            validated = entry["validation"]["dataset"]
            if config["datasets"].get(validated, {}).get("layout") in WITHOUT_TRUTH:
                yield DataError(f"{where}.validation.dataset: '{validated}' has no ground truth to evaluate with")


def _sizes(config: Mapping) -> Iterator[DataError]:
    """What a training would refuse itself, after days of extraction."""
    for name, entry in config["trainings"].items():
        where = f"config.trainings.{name}"
        if entry["system"] == "how" and entry["batch"] > entry["queries"]:
            yield DataError(f"{where}.batch: {entry['batch']} is more than the {entry['queries']} queries of an epoch")
        if entry["system"] != "ames":
            continue
        if entry["min_descriptors"] >= entry["descriptors"]:
            yield DataError(f"{where}.min_descriptors: has to be below descriptors, which is {entry['descriptors']}")
        available = config["extractors"].get(entry["extractor"], {}).get("num_features")
        if available is not None and entry["descriptors"] > available:
            yield DataError(
                f"{where}.descriptors: {entry['descriptors']} is more than the {available} that "
                f"extractors.{entry['extractor']} keeps; raise that or lower this"
            )


def _systems(config: Mapping) -> Iterator[DataError]:
    """A network that was trained here is of the system that its user needs; a downloaded one tells by its content."""
    for where, checkpoint, needed in _uses(config):
        entry = config["checkpoints"].get(checkpoint, {})
        system = config["trainings"].get(entry.get("training"), {}).get("system", needed)
        if entry.get("origin") == "trained" and system != needed:
            yield DataError(
                f"config.{where}: '{checkpoint}' comes from the training '{entry['training']}' of the system {system}; "
                f"name a checkpoint of {needed}"
            )


def _uses(config: Mapping) -> Iterator[tuple[str, str | None, str]]:
    """Where, the name of a checkpoint, and the system that it has to be of."""
    for name, entry in config["extractors"].items():
        yield f"extractors.{name}.checkpoint", entry.get("checkpoint"), entry["extractor"]
        yield f"extractors.{name}.detector", entry.get("detector"), entry["extractor"]
    for name, entry in config["rerankers"].items():
        yield f"rerankers.{name}.checkpoint", entry["checkpoint"], "ames"
    for name, entry in config["trainings"].items():
        yield f"trainings.{name}.teacher", entry.get("teacher"), "ames"
        yield f"trainings.{name}.binariser", entry.get("binariser"), "itq"


def _networks(config: Mapping) -> Iterator[DataError]:
    """Words and descriptors have to come from one network; others of equal dimension would give meaningless numbers."""
    for name, entry in config["experiments"].items():
        if "codebook" not in entry:
            continue
        codebook = config["codebooks"].get(entry["codebook"], {})
        pair = [config["extractors"].get(key) for key in (entry["extractor"], codebook.get("extractor"))]
        if None not in pair and len({(each["extractor"], each.get("checkpoint")) for each in pair}) > 1:
            yield DataError(
                f"config.experiments.{name}.codebook: '{entry['codebook']}' was trained on features of another network "
                f"than those of extractors.{entry['extractor']}; name a codebook of the same"
            )


def _rankings(config: Mapping) -> Iterator[DataError]:
    """A ranking is there to be re-ranked; downloaded files are there for the datasets that are asked for."""
    experiments = config["experiments"]
    for name in experiments:
        chain = [name]
        while chain[-1] in experiments and "ranking" in experiments[chain[-1]]:
            chain.append(experiments[chain[-1]]["ranking"])
            if chain[-1] in chain[:-1]:
                yield DataError(f"config.experiments.{name}.ranking: re-ranks itself: {' <- '.join(chain)}")
                break
        else:
            yield from _downloaded(config, name, experiments.get(chain[-1], {}).get("neighbors"))


def _downloaded(config: Mapping, experiment: str, neighbors: str | None) -> Iterator[DataError]:
    """For each table with the experiment: whether its datasets are among those of the downloaded neighbours."""
    files = config["neighbors"].get(neighbors, {}).get("files")
    for name, table in config["tables"].items():
        for dataset in table["datasets"] if files is not None and experiment in table["experiments"] else []:
            if dataset not in files:
                yield DataError(
                    f"config.tables.{name}: neighbors.{neighbors}, which {experiment} starts from, has no file for "
                    f"{dataset}; it has {', '.join(files)}"
                )


def _numbers(config: Mapping) -> Iterator[DataError]:
    """Nothing can use more features than its input has."""
    for kind, source in (("codebooks", "extractor"), ("experiments", "extractor"), ("rerankers", "extractor"),
                         ("experiments", "reranker")):  # fmt: skip
        for name, entry in config[kind].items():
            available = config[f"{source}s"].get(entry.get(source), {}).get("num_features")
            if available is not None and entry["num_features"] > available:
                yield DataError(
                    f"config.{kind}.{name}.num_features: {entry['num_features']} is more than the {available} that "
                    f"{source}s.{entry[source]} keeps; raise that or lower this"
                )

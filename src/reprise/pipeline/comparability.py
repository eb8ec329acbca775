"""Comparability: whether an experiment has the settings of the published one, so that numbers may be compared."""

from collections.abc import Iterator, Mapping

from reprise.codebooks.sizes import words
from reprise.extractors.registry import EXTRACTORS
from reprise.pipeline.reranking import step_source


def deviations(config: Mapping, published: Mapping, experiment: str, datasets: list[str]) -> list[str]:
    """List, in words, how an experiment differs from the published one; empty where nothing differs.

    An experiment of which nothing is published differs, too.

    Args:
        config: the checked configuration
        published: the content of a file of config/published
        experiment: the name of the experiment
        datasets: the datasets of the table
    """
    expected = published["settings"].get(experiment)
    if expected is None:
        return [f"config/published has no settings of '{experiment}'"]
    actual = settings(config, experiment)
    found = list(_differences(actual, expected))
    for dataset in datasets:
        found += _differences({dataset: _dataset(config, dataset)}, {dataset: published["datasets"].get(dataset, {})})
    return found


def settings(config: Mapping, experiment: str) -> dict[str, Mapping]:
    """Collect all entries of the configuration that decide the numbers of an experiment, by their part in it."""
    entry = config["experiments"][experiment]
    if "ranking" in entry:
        return _reranked(config, experiment)
    made = {"global": _global, "patches": _patches, "matching": _matching, "localization": _localization}
    return made.get(entry["search"], _local)(config, entry)


def _local(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    search, codebook = entry["search"], config["codebooks"][entry["codebook"]]
    features, trainer = _features(config, entry["extractor"]), _features(config, codebook["extractor"])
    return {
        "experiment": {"num_features": entry["num_features"], "search": search, **entry[search]},
        **features,
        **_network(config, _checkpoint(features)),
        **_words(config, codebook),
        "codebook extractor": trainer["extractor"],
        "codebook checkpoint": config["checkpoints"].get(_checkpoint(trainer), {}),
    }


def _global(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    neighbors = config["neighbors"][entry["neighbors"]]
    return {"experiment": {"search": "global"}, "neighbors": neighbors["files"] or neighbors}


def _patches(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    descriptor = config["descriptors"][entry["descriptor"]]
    normalised = {key: entry[key] for key in ("normalisation", "clipped_energy")}
    return {
        "experiment": {"search": "patches", **normalised},
        "descriptor": descriptor,
        **_network(config, descriptor.get("checkpoint")),
    }


def _localization(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    matching = config["matchings"][entry["matching"]]
    features = _features(config, matching["extractor"])
    return {
        "experiment": {"search": "localization", **entry["localization"], **matching},
        **features,
        **_network(config, _checkpoint(features)),
    }


def _matching(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    features = _features(config, entry["extractor"])
    framed = {"framed extractor": _features(config, entry["framed"])["extractor"]} if entry["framed"] else {}
    return {
        "experiment": {"search": "matching", "max_distance": entry["max_distance"]},
        **features,
        **framed,
        "detector checkpoint": config["checkpoints"].get(features.get("detector", {}).get("checkpoint"), {}),
        **_network(config, _checkpoint(features)),
    }


def _reranked(config: Mapping, experiment: str) -> dict[str, Mapping]:
    """Collect the settings of the ranking before a step, and those of the step."""
    entry, source = config["experiments"][experiment], step_source(config, experiment)
    features = _features(config, source["extractor"])
    codebook = config["codebooks"].get(source.get("codebook"))
    ranked = settings(config, entry["ranking"])
    if "ranking" in config["experiments"][entry["ranking"]]:
        # A second re-ranking: no published ranking was made in this way.
        ranked = {f"ranking's {kind}": value for kind, value in ranked.items()}
    step = {key: value for key, value in entry.items() if key not in ("method", "ranking", "rerank", "expand")}
    return {
        **ranked,
        "experiment": {"scorer": source.get("scorer"), **step},
        "detector": _detector(config, features["extractor"]),
        **features,
        "extractor checkpoint": config["checkpoints"].get(_checkpoint(features), {}),
        **(_words(config, codebook) if codebook else {}),
        **_network(config, source.get("checkpoint")),
    }


def _features(config: Mapping, name: str) -> dict[str, Mapping]:
    """Collect the settings of an extractor, and those of its detector and its descriptor where it has them."""
    extractor = config["extractors"][name]
    complete = EXTRACTORS.settings_of(extractor["type"], f"extractors.{name}.type").completed(extractor, config)
    parts = {key: complete[key] for key in ("detector", "descriptor") if isinstance(complete.get(key), Mapping)}
    return {"extractor": complete, **parts}


def _checkpoint(features: Mapping[str, Mapping]) -> str | None:
    """Return the name of the network that makes descriptors, where there is one."""
    found: str | None = features.get("descriptor", features["extractor"]).get("checkpoint")
    return found


def _words(config: Mapping, codebook: Mapping) -> dict[str, Mapping]:
    return {
        "codebook": {**codebook, "size": words(codebook["size"])},
        "codebook dataset": _dataset(config, codebook["dataset"]),
    }


def _network(config: Mapping, checkpoint: str | None) -> dict[str, Mapping]:
    entry = config["checkpoints"].get(checkpoint, {})
    trained = entry.get("origin") == "trained"
    return {"checkpoint": entry, "training": config["trainings"][entry["training"]] if trained else {}}


def _detector(config: Mapping, extractor: Mapping) -> Mapping:
    """The weights of the detector of dense features; other extractors have none, or :func:`_features` has it."""
    detector = extractor.get("detector")
    entry: Mapping = config["checkpoints"].get(detector, {}) if isinstance(detector, str) else {}
    return entry


def _dataset(config: Mapping, name: str) -> dict:
    enlarged = config["enlarged"].get(name)
    base = config["datasets"][enlarged["dataset"] if enlarged else name]
    return {**base, "distractors": enlarged["distractors"] if enlarged else None}


def _differences(actual: Mapping[str, Mapping], expected: Mapping[str, Mapping]) -> Iterator[str]:
    for kind, entry in expected.items():
        for key, value in entry.items():
            if actual.get(kind, {}).get(key) != value:
                yield f"{kind}: {key} {actual.get(kind, {}).get(key)} instead of {value}"

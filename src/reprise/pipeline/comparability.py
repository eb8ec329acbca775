"""Whether an experiment was run as the published one was, so that its numbers may be compared."""

from collections.abc import Iterator, Mapping

from reprise.codebooks.sizes import words


def deviations(config: Mapping, published: Mapping, experiment: str, datasets: list[str]) -> list[str]:
    """What an experiment does otherwise than ``published``, the content of a file of config/published, says, in words.

    Empty where nothing deviates. An experiment of which nothing is known deviates, too.
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
    """All entries of the configuration that decide the numbers of an experiment, by what they are to it."""
    entry = config["experiments"][experiment]
    return {"asmk": _asmk, "global": _global, "ames": _ames}[entry["matcher"]](config, entry)


def _asmk(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    codebook = config["codebooks"][entry["codebook"]]
    extractor = config["extractors"][entry["extractor"]]
    trainer = config["extractors"][codebook["extractor"]]
    return {
        "experiment": {"num_features": entry["num_features"], "matcher": entry["matcher"], **entry["asmk"]},
        "extractor": extractor,
        **_network(config, extractor.get("checkpoint")),
        "codebook": {**codebook, "size": words(codebook["size"])},
        "codebook extractor": trainer,
        "codebook checkpoint": config["checkpoints"].get(trainer.get("checkpoint"), {}),
        "codebook dataset": _dataset(config, codebook["dataset"]),
    }


def _global(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    neighbors = config["neighbors"][entry["neighbors"]]
    return {"experiment": {"matcher": "global"}, "neighbors": neighbors["files"] or neighbors}


def _ames(config: Mapping, entry: Mapping) -> dict[str, Mapping]:
    """The settings of the ranking that is re-ranked, and what changes by that."""
    reranker = config["rerankers"][entry["reranker"]]
    extractor = config["extractors"][reranker["extractor"]]
    ranked = settings(config, entry["ranking"])
    if "ranking" in config["experiments"][entry["ranking"]]:
        # A second re-ranking: nothing of what is published was ranked so.
        ranked = {f"ranking's {kind}": value for kind, value in ranked.items()}
    return {
        **ranked,
        "experiment": {"num_features": entry["num_features"], "matcher": entry["matcher"], **entry["ames"]},
        "extractor": extractor,
        "extractor checkpoint": config["checkpoints"].get(extractor.get("checkpoint"), {}),
        "detector": config["checkpoints"].get(extractor.get("detector"), {}),
        **_network(config, reranker["checkpoint"]),
    }


def _network(config: Mapping, checkpoint: str | None) -> dict[str, Mapping]:
    entry = config["checkpoints"].get(checkpoint, {})
    trained = entry.get("origin") == "trained"
    return {"checkpoint": entry, "training": config["trainings"][entry["training"]] if trained else {}}


def _dataset(config: Mapping, name: str) -> dict:
    enlarged = config["enlarged"].get(name)
    base = config["datasets"][enlarged["dataset"] if enlarged else name]
    return {**base, "distractors": enlarged["distractors"] if enlarged else None}


def _differences(actual: Mapping[str, Mapping], expected: Mapping[str, Mapping]) -> Iterator[str]:
    for kind, entry in expected.items():
        for key, value in entry.items():
            if actual.get(kind, {}).get(key) != value:
                yield f"{kind}: {key} {actual.get(kind, {}).get(key)} instead of {value}"

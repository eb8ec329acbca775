"""Parts of a table: its rows, its columns, the datasets that are measured, and the published numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from reprise.pipeline.comparability import deviations
from reprise.pipeline.seeds import studies


def measured(config: Mapping, table: str) -> list[str]:
    """List the datasets of a table, without the enlarged ones unless the configuration asks for those."""
    datasets = config["tables"][table]["datasets"]
    return [name for name in datasets if name not in config["enlarged"] or config["measure_enlarged"]]


def trained_on(config: Mapping, experiment: str, dataset: str) -> bool:
    """Tell whether patches are compared by a network that was trained on them; a table leaves this cell empty."""
    entry = config["experiments"][experiment]
    descriptor = config["descriptors"].get(entry.get("descriptor"), {})
    checkpoint = config["checkpoints"].get(descriptor.get("checkpoint"), {})
    training = config["trainings"].get(checkpoint.get("training"), {})
    learned = [training.get("dataset"), *training.get("also", {}).values()] if entry.get("search") == "patches" else []
    return dataset in [entry.get("trained_on"), *learned]


def table_columns(table: Mapping) -> list[list[str]]:
    """List the metric and the group of each column of a table.

    Args:
        table: its entry, with ``protocols``, the groups of mAP, and ``metrics``, metric -> groups, or one of them
    """
    metrics = {"mAP": table.get("protocols", []), **table.get("metrics", {})}
    return [[metric, group] for metric, groups in metrics.items() for group in groups]


def table_rows(config: Mapping, table: str) -> list[dict[str, Any]]:
    """List the experiments of a table, with the texts that are printed of them."""
    return [_row(name, config["experiments"][name]) for name in config["tables"][table]["experiments"]]


def _row(name: str, experiment: Mapping[str, Any]) -> dict[str, Any]:
    column = {"column": experiment["column"]} if experiment["column"] else {}
    return {
        "experiment": name,
        "method": experiment["method"],
        **column,
        "num_features": experiment.get("num_features") or 0,
    }


def seed_rows(config: Mapping, table: str) -> list[dict[str, Any]]:
    """List the same rows with the experiments of each seed study, and what their seeds are of."""
    return [
        {**row, "method": with_column(row), "seeds_of": seeds_of, "experiments": experiments}
        for row in table_rows(config, table)
        for seeds_of, experiments in studies(config, row["experiment"]).items()
    ]


def with_column(row: Mapping[str, Any]) -> str:
    """Return the method of a row, and its column where the table has any, for tables of one line per experiment."""
    return f"{row['method']}, {row['column']}" if "column" in row else row["method"]


def vocabulary_notes(config: Mapping, table: str) -> list[str]:
    """List, for a table, the codebooks that were trained on the images that are searched, which flatters results."""
    entry = config["tables"][table]
    found = {
        f"{dataset}: the visual words {codebook} were trained on the images that are searched": None
        for dataset in entry["datasets"]
        for codebook in dict.fromkeys(each for name in entry["experiments"] for each in _codebooks(config, name))
        if _share_images(config, config["codebooks"][codebook]["dataset"], dataset)
    }
    return list(found)


def _codebooks(config: Mapping, experiment: str) -> Iterator[str]:
    """Iterate over the codebooks of the search that an experiment starts from, and of the steps that follow."""
    entry = config["experiments"][experiment]
    if "ranking" in entry:
        yield from _codebooks(config, entry["ranking"])
    steps = (
        config["rerankers"].get(step.get("rerank", step.get("expand")), {}) for step in entry.get("steps", {}).values()
    )
    yield from (each["codebook"] for each in (entry, *steps) if each.get("codebook"))


def _share_images(config: Mapping, dataset: str, searched: str) -> bool:
    base = config["enlarged"].get(searched, {"dataset": searched})["dataset"]
    first, second = (config["datasets"][name] for name in (dataset, base))
    return any(first.get(key) is not None and first.get(key) == second.get(key) for key in ("images", "folder"))


def published_numbers(config: Mapping, published: Mapping, table: str) -> dict[str, Any] | None:
    """Return the published numbers of a table's experiments, and how their settings differ from those here."""
    entry = config["tables"][table]
    if entry["published"] is None:
        return None
    numbers = published[entry["published"]]
    return {
        "citation": numbers["citation"],
        "tolerance": numbers["tolerance"],
        "values": {name: numbers["values"].get(name, {}) for name in entry["experiments"]},
        "deviations": {name: deviations(config, numbers, name, entry["datasets"]) for name in entry["experiments"]},
    }

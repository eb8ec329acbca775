"""Parts of a table: its rows, its columns, the datasets that are measured, and the published numbers."""

from collections.abc import Mapping
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
    return dataset in (entry.get("trained_on"), training.get("dataset") if entry.get("search") == "patches" else None)


def table_columns(table: Mapping) -> list[list[str]]:
    """List the metric and the group of each column of a table.

    Args:
        table: its entry, with ``protocols``, the groups of mAP, and ``metrics``, metric -> groups, or one of them
    """
    metrics = {"mAP": table.get("protocols", []), **table.get("metrics", {})}
    return [[metric, group] for metric, groups in metrics.items() for group in groups]


def table_rows(config: Mapping, table: str) -> list[dict[str, Any]]:
    """List the experiments of a table, with the texts that are printed of them."""
    experiments = config["experiments"]
    return [
        {
            "experiment": name,
            "method": experiments[name]["method"],
            "num_features": experiments[name].get("num_features") or 0,
        }
        for name in config["tables"][table]["experiments"]
    ]


def seed_rows(config: Mapping, table: str) -> list[dict[str, Any]]:
    """List the same rows with the experiments of each seed study, and what their seeds are of."""
    return [
        {**row, "seeds_of": seeds_of, "experiments": experiments}
        for row in table_rows(config, table)
        for seeds_of, experiments in studies(config, row["experiment"]).items()
    ]


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

"""Which columns a table has, and which of its datasets are measured."""

from collections.abc import Mapping


def measured(config: Mapping, table: str) -> list[str]:
    """The datasets of a table, without the enlarged ones unless the configuration asks for those."""
    datasets = config["tables"][table]["datasets"]
    return [name for name in datasets if name not in config["enlarged"] or config["measure_enlarged"]]


def table_columns(table: Mapping) -> list[list[str]]:
    """The metric and the group of each column of a table.

    Args:
        table: its entry, with ``protocols``, the groups of mAP, and ``metrics``, metric -> groups, or one of them
    """
    metrics = {"mAP": table.get("protocols", []), **table.get("metrics", {})}
    return [[metric, group] for metric, groups in metrics.items() for group in groups]

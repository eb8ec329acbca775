"""Which columns of a table are measured."""

from collections.abc import Mapping


def measured(config: Mapping, table: str) -> list[str]:
    """The datasets of a table, without the enlarged ones unless the configuration asks for those."""
    datasets = config["tables"][table]["datasets"]
    return [name for name in datasets if name not in config["enlarged"] or config["measure_enlarged"]]

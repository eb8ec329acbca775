"""Tables of one row per method, with a column for each of its experiments."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reprise.reporting.cells import Cell

# Dataset, column of the experiment, metric and group.
_Key = tuple[str, str, str, str]


def is_pivoted(cells: Sequence[Cell]) -> bool:
    """Tell whether a table has experiments that are columns."""
    return any(cell.column for cell in cells)


def pivot(cells: Sequence[Cell], cell_text: Callable[[Any], str]) -> tuple[list[list[str]], list[list[str]]]:
    """Make header and rows, one per method; cells that no experiment fills are empty.

    Args:
        cells: of all experiments
        cell_text: formats a cell

    Returns:
        the header, each label in its parts, and the rows; what all columns have in common is not in the header
    """
    datasets = list(dict.fromkeys(cell.dataset for cell in cells))
    keys = sorted(dict.fromkeys(map(_key, cells)), key=lambda key: datasets.index(key[0]))
    header = [
        list(filter(None, label)) or [metric] for label, (_, _, metric, _) in zip(_labels(keys), keys, strict=True)
    ]
    rows = []
    for method in dict.fromkeys(cell.method for cell in cells):
        of = {_key(cell): cell for cell in cells if cell.method == method}
        rows.append([method, *(cell_text(of[key]) if key in of else "" for key in keys)])
    return [["method"], *header], rows


def _key(cell: Cell) -> _Key:
    return cell.dataset, cell.column, cell.metric, cell.group


def _labels(keys: Sequence[_Key]) -> Iterator[list[str]]:
    """The parts of each key in which it differs from others, and the column of an experiment, or its metric."""
    dataset_differs, _, metric_differs, group_differs = (len(set(values)) > 1 for values in zip(*keys, strict=True))
    for dataset, column, metric, group in keys:
        shown = [column] if column and not metric_differs else [column, metric]
        yield [*[dataset] * dataset_differs, *filter(None, shown), *[group] * group_differs]

"""A table as a page of its own without scripts, which Snakemake's report shows as it is."""

import os
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from reprise.evaluation.scores import ALL
from reprise.reporting.tables import MAIN, Cell
from reprise.reporting.templates import render
from reprise.storage.atomic import write_text

_Column = tuple[str, str, str, str]


def write_table_page(path: str | os.PathLike, cells: Sequence[Cell], title: str, notes: Sequence[str]) -> None:
    """Write a table as HTML: a line for each method, measured numbers with the published ones, coloured by verdict.

    Args:
        path: the HTML file
        cells: the cells, in the order of the table
        title: the title of the table
        notes: sentences below the table
    """
    columns = list(dict.fromkeys(map(_column, cells)))
    datasets = list(dict.fromkeys(cell.dataset for cell in cells))
    columns.sort(key=lambda column: datasets.index(column[0]))
    lines: dict[tuple[str, str], dict[_Column, Cell]] = {}
    for cell in cells:
        features = "" if cell.column or not cell.num_features else str(cell.num_features)
        lines.setdefault((cell.method, features), {})[_column(cell)] = cell
    write_text(
        path,
        render(
            "table.html",
            title=title,
            notes=notes,
            heads=[(dataset, len(list(group))) for dataset, group in groupby(columns, key=lambda column: column[0])],
            columns=[_label(column, cells) for column in columns],
            lines=[(*line, [_shown(found.get(column)) for column in columns]) for line, found in lines.items()],
        ),
    )


def _column(cell: Cell) -> _Column:
    return cell.dataset, cell.column, cell.metric, cell.group


def _label(column: _Column, cells: Sequence[Cell]) -> str:
    """What stands above a column: as little as tells it from the others."""
    _, name, metric, group = column
    several = len({cell.metric for cell in cells}) > 1
    parts = [name, metric if several or group == ALL or metric != MAIN else "", "" if group == ALL else group]
    return " ".join(filter(None, parts))


def _shown(cell: Cell | None) -> dict[str, Any] | None:
    """What a cell says."""
    if cell is None:
        return None
    digits = {"bytes": ".0f", "%": ".2f"}.get(cell.unit, ".4g")
    return {
        "verdict": cell.verdict,
        "measured": cell.verdict if cell.measured is None else format(cell.measured, digits),
        "published": None if cell.published is None else f"{cell.published:g}",
    }

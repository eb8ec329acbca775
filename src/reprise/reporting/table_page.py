"""A table, or a study of seeds, as a page of its own without scripts, which Snakemake's report shows as it is."""

import csv
import os
from itertools import groupby
from pathlib import Path
from typing import Any

from reprise.evaluation.scores import ALL, PERCENT
from reprise.reporting.table_files import Content, read_table
from reprise.reporting.templates import render
from reprise.storage.atomic import write_text

_Column = tuple[str, str, str, str]


def write_table_page(path: str | os.PathLike, table: str | os.PathLike) -> None:
    """Write a table as HTML: a line for each method, measured numbers with the published ones, coloured by verdict.

    Args:
        path: the HTML file
        table: the CSV file of the table, beside its Markdown

    Raises:
        DataError: files that are none of a table
    """
    read = read_table(table)
    cells = read["cells"]
    datasets = list(dict.fromkeys(cell["dataset"] for cell in cells))
    columns = sorted(dict.fromkeys(map(_column, cells)), key=lambda column: datasets.index(column[0]))
    lines: dict[tuple[str, str], dict[_Column, Content]] = {}
    for cell in cells:
        line = cell["method"], "" if cell["column"] else cell["features"]
        lines.setdefault(line, {})[_column(cell)] = cell
    metrics = {cell["metric"] for cell in cells}
    text = render(
        "table.html",
        title=read["title"],
        notes=read["notes"],
        heads=[(dataset, len(list(group))) for dataset, group in groupby(columns, key=lambda column: column[0])],
        columns=[_label(column, several=len(metrics) > 1) for column in columns],
        lines=[(*line, [_shown(found.get(column)) for column in columns]) for line, found in lines.items()],
    )
    write_text(path, text)


def write_study_page(path: str | os.PathLike, study: str | os.PathLike) -> None:
    """Write a study of seeds as HTML, line by line.

    Args:
        path: the HTML file
        study: its CSV file, beside its Markdown
    """
    with Path(study).open(encoding="utf-8", newline="") as file:
        columns, *lines = csv.reader(file)
    title, *texts = Path(study).with_suffix(".md").read_text(encoding="utf-8").splitlines()
    notes = [text for text in texts if text and not text.startswith("|")]
    write_text(path, render("study.html", title=title.removeprefix("# "), notes=notes, columns=columns, lines=lines))


def _column(cell: Content) -> _Column:
    return cell["dataset"], cell["column"], cell["metric"], cell["group"]


def _label(column: _Column, *, several: bool) -> str:
    """What stands above a column: as little as tells it from the others."""
    _, name, metric, group = column
    return " ".join(filter(None, [name, metric if several or group == ALL else "", "" if group == ALL else group]))


def _shown(cell: Content | None) -> dict[str, Any] | None:
    """What a cell says."""
    if cell is None:
        return None
    digits = {"bytes": ".0f", PERCENT: ".2f"}.get(cell["unit"], ".4g")
    return {
        "verdict": cell["verdict"],
        "measured": cell["verdict"] if cell["measured"] is None else format(cell["measured"], digits),
        "published": None if cell["published"] is None else f"{cell['published']:g}",
    }

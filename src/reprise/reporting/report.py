"""The report: all tables on one page, each with its verdicts, its chance level, its galleries and what it cost."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reprise.reporting.costs import machines, stage_costs
from reprise.reporting.precision_curves import Curves, table_curves
from reprise.reporting.stage_graph import stage_graph
from reprise.reporting.table_files import features_shown, read_table
from reprise.reporting.templates import render
from reprise.reporting.training_curves import training_curves
from reprise.storage.atomic import write_text

Content = dict[str, Any]


def table_content(
    table: str | os.PathLike,
    provenance: Mapping[str, Any],
    chance: Mapping[str, Mapping[str, float]],
    galleries: Iterable[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]] = (),
    times: Mapping[tuple[str, str], float] | None = None,
    curves: Mapping[tuple[str, str], Curves] | None = None,
) -> Content:
    """Collect what a report shows of a table.

    Args:
        table: its CSV file, beside its Markdown
        provenance: the content of its provenance
        chance: dataset -> group -> mAP of random rankings in percent
        galleries: method, num_features, perhaps column, dataset and page of each gallery
        rows: method, num_features, perhaps column and the experiment of each row
        times: (experiment, dataset) -> milliseconds that the search for a query took
        curves: (experiment, dataset) -> its precision over recall

    Returns:
        values of JSON only

    Raises:
        DataError: files that are none of a table
    """
    path, read = Path(table), read_table(table)
    cells = read["cells"]
    experiments = {_row_of(row): row["experiment"] for row in rows}
    for cell in cells:
        experiment = experiments.get((cell["method"], cell["column"], cell["features"]), "")
        cell["milliseconds"] = (times or {}).get((experiment, cell["dataset"]))
    costs = stage_costs(provenance)
    return {
        "name": path.stem,
        **read,
        "chance": {dataset: dict(chance[dataset]) for dataset in {cell["dataset"] for cell in cells} & set(chance)},
        "galleries": [_gallery(gallery, path) for gallery in galleries],
        "curves": table_curves(cells, experiments, curves or {}),
        "costs": costs,
        "graph": stage_graph(costs),
        "trainings": training_curves(provenance),
        "machines": machines(provenance),
        "downloads": _downloads(provenance),
        "started": provenance.get("started"),
        "commit": provenance.get("commit"),
    }


def write_report(path: str | os.PathLike, title: str, tables: Sequence[Content]) -> None:
    """Write the page, which needs no network.

    Args:
        path: the HTML file, in the folder of the tables
        title: of the page
        tables: what it shows of each (:func:`table_content`)
    """
    write_text(path, render("report.html", title=title, tables=tables, content=tables))


def _gallery(gallery: Mapping[str, Any], table: Path) -> Content:
    """The row and the dataset of a gallery, and its address, seen from the folder of the table."""
    row = dict(zip(("method", "column", "features"), _row_of(gallery), strict=True))
    return {**row, "dataset": gallery["dataset"], "address": os.path.relpath(gallery["page"], table.parent)}


def _row_of(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """What tells the rows of a table apart: method, column and number of features."""
    return entry["method"], entry.get("column", ""), features_shown(entry["num_features"])


def _downloads(provenance: Mapping[str, Any]) -> list[Content]:
    """The published files that the table hangs on."""
    found = sorted(provenance.get("downloads", {}).items())
    return [{"name": name, "bytes": receipt.get("bytes")} for name, receipt in found]

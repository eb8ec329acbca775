"""Precision over recall of rankings, as galleries and the report draw it."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from reprise.datasets.images import Dataset
from reprise.evaluation.recall_curves import KINDS, precision_by_recall
from reprise.evaluation.scores import ALL, ranks_of
from reprise.formats.rankings import Ranking

#: Protocol -> the precision in percent in equal parts of the recall.
Curves = Mapping[str, list[float]]


def precision_curves(ranking: Ranking, dataset: Dataset) -> dict[str, list[float]]:
    """Compute the mean precision of all queries in equal parts of the recall.

    Args:
        ranking: of a dataset
        dataset: with its ground truth

    Returns:
        protocol -> the precision in percent, whose mean is the mAP; nothing for other kinds of ground truth than those
        of the Oxford and Paris benchmarks
    """
    ranks = {name: ranked.complete() for name, ranked in ranking.lists.items()}
    curves = {}
    for group in KINDS.get(dataset.truth or "", ()):
        if group in ranks or ALL in ranks:
            truth = dataset.ground_truth or ()
            rows = precision_by_recall(ranks_of(ranks, group), truth, str(dataset.truth), group)
            rows = rows[np.isfinite(rows[:, 0])]
            curves[group] = [round(100 * float(value), 3) for value in rows.mean(axis=0)] if len(rows) else []
    return curves


def table_curves(
    cells: Iterable[Mapping[str, Any]],
    experiments: Mapping[tuple[str, str, str], str],
    curves: Mapping[tuple[str, str], Curves],
) -> list[dict[str, Any]]:
    """Collect the curves of a table: a figure for each dataset and protocol, with a line for each row.

    Args:
        cells: of the table
        experiments: method, column and features of a row -> its experiment
        curves: (experiment, dataset) -> its curves

    Returns:
        figures as dataset, group and lines, each with name, map and values
    """
    figures: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for cell in cells:
        experiment = experiments.get((cell["method"], cell["column"], cell["features"]), "")
        values = curves.get((experiment, cell["dataset"]), {}).get(cell["group"])
        if cell["metric"] == "mAP" and cell["measured"] is not None and values:
            count = f"n {cell['features']}" if cell["features"] and not cell["column"] else ""
            name = ", ".join(filter(None, (cell["method"], cell["column"], count)))
            line = {"name": name, "map": cell["measured"], "values": values}
            figures.setdefault((cell["dataset"], cell["group"]), []).append(line)
    return [{"dataset": dataset, "group": group, "lines": lines} for (dataset, group), lines in figures.items()]

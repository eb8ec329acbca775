"""The numbers of a table: measured ones beside published ones, with a verdict for each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprise.evaluation.scores import PERCENT, SIZES, Evaluation

MAIN = "mAP"
REPRODUCED = "reproduced"
DIFFERS = "differs"
UNKNOWN = "published unknown"
NOT_COMPARABLE = "not comparable"
NOT_MEASURED = "not measured"
# Metric and group, such as mAP and medium.
Column = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """One number: a score of one experiment on one dataset.

    Attributes:
        experiment: its name
        method: its name in the table
        column: its column, which other experiments of the same method are beside; empty in tables without
        num_features: number of local features of an image
        dataset: its name
        metric: such as "mAP"
        group: such as "medium"
        unit: unit of the numbers
        measured: None where the dataset has nothing to measure in the group, or where it was not measured
        count: number of queries, pairs or images that it is computed from
        published: None where nothing is published
        tolerance: the largest difference that counts as reproduced; None without a published number
        verdict: the comparison of the measured number with the published one, see :func:`verdict`
        index_bytes: memory of the database for the last step, in bytes
    """

    experiment: str
    method: str
    num_features: int
    dataset: str
    metric: str
    group: str
    unit: str
    measured: float | None
    count: int
    published: float | None
    tolerance: float | None
    verdict: str
    index_bytes: int | None
    column: str = ""

    @property
    def difference(self) -> float | None:
        """The difference measured - published, in the unit of the metric."""
        if self.measured is None or self.published is None:
            return None
        return self.measured - self.published


def verdict(measured: float | None, published: float | None, tolerance: float | None, comparable: bool) -> str:
    """Compare a measured number with a published one.

    Args:
        measured: the measured number, or None
        published: the published number, or None
        tolerance: the largest difference that counts as reproduced
        comparable: whether data and settings are the published ones

    Returns:
        'not measured' without a measurement; 'not comparable' on other data or with other settings than published;
        'published unknown' without a published number; else 'reproduced' if they differ by at most ``tolerance``,
        and 'differs'
    """
    if measured is None:
        return NOT_MEASURED
    if not comparable:
        return NOT_COMPARABLE
    if published is None or tolerance is None:
        return UNKNOWN
    # Rounded to hundredths, as most are printed, so that the verdict agrees with the printed numbers.
    return REPRODUCED if round(abs(measured - published), 2) <= tolerance else DIFFERS


def table_cells(
    rows: Sequence[Mapping],
    datasets: Sequence[str],
    columns: Sequence[Column],
    evaluations: Mapping[tuple[str, str], Evaluation],
    published: Mapping | None,
    miniature: bool,
) -> list[Cell]:
    """Make all cells of a table, in the order of its rows, datasets and columns.

    Args:
        rows: experiment, method and num_features of each, and its column where it has one
        datasets: their names
        columns: the metric and the group of each
        evaluations: (experiment, dataset) -> its evaluation; absent where it was not made
        published: values, deviations and tolerance of these experiments, None where nothing is published
        miniature: whether the data are the miniature's, with which no published number is comparable
    """
    cells = []
    of_dataset = {dataset: _columns_of(dataset, datasets, columns, evaluations) for dataset in datasets}
    for row in rows:
        experiment = row["experiment"]
        values = published["values"][experiment] if published else {}
        comparable = not miniature and not (published and published["deviations"][experiment])
        for dataset in datasets:
            evaluation = evaluations.get((experiment, dataset), Evaluation(()))
            for metric, group in of_dataset[dataset]:
                score = evaluation.score(metric, group)
                measured = None if score is None or math.isnan(score.value) else score.value
                number = published_value(values.get(dataset, {}), metric, group)
                tolerance = published_tolerance(published, metric, group) if number is not None else None
                cells.append(
                    Cell(
                        experiment, row["method"], row["num_features"], dataset, metric, group,
                        score.unit if score else PERCENT if metric == MAIN else "", measured,
                        score.count if score else 0, number, tolerance,
                        verdict(measured, number, tolerance, comparable), _last_size(evaluation),
                        row.get("column", ""),
                    )
                )  # fmt: skip
    return cells


def _columns_of(
    dataset: str, datasets: Sequence[str], columns: Sequence[Column], evaluations: Mapping[tuple[str, str], Evaluation]
) -> list[Column]:
    """List the columns of a dataset: without the protocols that it has not, and another dataset of the table has."""

    def has(name: str, column: Column) -> bool:
        return any(found.score(*column) is not None for (_, of), found in evaluations.items() if of == name)

    if not any(of == dataset for _, of in evaluations):
        return list(columns)
    return [column for column in columns if has(dataset, column) or not any(has(name, column) for name in datasets)]


def published_value(values: Mapping, metric: str, group: str) -> float | None:
    """Return the published number of a metric and a group on one dataset, None where there is none.

    Args:
        values: group -> number, of mAP; or metric -> {group: number}, of any other
        metric: such as "mAP"
        group: such as "medium"
    """
    found = values.get(group) if metric == MAIN else values.get(metric, {}).get(group)
    return None if isinstance(found, Mapping) else found


def published_tolerance(published: Mapping | None, metric: str, group: str) -> float | None:
    """Return the largest difference of a metric that counts as reproduced: ``map``, or that of ``metrics``.

    Either may be one number, or one for each group.
    """
    tolerance = published["tolerance"] if published else {}
    found = tolerance.get("map") if metric == MAIN else tolerance.get("metrics", {}).get(metric)
    return found.get(group) if isinstance(found, Mapping) else found


def _last_size(evaluation: Evaluation) -> int | None:
    """Return the memory that the last step takes; scores of sizes are in the order of the steps."""
    sizes = [score for score in evaluation.scores if score.metric in SIZES]
    return int(sizes[-1].value) if sizes else None

"""Tables of measured numbers beside published ones, with a verdict for each."""

import csv
import io
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reprise.evaluation.scores import PERCENT, SIZES, Evaluation
from reprise.reporting.latex import latex_dataset, latex_method, latex_text, render_tabular
from reprise.reporting.pivoting import is_pivoted, pivot
from reprise.storage.atomic import write_text

COLUMNS = (
    "method", "n", "dataset", "protocol", "measured", "published", "difference", "tolerance", "verdict", "queries",
    "index_bytes",
)  # fmt: skip
# A table of more than mAP names the metric, the unit and the count of each number.
WIDER = (
    "method", "n", "dataset", "metric", "group", "unit", "measured", "published", "difference", "tolerance", "verdict",
    "count",
)  # fmt: skip
MAIN = "mAP"
_PROTOCOLS = ("easy", "medium", "hard")
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


def render_csv(cells: Sequence[Cell]) -> str:
    """Format one line per cell, empty where there is no number; percent with two decimals, bytes without."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    main, pivoted = _is_main(cells), is_pivoted(cells)
    first, *others = COLUMNS if main else WIDER
    writer.writerow([first, *["column"] * pivoted, *others])
    for cell in cells:
        numbers = [
            _number(value, cell.unit) for value in (cell.measured, cell.published, cell.difference, cell.tolerance)
        ]
        start = [cell.method, *[cell.column] * pivoted, cell.num_features, cell.dataset]
        if main:
            size = "" if cell.index_bytes is None else cell.index_bytes
            writer.writerow([*start, cell.group, *numbers, cell.verdict, cell.count, size])
        else:
            writer.writerow([*start, cell.metric, cell.group, cell.unit, *numbers, cell.verdict, cell.count])
    return text.getvalue()


def render_markdown(cells: Sequence[Cell], title: str, notes: Sequence[str]) -> str:
    """Format one line per experiment, or per method, measured numbers with the published ones in brackets."""
    header, body = _wide(cells, lambda cell: _bracketed(cell, "**{}**"))
    lines = [f"# {title}", "", _legend(cells), ""]
    labels = [" ".join(label) for label in header]
    lines += ["| " + " | ".join(line) + " |" for line in (labels, ["---"] * len(labels), *body)]
    lines += ["", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"


def render_latex(cells: Sequence[Cell], title: str) -> str:
    """Format a ``tabular`` with the rules of the package booktabs, and a head over the columns of each dataset."""
    header, body = _wide(cells, lambda cell: _bracketed(cell, r"\textbf{{{}}}"))
    datasets = {cell.dataset for cell in cells}
    head = [[latex_dataset(part) if part in datasets else latex_text(part) for part in label] for label in header]
    rows = [[latex_method(name), *numbers] for name, *numbers in body]
    return render_tabular(head, rows, f"{title}. {_legend(cells)}")


def table_notes(published: Mapping | None, miniature: bool) -> list[str]:
    """List what a reader has to know beside the numbers."""
    notes = []
    if miniature:
        notes.append("Measured on the built-in miniature: no published number compares with these.")
    if published:
        notes.append(f"Published: {published['citation']}")
        notes.append(_tolerance_note(published["tolerance"]))
        notes += [f"{name}: {entry['source']}" for name, entry in published["values"].items() if "source" in entry]
        unknown = [name for name, entry in published["values"].items() if _has_unknown(entry)]
        if unknown:
            notes.append(
                f"Published, but not known here, so that their place is empty: numbers of {', '.join(unknown)}"
            )
        if not miniature:
            notes += [
                f"{name} is not comparable: {', '.join(reasons)}"
                for name, reasons in published["deviations"].items()
                if reasons
            ]
    return notes


def _has_unknown(values: Mapping) -> bool:
    """Tell whether some number of an experiment is published, and not known here."""
    return any(_has_unknown(value) if isinstance(value, Mapping) else value is None for value in values.values())


def _tolerance_note(tolerance: Mapping) -> str:
    of_map = tolerance.get("map")
    named = {} if of_map is None else {"": of_map}
    named |= {f"{metric} ": points for metric, points in tolerance.get("metrics", {}).items()}
    texts = []
    for metric, points in named.items():
        of_groups = points if isinstance(points, Mapping) else {"": points}
        groups = dict.fromkeys([*_PROTOCOLS, *of_groups])  # recipes sort keys
        texts += [metric + f"{group} {of_groups[group]}".strip() for group in groups if group in of_groups]
    return f"Tolerance{' ' if texts else ''}{', '.join(texts)}: {' '.join(tolerance['source'].split())}"


def left_out_notes(
    evaluations: Mapping[tuple[str, str], Evaluation], datasets: Sequence[str], columns: Sequence[Column]
) -> list[str]:
    """List, per dataset and group, how many queries are in no mean because they have no positive, where there are any.

    Args:
        evaluations: (experiment, dataset) -> its evaluation
        datasets: the datasets of the table
        columns: the metric and the group of each column
    """
    notes = []
    for dataset in datasets:
        found = next((entry for (_, name), entry in evaluations.items() if name == dataset), Evaluation(()))
        counts = {group: found.left_out.get(group, 0) for _, group in columns}
        notes += [
            f"{dataset} {group}, queries without a positive, which are left out: {count}"
            for group, count in counts.items()
            if count
        ]
    return notes


def chance_notes(
    evaluations: Mapping[tuple[str, str], Evaluation], datasets: Sequence[str], columns: Sequence[Column]
) -> list[str]:
    """List, per dataset, the mAP of random rankings, where it is known: what says how far from it a number is.

    Args:
        evaluations: (experiment, dataset) -> its evaluation
        datasets: the datasets of the table
        columns: the metric and the group of each column
    """
    notes = []
    for dataset in datasets:
        chance = next(
            (entry.chance for (_, name), entry in evaluations.items() if name == dataset and entry.chance), {}
        )
        shown = [f"{group} {chance[group]:.2f}" for metric, group in columns if metric == MAIN and group in chance]
        notes += [f"{dataset}, mAP of random rankings: {', '.join(shown)}"] if shown else []
    return notes


def damage_notes(evaluations: Mapping[tuple[str, str], Evaluation]) -> list[str]:
    """List, per experiment and dataset, the images that count less than they should, where there are any.

    Args:
        evaluations: (experiment, dataset) -> its evaluation
    """
    return [
        f"{dataset}, {experiment}, images that {matter}: {count}"
        for (experiment, dataset), entry in evaluations.items()
        for matter, count in entry.damaged.items()
    ]


def write_table(
    paths: Mapping[str, str | os.PathLike], cells: Sequence[Cell], title: str, notes: Sequence[str]
) -> None:
    """Write a table in three formats.

    Args:
        paths: the files, by ``csv``, ``markdown`` and ``latex``
        cells: the cells, in the order of the table
        title: the title of the table
        notes: sentences below the table
    """
    write_text(paths["csv"], render_csv(cells))
    write_text(paths["markdown"], render_markdown(cells, title, notes))
    write_text(paths["latex"], render_latex(cells, title))


def _is_main(cells: Sequence[Cell]) -> bool:
    """Tell whether all numbers are mAP, as in the tables of most papers, which then need not say so in each column."""
    return all(cell.metric == MAIN for cell in cells)


def _legend(cells: Sequence[Cell]) -> str:
    if _is_main(cells):
        text = "mAP in percent"
    else:
        units = {cell.metric: cell.unit for cell in cells}
        text = ", ".join(
            f"{metric} in {'percent' if unit == PERCENT else unit}" if unit else metric
            for metric, unit in units.items()
        )
    if all(cell.published is None for cell in cells):
        return f"{text}."
    return f"{text}: measured (published). Bold: reproduced."


def _wide(cells: Sequence[Cell], cell_text: Callable[[Cell], str]) -> tuple[list[list[str]], list[list[str]]]:
    """Make header and rows, one per experiment; the memory of the database follows the mAP of each dataset.

    Returns:
        the label of each column, in parts of which neighbours share the first; and the cells of each row
    """
    if is_pivoted(cells):
        return pivot(cells, cell_text)
    experiments = dict.fromkeys(cell.experiment for cell in cells)
    datasets = dict.fromkeys(cell.dataset for cell in cells)
    columns = {
        dataset: dict.fromkeys((cell.metric, cell.group) for cell in cells if cell.dataset == dataset)
        for dataset in datasets
    }
    main = _is_main(cells)
    header = [["method"], ["n"]]
    for dataset in datasets:
        header += [[dataset, group] if main else [dataset, metric, group] for metric, group in columns[dataset]]
        header += [[dataset, "index"]] if main else []
    rows = []
    for experiment in experiments:
        of = {(cell.dataset, cell.metric, cell.group): cell for cell in cells if cell.experiment == experiment}
        first = next(iter(of.values()))
        row = [first.method, str(first.num_features)]
        for dataset in datasets:
            shown = [of[dataset, metric, group] for metric, group in columns[dataset]]
            row += [*map(cell_text, shown), *([_size(shown[0].index_bytes)] if main else [])]
        rows.append(row)
    return header, rows


def _last_size(evaluation: Evaluation) -> int | None:
    """Return the memory that the last step takes; scores of sizes are in the order of the steps."""
    sizes = [score for score in evaluation.scores if score.metric in SIZES]
    return int(sizes[-1].value) if sizes else None


def _bracketed(cell: Cell, emphasis: str) -> str:
    measured = NOT_MEASURED if cell.measured is None else _number(cell.measured, cell.unit)
    if cell.verdict == REPRODUCED:
        measured = emphasis.format(measured)
    return measured if cell.published is None else f"{measured} ({cell.published:g})"


def _size(count: int | None) -> str:
    return "" if count is None else f"{count / 1e6:.1f} MB"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if unit == "bytes" else f"{value:.2f}" if unit == PERCENT else f"{value:.4g}"

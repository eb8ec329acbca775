"""Tables in three formats."""

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence

from reprise.evaluation.scores import PERCENT
from reprise.reporting.cells import MAIN, NOT_MEASURED, REPRODUCED, Cell
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
    shown = [i for i, label in enumerate(header) if label != ["n"] or any(cell.num_features for cell in cells)]
    labels = [_without_all(header[i], header) for i in shown]
    head = [[latex_dataset(part) if part in datasets else latex_text(part) for part in label] for label in labels]
    rows = [[latex_method(row[0]), *(row[i] for i in shown[1:])] for row in body]
    return render_tabular(head, rows, f"{title}. {_legend(cells)}")


def _without_all(label: Sequence[str], header: Sequence[Sequence[str]]) -> Sequence[str]:
    """Leave out the group of all, where a metric has no other."""
    *shared, group = label
    alone = group == "all" and sum(other[:-1] == shared for other in header) == 1
    return shared if shared and alone else label


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

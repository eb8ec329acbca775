"""Tables of measured numbers beside published ones, with a verdict for each."""

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reprise.storage.atomic import write_text

COLUMNS = (
    "method", "n", "dataset", "protocol", "measured", "published", "difference", "tolerance", "verdict", "queries",
    "index_bytes",
)  # fmt: skip
REPRODUCED = "reproduced"
DIFFERS = "differs"
UNKNOWN = "published unknown"
NOT_COMPARABLE = "not comparable"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Cell:
    """One number: mAP in percent of one experiment on one dataset under one protocol.

    measured is None where the dataset has no such protocol or no query with a positive, or where it was not measured.
    index_bytes is the size of the inverted files that were searched.
    """

    experiment: str
    method: str
    num_features: int
    dataset: str
    protocol: str
    measured: float | None
    queries: int
    published: float | None
    tolerance: float | None
    verdict: str
    index_bytes: int | None

    @property
    def difference(self) -> float | None:
        """measured - published, in points of mAP."""
        if self.measured is None or self.published is None:
            return None
        return self.measured - self.published


def verdict(measured: float | None, published: float | None, tolerance: float | None, comparable: bool) -> str:
    """What a measured number says about a published one.

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
    # Rounded as printed, so that the verdict agrees with the numbers that stand beside it.
    return REPRODUCED if round(abs(measured - published), 2) <= tolerance else DIFFERS


def table_cells(
    rows: Sequence[Mapping],
    datasets: Sequence[str],
    protocols: Sequence[str],
    evaluations: Mapping[tuple[str, str], Mapping],
    published: Mapping | None,
    miniature: bool,
) -> list[Cell]:
    """All cells of a table, in the order of its rows, datasets and protocols.

    Args:
        rows: experiment, method and num_features of each
        evaluations: (experiment, dataset) -> the content of its evaluation file; absent where it was not made
        published: values, deviations and tolerance of these experiments, None where nothing is published
        miniature: whether the data are the miniature's, with which no published number compares
    """
    cells = []
    for row in rows:
        experiment = row["experiment"]
        values = published["values"][experiment] if published else {}
        comparable = not miniature and not (published and published["deviations"][experiment])
        tolerance = published["tolerance"]["map"] if published else None
        for dataset in datasets:
            for protocol in protocols:
                evaluation = evaluations.get((experiment, dataset), {})
                scores = evaluation.get("protocols", {}).get(protocol, {})
                measured, number = scores.get("map"), values.get(dataset, {}).get(protocol)
                cells.append(
                    Cell(
                        experiment, row["method"], row["num_features"], dataset, protocol, measured,
                        scores.get("queries", 0), number, tolerance if number is not None else None,
                        verdict(measured, number, tolerance, comparable), evaluation.get("index_bytes"),
                    )
                )  # fmt: skip
    return cells


def render_csv(cells: Sequence[Cell]) -> str:
    """One line per cell, numbers with two decimals, empty where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cell in cells:
        writer.writerow(
            [
                cell.method, cell.num_features, cell.dataset, cell.protocol, _number(cell.measured),
                _number(cell.published), _number(cell.difference), _number(cell.tolerance), cell.verdict, cell.queries,
                "" if cell.index_bytes is None else cell.index_bytes,
            ]
        )  # fmt: skip
    return text.getvalue()


def render_markdown(cells: Sequence[Cell], title: str, notes: Sequence[str]) -> str:
    """One line per experiment, measured numbers with the published ones in brackets."""
    header, body = _wide(cells, lambda cell: _bracketed(cell, "**{}**"))
    lines = [f"# {title}", "", "mAP in percent: measured (published). Bold: reproduced.", ""]
    lines += ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *body)]
    lines += ["", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"


def render_latex(cells: Sequence[Cell], title: str) -> str:
    """A ``tabular`` with the rules of the package booktabs."""
    header, body = _wide(cells, lambda cell: _bracketed(cell, r"\textbf{{{}}}"))
    lines = [
        f"% {title}. mAP in percent: measured (published). Bold: reproduced.",
        r"% \usepackage{booktabs}",
    ]
    lines += [r"\begin{tabular}{l" + "r" * (len(header) - 1) + "}", r"\toprule"]
    rows = [" & ".join(map(_escape, line)) + r" \\" for line in (header, *body)]
    return "\n".join([*lines, rows[0], r"\midrule", *rows[1:], r"\bottomrule", r"\end{tabular}"]) + "\n"


def table_notes(published: Mapping | None, miniature: bool) -> list[str]:
    """What a reader has to know beside the numbers."""
    notes = []
    if miniature:
        notes.append("Measured on the built-in miniature: no published number compares with these.")
    if published:
        notes.append(f"Published: {published['citation']}")
        notes.append(f"Tolerance {published['tolerance']['map']}: {' '.join(published['tolerance']['source'].split())}")
        notes += [f"{name}: {entry['source']}" for name, entry in published["values"].items() if "source" in entry]
        if not miniature:
            notes += [
                f"{name} is not comparable: {', '.join(reasons)}"
                for name, reasons in published["deviations"].items()
                if reasons
            ]
    return notes


def write_table(
    paths: Mapping[str, str | os.PathLike], cells: Sequence[Cell], title: str, notes: Sequence[str]
) -> None:
    """Write a table to ``paths['csv']``, ``paths['markdown']`` and ``paths['latex']``."""
    write_text(paths["csv"], render_csv(cells))
    write_text(paths["markdown"], render_markdown(cells, title, notes))
    write_text(paths["latex"], render_latex(cells, title))


def _wide(cells: Sequence[Cell], cell_text: Callable[[Cell], str]) -> tuple[list[str], list[list[str]]]:
    """Header and rows with one line per experiment; behind the protocols of a dataset stands the size of its index."""
    experiments = dict.fromkeys(cell.experiment for cell in cells)
    datasets = dict.fromkeys(cell.dataset for cell in cells)
    protocols = dict.fromkeys(cell.protocol for cell in cells)
    header = ["method", "n"]
    for dataset in datasets:
        header += [*(f"{dataset} {protocol}" for protocol in protocols), f"{dataset} index"]
    rows = []
    for experiment in experiments:
        of = {(cell.dataset, cell.protocol): cell for cell in cells if cell.experiment == experiment}
        first = next(iter(of.values()))
        row = [first.method, str(first.num_features)]
        for dataset in datasets:
            group = [of[dataset, protocol] for protocol in protocols]
            row += [*map(cell_text, group), _size(group[0].index_bytes)]
        rows.append(row)
    return header, rows


def _bracketed(cell: Cell, emphasis: str) -> str:
    measured = NOT_MEASURED if cell.measured is None else _number(cell.measured)
    if cell.verdict == REPRODUCED:
        measured = emphasis.format(measured)
    return measured if cell.published is None else f"{measured} ({cell.published:g})"


def _size(count: int | None) -> str:
    return "" if count is None else f"{count / 1e6:.1f} MB"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _escape(text: str) -> str:
    # Emphasis that was put in on purpose stays; names from the configuration must not become commands.
    for plain, escaped in (("&", r"\&"), ("%", r"\%"), ("_", r"\_"), ("#", r"\#")):
        text = text.replace(plain, escaped)
    return text

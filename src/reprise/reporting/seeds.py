"""Seed studies: how much results vary with the seeds of codebooks and trainings, and the tolerance of a comparison."""

import csv
import io
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprise.evaluation.scores import Evaluation
from reprise.reporting.cells import MAIN, Column
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

COLUMNS = (
    "method", "n", "dataset", "protocol", "seeds_of", "seeds", "mean", "standard_deviation", "tolerance", "minimum",
    "maximum",
)  # fmt: skip
# A published and a measured number are two draws: the standard deviation of their difference is sqrt(2) times that of
# one, and three of those hold all but 0.3 % of differences.
DEVIATIONS = 3.0
_KEYS = {"codebook": "seed_study", "training": "training_seed_study"}


@dataclass(frozen=True)
class SeedCell:
    """One score of one experiment on one dataset, for several seeds.

    Attributes:
        method: the name of the experiment in the table
        num_features: number of local features of an image
        dataset: its name
        metric: such as "mAP"
        group: such as "medium"
        seeds_of: what was made anew with each seed: "codebook", or "training" and all that follows from it
        values: the score for each seed, in the order of the seeds, in the unit of the metric
    """

    method: str
    num_features: int
    dataset: str
    metric: str
    group: str
    seeds_of: str
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return statistics.fmean(self.values)

    @property
    def standard_deviation(self) -> float:
        """The standard deviation over the seeds, of a sample: divided by n - 1."""
        return statistics.stdev(self.values)

    @property
    def tolerance(self) -> float:
        """The largest difference between two runs that their seeds explain, in the unit of the metric."""
        return DEVIATIONS * math.sqrt(2) * self.standard_deviation


def seed_cells(
    rows: Sequence[Mapping],
    datasets: Sequence[str],
    columns: Sequence[Column],
    evaluations: Mapping[tuple[str, str], Evaluation],
) -> list[SeedCell]:
    """Make all cells of a study, in the order of its rows, datasets and columns, without those with nothing to measure.

    Args:
        rows: method, num_features, seeds_of and experiments (the names of the experiment with each seed) of each
        datasets: their names
        columns: the metric and the group of each
        evaluations: (experiment, dataset) -> its evaluation; absent where it was not made

    Raises:
        DataError: no experiment with a codebook or another training, or fewer than two seeds, from which no deviation
            follows
    """
    if not rows:
        raise DataError(
            "no experiment of this table has a codebook, or a training in a study: no seed moves its numbers"
        )
    cells = []
    for row in rows:
        if len(row["experiments"]) < 2:
            raise DataError(f"{row['method']}: a study needs two seeds or more; add some to {_KEYS[row['seeds_of']]}")
        for dataset in datasets:
            for metric, group in columns:
                found = (evaluations.get((name, dataset), Evaluation(())) for name in row["experiments"])
                scores = [evaluation.score(metric, group) for evaluation in found]
                values = tuple(math.nan if score is None else score.value for score in scores)
                if not any(map(math.isnan, values)):
                    start = row["method"], row["num_features"], dataset, metric, group
                    cells.append(SeedCell(*start, row["seeds_of"], values))
    return cells


def write_seed_study(paths: Mapping[str, str | os.PathLike], cells: Sequence[SeedCell], title: str) -> None:
    """Write a study to ``paths['csv']`` and ``paths['markdown']``."""
    write_text(paths["csv"], render_csv(cells))
    write_text(paths["markdown"], render_markdown(cells, title))


def render_csv(cells: Sequence[SeedCell]) -> str:
    """Format one line per cell; means with two decimals, deviations with three."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_line(cell) for cell in cells)
    return text.getvalue()


def render_markdown(cells: Sequence[SeedCell], title: str) -> str:
    """Format the cells as a table, with the tolerance that covers all of them."""
    lines = [f"# {title}: seeds", "", f"{', '.join(_metrics(cells)).replace('mAP', 'mAP in percent')}.", ""]
    body = [["---"] * len(COLUMNS), *([str(value) for value in _line(cell)] for cell in cells)]
    lines += ["| " + " | ".join(line) + " |" for line in (COLUMNS, *body)]
    for seeds_of in dict.fromkeys(cell.seeds_of for cell in cells):
        lines += ["", *_tolerances([cell for cell in cells if cell.seeds_of == seeds_of], seeds_of)]
    return "\n".join(lines) + "\n"


def _tolerances(cells: Sequence[SeedCell], seeds_of: str) -> list[str]:
    """Say which tolerance covers all cells of a group, for each of mAP."""
    largest: dict[str, float] = {}
    for cell in cells:
        if cell.metric == MAIN:
            largest[cell.group] = max(largest.get(cell.group, 0.0), cell.tolerance)
    tolerances = ", ".join(f"{group} {math.ceil(100 * value) / 100:.2f}" for group, value in largest.items())
    return [
        f"Tolerance for config/published, by the seeds of each {seeds_of}: {tolerances}, the largest of these cells.",
        f"It is {DEVIATIONS:g} standard deviations of the difference of two runs, over {len(cells[0].values)} seeds.",
    ]


def _metrics(cells: Sequence[SeedCell]) -> list[str]:
    return list(dict.fromkeys(cell.metric for cell in cells)) or [MAIN]


def _line(cell: SeedCell) -> list[object]:
    group = cell.group if cell.metric == MAIN else f"{cell.metric} {cell.group}"
    return [
        cell.method, cell.num_features, cell.dataset, group, cell.seeds_of, len(cell.values), f"{cell.mean:.2f}",
        f"{cell.standard_deviation:.3f}", f"{cell.tolerance:.2f}", f"{min(cell.values):.2f}", f"{max(cell.values):.2f}",
    ]  # fmt: skip

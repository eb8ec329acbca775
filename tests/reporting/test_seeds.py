"""A seed study: means, deviations and the tolerance that follows."""

import csv
import io
import math

import numpy as np
import pytest

from reprise.evaluation.scores import Evaluation, Score
from reprise.reporting.seeds import render_csv, render_markdown, seed_cells
from reprise.storage.errors import DataError

ROWS = [{"method": "A", "num_features": 50, "seeds_of": "codebook", "experiments": ["a", "a.seed1", "a.seed2"]}]
VALUES = {"a": 70.0, "a.seed1": 71.0, "a.seed2": 73.0}
COLUMNS = [("mAP", "medium"), ("mAP", "hard")]


def evaluation(value):
    return Evaluation([Score("mAP", "medium", value, "%", True, 70), Score("mAP", "hard", math.nan, "%", True, 0)])


EVALUATIONS = {(name, "x"): evaluation(value) for name, value in VALUES.items()}


def test_mean_deviation_and_tolerance():
    (cell,) = seed_cells(ROWS, ["x"], COLUMNS, EVALUATIONS)
    assert cell.mean == pytest.approx(np.mean(list(VALUES.values())))
    assert cell.standard_deviation == pytest.approx(np.std(list(VALUES.values()), ddof=1))
    assert cell.tolerance == pytest.approx(3 * math.sqrt(2) * cell.standard_deviation)
    (line,) = csv.DictReader(io.StringIO(render_csv([cell])))
    assert line["seeds"] == "3" and line["mean"] == "71.33" and line["minimum"] == "70.00"
    assert "by the seeds of each codebook: medium 6.49, the largest" in render_markdown([cell], "T")


def test_the_tolerance_holds_what_it_promises():
    rng = np.random.default_rng(0)
    first, second = rng.normal(80, 0.5, (2, 20000))
    study = [{"method": "A", "num_features": 1, "seeds_of": "codebook", "experiments": [str(i) for i in range(2000)]}]
    drawn = {(str(i), "x"): evaluation(float(v)) for i, v in enumerate(first[:2000])}
    (cell,) = seed_cells(study, ["x"], COLUMNS[:1], drawn)
    assert 0.994 < np.mean(np.abs(first - second) <= cell.tolerance) < 0.9995


def test_experiments_without_codebooks_are_no_study():
    with pytest.raises(DataError, match="no experiment of this table has a codebook, or a training"):
        seed_cells([], ["x"], COLUMNS, {})


def test_one_seed_is_no_study():
    with pytest.raises(DataError, match="A: a study needs two seeds or more; add some to seed_study"):
        seed_cells([{**ROWS[0], "experiments": ["a"]}], ["x"], COLUMNS, EVALUATIONS)

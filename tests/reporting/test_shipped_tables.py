"""The shipped tables are printed as ever: byte for byte what was printed before tables took any metric."""

import json
import zlib

import pytest
from paths import ROOT

from reprise.evaluation.scores import Evaluation, Score
from reprise.reporting.cells import table_cells
from reprise.reporting.notes import table_notes
from reprise.reporting.seeds import seed_cells, write_seed_study
from reprise.reporting.tables import write_table

FOLDER = ROOT / "tests" / "data" / "tables"
INPUTS = json.loads((FOLDER / "inputs.json").read_text())


def number(*names):
    return zlib.crc32("/".join(names).encode())


def evaluation(experiment, dataset, protocols):
    """Any numbers, the same in every run."""
    scores = [
        Score("mAP", group, 40 + number(experiment, dataset, group) % 6000 / 101, "%", True,
              number(dataset, group) % 70 + 1)
        for group in protocols
    ]  # fmt: skip
    if "superglobal" not in experiment:
        scores.append(Score("index bytes", "all", number(experiment, dataset) % 10**8, "bytes", False, 5000))
    return Evaluation(scores)


@pytest.mark.parametrize("name", ["table2", "ames"])
def test_tables(tmp_path, name):
    inputs = INPUTS[name]
    evaluations = {
        (row["experiment"], dataset): evaluation(row["experiment"], dataset, inputs["protocols"])
        for row in inputs["rows"] for dataset in inputs["datasets"] if "+r1m" not in dataset
    }  # fmt: skip
    columns = [("mAP", group) for group in inputs["protocols"]]
    cells = table_cells(inputs["rows"], inputs["datasets"], columns, evaluations, inputs["published"], False)
    files = {"csv": "csv", "markdown": "md", "latex": "tex"}
    paths = {kind: tmp_path / f"{name}.{suffix}" for kind, suffix in files.items()}
    write_table(paths, cells, inputs["title"], table_notes(inputs["published"], False))
    for path in paths.values():
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), path.name


def test_seed_studies(tmp_path):
    inputs = INPUTS["seeds"]
    evaluations = {
        (name, dataset): evaluation(name, dataset, inputs["protocols"])
        for row in inputs["rows"] for name in row["experiments"] for dataset in inputs["datasets"]
    }  # fmt: skip
    columns = [("mAP", group) for group in inputs["protocols"]]
    paths = {"csv": tmp_path / "table2.seeds.csv", "markdown": tmp_path / "table2.seeds.md"}
    write_seed_study(paths, seed_cells(inputs["rows"], inputs["datasets"], columns, evaluations), inputs["title"])
    for path in paths.values():
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), path.name

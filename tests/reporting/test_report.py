"""The report of tables."""

import pytest

from reprise.evaluation.scores import Evaluation, Score
from reprise.reporting.cells import table_cells
from reprise.reporting.costs import machines, stage_costs
from reprise.reporting.report import table_content, write_report
from reprise.reporting.tables import write_table
from reprise.storage.errors import DataError


def job(rule, seconds, outputs, inputs=(), **wildcards):
    """A record."""
    states = {path: {"sha256": "", "bytes": size, "modified": 0} for path, size in outputs.items()}
    return {
        "rule": rule, "wildcards": wildcards, "seconds": seconds, "outputs": states,
        "inputs": dict.fromkeys(inputs, ""), "hardware": {"processor": "P", "cores": 2, "gpu": None},
    }  # fmt: skip


EXTRACTED = [job("extract", 10.0, {f"{n}.h5": 100}, chunk=str(n)) for n in (1, 2)]
SEARCHED = job("search", 3.0, {"r.h5": 7, "s.h5": 5}, ["1.h5", "2.h5"])
PROVENANCE = {
    **job("table", 0.5, {"t.csv": 1}, ["r.h5"]),
    "jobs": {"r.h5": SEARCHED, "s.h5": SEARCHED, "1.h5": EXTRACTED[0], "2.h5": EXTRACTED[1]},
    "downloads": {"images": {"name": "images", "bytes": 12}},
}


def test_costs_are_summed_by_stage_in_the_order_of_the_work():
    found = stage_costs(PROVENANCE)
    assert [(stage["stage"], stage["jobs"], stage["seconds"], stage["bytes"]) for stage in found] == [
        ("extract", 2, 20.0, 200), ("search", 1, 3.0, 12), ("table", 1, 0.5, 1),
    ]  # fmt: skip
    assert [stage["after"] for stage in found] == [[], ["extract"], ["search"]]
    assert machines(PROVENANCE) == ["P, 2 cores"]


def test_stages_that_take_turns_are_listed_once():
    jobs = {
        "a": job("search", 1.0, {"a": 1}), "b": job("rerank", 1.0, {"b": 1}, ["a"]),
        "c": job("expand", 1.0, {"c": 1}, ["b"]), "d": job("rerank", 1.0, {"d": 1}, ["c"], again="yes"),
    }  # fmt: skip
    found = stage_costs({**job("table", 1.0, {"t": 1}, ["d"]), "jobs": jobs})
    assert sorted(stage["stage"] for stage in found) == ["expand", "rerank", "search", "table"]
    assert next(stage["jobs"] for stage in found if stage["stage"] == "rerank") == 2


@pytest.fixture
def table(tmp_path):
    """A table of one method, whose one number is published and reproduced."""
    evaluation = Evaluation([Score("mAP", "easy", 61.234, "%", True, 70), Score("mAP", "hard", 20.0, "%", True, 70)])
    published = {"values": {"x": {"oxford": {"easy": 61.2}}}, "deviations": {"x": []}, "tolerance": {"map": 0.1}}
    rows = [{"experiment": "x", "method": "<b>X", "num_features": 1000}]
    cells = table_cells(
        rows, ["oxford"], [("mAP", "easy"), ("mAP", "hard")], {("x", "oxford"): evaluation}, published, False
    )
    paths = {kind: tmp_path / f"t.{end}" for kind, end in (("csv", "csv"), ("markdown", "md"), ("latex", "tex"))}
    write_table(paths, cells, "A <title>", ["a note & more"])
    return paths["csv"]


def test_a_table_is_shown_with_verdicts_chance_and_galleries(table, tmp_path):
    page = table.parent / "galleries" / "x" / "oxford.html"
    galleries = [{"method": "<b>X", "num_features": 1000, "dataset": "oxford", "page": str(page)}]
    content = table_content(table, PROVENANCE, {"oxford": {"easy": 5.0}}, galleries)
    assert content["title"] == "A <title>" and content["notes"] == ["a note & more"]
    first, second = content["cells"]
    assert (first["measured"], first["published"], first["features"]) == (61.23, 61.2, "1000")
    assert first["verdict"] == "reproduced"
    assert second["verdict"] == "published unknown" and second["published"] is None
    row = {"method": "<b>X", "column": "", "features": "1000", "dataset": "oxford"}
    assert content["galleries"] == [{**row, "address": "galleries/x/oxford.html"}]
    assert content["chance"] == {"oxford": {"easy": 5.0}}
    write_report(tmp_path / "report.html", "All", [content])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "A &lt;title&gt;" in text and "<b>X" not in text and "a note &amp; more" in text
    assert "20.0 s" in text and "12 B" in text


def test_curves_are_those_of_the_rows_that_a_table_shows(table, tmp_path):
    rows = [{"experiment": "x", "method": "<b>X", "num_features": 1000}]
    curves = {
        ("x", "oxford"): {"easy": [80.0, 42.0], "hard": [], "medium": [9.0, 1.0]},
        ("x", "paris"): {"easy": [1.0]},
    }
    content = table_content(table, PROVENANCE, {}, [], rows, curves=curves)
    line = {"name": "<b>X, n 1000", "map": 61.23, "values": [80.0, 42.0]}
    assert content["curves"] == [{"dataset": "oxford", "group": "easy", "lines": [line]}]
    write_report(tmp_path / "report.html", "All", [content])
    assert "<summary>Precision over recall</summary>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert table_content(table, PROVENANCE, {}, [], rows)["curves"] == []


def test_a_file_that_is_no_table_is_refused(table):
    table.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"t\.csv: is no table of this project"):
        table_content(table, PROVENANCE, {}, [])
    table.with_suffix(".md").write_text("nothing")
    with pytest.raises(DataError, match=r"t\.md: is no table"):
        table_content(table, PROVENANCE, {}, [])

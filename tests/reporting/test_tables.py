"""Verdicts, and tables in three formats."""

import csv
import io
import math

import pytest

from reprise.evaluation.scores import Evaluation, Score
from reprise.reporting.cells import table_cells, verdict
from reprise.reporting.notes import left_out_notes, table_notes
from reprise.reporting.tables import render_csv, render_latex, render_markdown

ROWS = [{"experiment": "how_r18_1000", "method": "R18_how & more", "num_features": 1000}]
PUBLISHED = {
    "citation": "A paper.",
    "tolerance": {"map": 0.7, "source": "a study"},
    "values": {"how_r18_1000": {"roxford5k": {"medium": 75.1}, "source": "README"}},
    "deviations": {"how_r18_1000": []},
}
EVALUATIONS = {
    ("how_r18_1000", "roxford5k"): Evaluation(
        [
            Score("mAP", "easy", 88.123, "%", True, 68),
            Score("mP@10", "easy", 90.5, "%", True, 68),
            Score("mAP", "medium", 75.449, "%", True, 70),
            Score("mAP", "hard", math.nan, "%", True, 0),
            Score("index bytes", "all", 47_000_000, "bytes", False, 4993),
            Score("index bytes per image", "all", 47_000_000 / 4993, "bytes", False, 4993),
        ],
        left_out={"easy": 2, "medium": 0},
    )
}


def cells(published=PUBLISHED, miniature=False, protocols=("easy", "medium", "hard")):
    columns = [("mAP", group) for group in protocols]
    return table_cells(ROWS, ["roxford5k"], columns, EVALUATIONS, published, miniature)


@pytest.mark.parametrize(
    "measured, published, comparable, expected",
    [
        (75.0, 75.7, True, "reproduced"),
        (75.0, 75.71, True, "differs"),
        (76.1, 75.1, True, "differs"),
        (75.0, None, True, "published unknown"),
        (75.0, 75.0, False, "not comparable"),
        (75.0, None, False, "not comparable"),
        (None, 75.0, True, "not measured"),
    ],
)
def test_verdicts(measured, published, comparable, expected):
    assert verdict(measured, published, 0.7, comparable) == expected


def test_csv_has_a_line_per_number():
    lines = list(csv.DictReader(io.StringIO(render_csv(cells()))))
    assert [line["verdict"] for line in lines] == ["published unknown", "reproduced", "not measured"]
    assert lines[0] == {
        "method": "R18_how & more", "n": "1000", "dataset": "roxford5k", "protocol": "easy", "measured": "88.12",
        "published": "", "difference": "", "tolerance": "", "verdict": "published unknown", "queries": "68",
        "index_bytes": "47000000",
    }  # fmt: skip
    assert (lines[1]["published"], lines[1]["difference"], lines[1]["tolerance"]) == ("75.10", "0.35", "0.70")
    assert lines[2]["measured"] == ""


def test_the_tolerance_may_differ_from_protocol_to_protocol():
    wide = {**PUBLISHED, "tolerance": {"map": {"easy": 0.1, "medium": 0.2}, "source": "a study"}}
    assert (cells(wide)[1].tolerance, cells(wide)[1].verdict) == (0.2, "differs")
    assert "Tolerance easy 0.1, medium 0.2: a study" in table_notes(wide, False)


def test_on_the_miniature_nothing_is_comparable():
    assert {cell.verdict for cell in cells(miniature=True, protocols=["easy", "medium"])} == {"not comparable"}


def test_other_settings_than_published_are_not_comparable_and_the_note_says_why():
    changed = {**PUBLISHED, "deviations": {"how_r18_1000": ["alpha 2.0 instead of 3.0"]}}
    assert cells(changed)[1].verdict == "not comparable"
    assert "how_r18_1000 is not comparable: alpha 2.0 instead of 3.0" in table_notes(changed, False)


def test_published_numbers_that_are_not_known_leave_an_empty_place_and_a_note():
    unknown = {"easy": None, "medium": None, "hard": None}
    published = {**PUBLISHED, "values": {"how_r18_1000": {"roxford5k": unknown}}, "tolerance": {"source": "none yet"}}
    line = list(csv.DictReader(io.StringIO(render_csv(cells(published)))))[1]
    assert (line["measured"], line["published"], line["tolerance"]) == ("75.45", "", "")
    assert line["verdict"] == "published unknown"
    notes = table_notes(published, False)
    assert "Published, but not known here, so that their place is empty: numbers of how_r18_1000" in notes
    assert "Tolerance: none yet" in notes
    assert not any("not known here" in note for note in table_notes(PUBLISHED, False))


def test_without_published_numbers_the_measured_ones_stand_alone():
    line = list(csv.DictReader(io.StringIO(render_csv(cells(None)))))[1]
    assert (line["measured"], line["published"], line["verdict"]) == ("75.45", "", "published unknown")


def test_markdown_and_latex_show_the_published_number_in_brackets():
    text = render_markdown(cells(), "Title", ["a note"])
    assert "| R18_how & more | 1000 | 88.12 | **75.45** (75.1) | not measured | 47.0 MB |" in text
    assert "- a note" in text
    text = render_latex(cells(), "Title")
    assert r"R18$_{\mathrm{how}}$ \& more & 1000 & 88.12 & \textbf{75.45} (75.1) & not measured & 47.0 MB \\" in text


def test_published_numbers_never_stand_in_for_measured_ones():
    only = table_cells(ROWS, ["roxford5k"], [("mAP", "medium")], {}, PUBLISHED, False)
    assert only[0].measured is None and only[0].verdict == "not measured"
    assert "not measured (75.1)" in render_markdown(only, "Title", [])


SIZES = [("mAP", "medium"), ("mP@10", "easy"), ("index bytes", "all")]


def test_a_table_of_any_metric_says_what_each_number_is():
    published = {
        **PUBLISHED,
        "tolerance": {"map": 0.7, "metrics": {"index bytes": 1e6}, "source": "a study"},
        "values": {"how_r18_1000": {"roxford5k": {"medium": 75.1, "index bytes": {"all": 46_500_000}}}},
    }
    found = table_cells(ROWS, ["roxford5k"], SIZES, EVALUATIONS, published, False)
    assert [cell.verdict for cell in found] == ["reproduced", "published unknown", "reproduced"]
    medium, precision, size = csv.DictReader(io.StringIO(render_csv(found)))
    assert (medium["metric"], medium["group"], medium["unit"], medium["measured"]) == ("mAP", "medium", "%", "75.45")
    assert (precision["metric"], precision["measured"], precision["count"]) == ("mP@10", "90.50", "68")
    assert (size["unit"], size["measured"], size["difference"], size["tolerance"]) == (
        "bytes", "47000000", "500000", "1000000",
    )  # fmt: skip
    text = render_markdown(found, "Title", [])
    assert "mAP in percent, mP@10 in percent, index bytes in bytes: measured (published)" in text
    assert "| method | n | roxford5k mAP medium | roxford5k mP@10 easy | roxford5k index bytes all |" in text
    assert "| 1000 | **75.45** (75.1) | 90.50 | **47000000** (4.65e+07) |" in text
    assert r"\textbf{75.45} (75.1) & 90.50 &" in render_latex(found, "Title")


def test_a_published_number_of_a_metric_without_a_tolerance_has_no_verdict():
    published = {**PUBLISHED, "values": {"how_r18_1000": {"roxford5k": {"index bytes": {"all": 47_000_000}}}}}
    (cell,) = table_cells(ROWS, ["roxford5k"], SIZES[2:], EVALUATIONS, published, False)
    assert cell.published == 47_000_000 and cell.verdict == "published unknown"


def test_queries_that_are_left_out_are_counted_under_the_table():
    columns = [("mAP", "easy"), ("mAP", "medium")]
    (note,) = left_out_notes(EVALUATIONS, ["roxford5k", "rparis6k"], columns)
    assert note == "roxford5k easy, queries without a positive, which are left out: 2"


def test_experiments_of_one_method_may_be_columns():
    rows = [
        {"experiment": "a_bow", "method": "A", "column": "BoW", "num_features": 0},
        {"experiment": "a_sv", "method": "A", "column": "BoW + SV", "num_features": 0},
        {"experiment": "b_sv", "method": "B", "column": "BoW + SV", "num_features": 0},
    ]
    evaluations = {
        (row["experiment"], "oxford5k"): Evaluation([Score("mAP", "classic", 50.0 + number, "%", True, 55)])
        for number, row in enumerate(rows)
    }
    published = {
        **PUBLISHED, "values": {"a_bow": {}, "a_sv": {"oxford5k": {"classic": 51.5}}, "b_sv": {}},
        "deviations": {row["experiment"]: [] for row in rows},
    }  # fmt: skip
    found = table_cells(rows, ["oxford5k"], [("mAP", "classic")], evaluations, published, False)
    lines = render_markdown(found, "Title", []).splitlines()[4:]
    assert lines == [
        "| method | BoW | BoW + SV |",
        "| --- | --- | --- |",
        "| A | 50.00 | **51.00** (51.5) |",
        "| B |  | 52.00 |",
        "",
    ]
    assert r"\begin{tabular}{lrr}" in render_latex(found, "Title")
    header, first, *_ = render_csv(found).splitlines()
    assert header.startswith("method,column,n,dataset,protocol,measured,")
    assert first.startswith("A,BoW,0,oxford5k,classic,50.00,")
    columns = [("mAP", "classic"), ("mP@1", "classic")]
    several = table_cells(rows, ["oxford5k", "paris6k"], columns, evaluations, None, False)
    header = render_markdown(several, "Title", []).splitlines()[4]
    assert header.startswith("| method | oxford5k BoW mAP | oxford5k BoW mP@1 | oxford5k BoW + SV mAP |")
    assert header.endswith("| paris6k BoW + SV mP@1 |")


def test_a_dataset_has_no_columns_of_protocols_that_only_another_dataset_has():
    evaluations = {
        **EVALUATIONS,
        ("how_r18_1000", "oxford5k"): Evaluation([Score("mAP", "classic", 90.0, "%", True, 55)]),
    }
    columns = [("mAP", group) for group in ("classic", "easy", "strange")]
    datasets = ["oxford5k", "roxford5k", "roxford5k+r1m"]
    found = table_cells(ROWS, datasets, columns, evaluations, None, False)
    # What no dataset has is shown, and so is all of a dataset that was not measured.
    assert [(cell.dataset, cell.group) for cell in found] == [
        ("oxford5k", "classic"), ("oxford5k", "strange"), ("roxford5k", "easy"), ("roxford5k", "strange"),
        ("roxford5k+r1m", "classic"), ("roxford5k+r1m", "easy"), ("roxford5k+r1m", "strange"),
    ]  # fmt: skip
    header = render_markdown(found[:4], "Title", []).splitlines()[4]
    assert header == (
        "| method | n | oxford5k classic | oxford5k strange | oxford5k index | roxford5k easy | roxford5k strange "
        "| roxford5k index |"
    )

"""Verdicts, and tables in three formats."""

import csv
import io

import pytest

from reprise.reporting.tables import (
    render_csv,
    render_latex,
    render_markdown,
    table_cells,
    table_notes,
    verdict,
)

ROWS = [{"experiment": "how_r18_1000", "method": "R18_how & more", "num_features": 1000}]
PUBLISHED = {
    "citation": "A paper.",
    "tolerance": {"map": 0.7, "source": "a study"},
    "values": {"how_r18_1000": {"roxford5k": {"medium": 75.1}, "source": "README"}},
    "deviations": {"how_r18_1000": []},
}
EVALUATIONS = {
    ("how_r18_1000", "roxford5k"): {
        "index_bytes": 47_000_000,
        "protocols": {
            "easy": {"map": 88.123, "queries": 68},
            "medium": {"map": 75.449, "queries": 70},
            "hard": {"map": None, "queries": 0},
        },
    }
}


def cells(published=PUBLISHED, miniature=False, protocols=("easy", "medium", "hard")):
    return table_cells(ROWS, ["roxford5k"], protocols, EVALUATIONS, published, miniature)


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


def test_on_the_miniature_nothing_is_comparable():
    assert {cell.verdict for cell in cells(miniature=True, protocols=["easy", "medium"])} == {"not comparable"}


def test_other_settings_than_published_are_not_comparable_and_the_note_says_why():
    changed = {**PUBLISHED, "deviations": {"how_r18_1000": ["alpha 2.0 instead of 3.0"]}}
    assert cells(changed)[1].verdict == "not comparable"
    assert "how_r18_1000 is not comparable: alpha 2.0 instead of 3.0" in table_notes(changed, False)


def test_without_published_numbers_the_measured_ones_stand_alone():
    line = list(csv.DictReader(io.StringIO(render_csv(cells(None)))))[1]
    assert (line["measured"], line["published"], line["verdict"]) == ("75.45", "", "published unknown")


def test_markdown_and_latex_show_the_published_number_in_brackets():
    text = render_markdown(cells(), "Title", ["a note"])
    assert "| R18_how & more | 1000 | 88.12 | **75.45** (75.1) | not measured | 47.0 MB |" in text
    assert "- a note" in text
    text = render_latex(cells(), "Title")
    assert r"R18\_how \& more & 1000 & 88.12 & \textbf{75.45} (75.1) & not measured & 47.0 MB \\" in text


def test_published_numbers_never_stand_in_for_measured_ones():
    only = table_cells(ROWS, ["roxford5k"], ["medium"], {}, PUBLISHED, False)
    assert only[0].measured is None and only[0].verdict == "not measured"
    assert "not measured (75.1)" in render_markdown(only, "Title", [])

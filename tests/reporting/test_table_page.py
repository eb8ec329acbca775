"""A table as a page without scripts."""

import re

from reprise.reporting.cells import Cell
from reprise.reporting.seeds import SeedCell, write_seed_study
from reprise.reporting.table_page import write_study_page, write_table_page
from reprise.reporting.tables import write_table


def cell(method="<b>X", dataset="oxford", metric="mAP", group="medium", **values):
    given = {
        "experiment": method, "method": method, "num_features": 1000, "dataset": dataset, "metric": metric,
        "group": group, "unit": "%", "measured": 61.234, "count": 70, "published": 61.2, "tolerance": 0.1,
        "verdict": "reproduced", "index_bytes": None,
    }  # fmt: skip
    return Cell(**{**given, **values})


def page(folder, cells, title, notes):
    """Write a table and its page."""
    ends = {"csv": "csv", "markdown": "md", "latex": "tex"}
    write_table({kind: folder / f"t.{end}" for kind, end in ends.items()}, cells, title, notes)
    write_table_page(folder / "t.html", folder / "t.csv")
    return folder / "t.html"


def rows(path):
    """The cells of each line of a page as text."""
    text = path.read_text(encoding="utf-8")
    lines = re.findall(r"<tr>(.*?)</tr>", text, re.S)
    return [
        [re.sub("<.*?>", "", each).strip() for each in re.findall(r"<t[hd].*?</t[hd]>", line, re.S)] for line in lines
    ]


def test_numbers_stand_in_their_lines_and_columns(tmp_path):
    cells = [
        cell(),
        cell(metric="mP@10", group="hard", measured=None, published=None, verdict="not measured"),
        cell(dataset="paris", measured=None, verdict="not measured", published=None),
        cell("Y", verdict="differs", measured=50.0),
        cell("Y", dataset="paris", verdict="published unknown", published=None),
        cell("Y", metric="mP@10", group="hard", measured=7.0, published=None, verdict="not comparable"),
    ]  # fmt: skip
    page(tmp_path, cells, "A <title>", ["a note & more"])
    assert rows(tmp_path / "t.html") == [
        ["", "oxford", "paris"],
        ["method", "n", "mAP medium", "mP@10 hard", "mAP medium"],
        ["&lt;b&gt;X", "1000", "61.23 (61.2)", "not measured", "not measured"],
        ["Y", "1000", "50.00 (61.2)", "7.00", "61.23"],
    ]
    text = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "A &lt;title&gt;" in text and "a note &amp; more" in text and "<script" not in text
    for kind in ("reproduced", "differs", "published-unknown", "not-comparable", "not-measured"):
        assert f'<td class="{kind}"' in text and f".{kind} {{" in text


def test_methods_with_columns_are_one_line(tmp_path):
    cells = [cell("M", column="net"), cell("M", column="other", experiment="N", num_features=5)]
    page(tmp_path, cells, "t", [])
    assert rows(tmp_path / "t.html")[1:] == [
        ["method", "n", "net medium", "other medium"],
        ["M", "", "61.23 (61.2)", "61.23 (61.2)"],
    ]
    assert "Notes" not in (tmp_path / "t.html").read_text(encoding="utf-8")


def test_a_study_of_seeds_is_shown_line_by_line(tmp_path):
    cells = [SeedCell("<b>X", 1000, "oxford", "mAP", "medium", "codebook", (60.0, 62.0))]
    write_seed_study({"csv": tmp_path / "t.seeds.csv", "markdown": tmp_path / "t.seeds.md"}, cells, "T")
    write_study_page(tmp_path / "t.html", tmp_path / "t.seeds.csv")
    head, line = rows(tmp_path / "t.html")
    assert len(head) == len(line) and line[:7] == ["&lt;b&gt;X", "1000", "oxford", "medium", "codebook", "2", "61.00"]
    text = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "<h1>T: seeds</h1>" in text and "<li>Tolerance for config/published" in text and "| " not in text

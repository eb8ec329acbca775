"""Galleries and the report are files of the workflow, made from what is there."""

import json
import re
import shutil

import pytest
from workspace import TARGET

pytestmark = pytest.mark.workflow
ONE = "results/galleries/how_tiny/landmarks.html"
BOTH = "results/galleries/how_tiny.vs.sift_tiny/landmarks.html"
ENLARGED = "results/galleries/sift_tiny/landmarks+passing.html"
REPORT = "results/report.html"


@pytest.fixture
def shown(space):
    """The finished workspace, whose report shows its one table; what is added is removed afterwards."""
    space.config["report"] = {"tables": ["tiny"]}
    space.write_config()
    yield space
    shutil.rmtree(space.folder / "results" / "galleries", ignore_errors=True)
    (space.folder / REPORT).unlink(missing_ok=True)


def content(space, page):
    text = (space.folder / page).read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.S)[1])


def test_galleries_and_report_are_made_from_what_is_there(shown):
    # Matches are drawn from the features of all parts of the database.
    assert shown.planned([BOTH]) == {"gallery": 1, "merge_features": 2}
    assert shown.planned([REPORT]) == {"gallery": 2, "table_page": 1, "report_page": 1, "merge_features": 2}
    shown.run(targets=[BOTH, REPORT])
    both = content(shown, BOTH)
    assert [method["name"] for method in both["methods"]] == ["how_tiny", "sift_tiny"]
    assert [query["name"] for query in both["queries"]] == [f"landmark{n}_0" for n in range(4)]
    assert both["queries"][0]["box"] == [8.0, 8.0, 180.0, 130.0]
    assert set(both["chance"]) == {"easy", "medium", "hard"}
    (table,) = content(shown, REPORT)
    # The curves of the report are those of the galleries, and have the mAP as their areas.
    figures = {figure["group"]: figure["lines"] for figure in table["curves"] if figure["dataset"] == "landmarks"}
    assert set(figures) == {"easy", "medium", "hard"} and {len(lines) for lines in figures.values()} == {2}
    for group, lines in figures.items():
        for line, method in zip(lines, both["methods"], strict=True):
            assert line["name"].startswith(method["name"]) and line["values"] == method["curves"][group]
            assert sum(line["values"]) / 50 == pytest.approx(line["map"], abs=0.01)
    addresses = {gallery["method"]: gallery["address"] for gallery in table["galleries"]}
    assert addresses["how_tiny"] == "galleries/how_tiny/landmarks.html"
    assert table["chance"]["landmarks"] == both["chance"]
    measured = {(cell["method"], cell["group"]): cell["measured"] for cell in table["cells"]}
    for method in both["methods"]:
        for group, value in method["scores"].items():
            assert measured[method["name"], group] == pytest.approx(value, abs=0.005)
    # Snakemake's own report shows the page of the table, with its settings in a line.
    shown.snakemake("--report", "snakemake.html", targets=[REPORT])
    text = (shown.folder / "snakemake.html").read_text(encoding="utf-8")
    assert '"results/tiny.html": {' in text and '"params": "recipe=code ' in text and "text/csv" not in text
    # Nothing is made twice, and what only galleries show makes only galleries anew.
    assert shown.planned([BOTH, REPORT]) == {}
    shown.config["gallery"] = {"topk": 3}
    shown.write_config()
    assert shown.planned([TARGET]) == {}
    assert shown.planned([BOTH]) == {"gallery": 1}
    # Without galleries, a report takes what its tables were made of: curves need no other stage.
    shown.config["report"] = {"tables": ["tiny"], "galleries": []}
    shown.write_config()
    assert shown.planned([REPORT]) == {"report_page": 1}


def test_matches_explain_the_scores_of_the_ranking(shown):
    shown.run(targets=[BOTH])
    found = content(shown, BOTH)
    assert found["drawn"]["kinds"] == ["words", "words"]
    explained = 0
    for row, query in enumerate(found["queries"]):
        text = (shown.folder / BOTH).with_suffix("").joinpath(f"m{row}.js").read_text()
        drawn = json.loads(text.removeprefix(f"addMatches({row},").removesuffix(");\n"))
        for method, matches in zip(query["found"], drawn, strict=True):
            for image, score, _ in method["lists"]["all"][:10]:
                assert matches[str(image)]["score"] == pytest.approx(score, rel=1e-3)
                explained += bool(matches[str(image)]["lines"])
    assert explained > 40


def test_distractors_are_shown_where_they_are_found(shown):
    shown.run(targets=[ENLARGED])
    found = content(shown, ENLARGED)
    levels = [level for query in found["queries"] for _, _, level in query["found"][0]["lists"]["all"]]
    assert len(levels) == 4 * 5 and "wrong" in levels  # the lists are cut at 5
    assert found["methods"][0]["searched"] == 16


def test_unknown_experiments_have_no_gallery(shown):
    output = shown.snakemake("-n", targets=["results/galleries/how_tiny.vs.nothing/landmarks.html"], check=False)
    assert "MissingRuleException" in output

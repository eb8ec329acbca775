"""Tables in LaTeX: heads over several columns, names as a paper sets them, and nothing that becomes a command."""

import re

import pytest

from reprise.evaluation.scores import Evaluation, Score
from reprise.reporting.cells import table_cells
from reprise.reporting.latex import latex_dataset, latex_method, latex_text, render_tabular
from reprise.reporting.tables import render_latex, render_markdown

GROUPS = ("easy", "medium", "hard")


def cells(*datasets, published=None, sizes=True):
    scores = [Score("mAP", group, 70.0, "%", True, 5) for group in GROUPS]
    scores += [Score("index bytes", "all", 1e6, "bytes", False, 5)] if sizes else []
    evaluations = {("how", dataset): Evaluation(scores) for dataset in datasets}
    rows = [{"experiment": "how", "method": "R18_how + ASMK*", "num_features": 1000}]
    return table_cells(rows, datasets, [("mAP", group) for group in GROUPS], evaluations, published, False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("R18_how + ASMK*", r"R18$_{\mathrm{how}}$ + ASMK$^{\star}$"),
        ("-R50_how + ASMK*", r"$^{-}$R50$_{\mathrm{how}}$ + ASMK$^{\star}$"),
        ("HardNet++ (trained on HPatches, too)", "HardNet++ (trained on HPatches, too)"),
        ("L2-Net+, 50% & _more", r"L2-Net+, 50\% \& \_more"),
        (r"\input{x} $1$ ~^", r"\textbackslash{}input\{x\} \$1\$ \textasciitilde{}\textasciicircum{}"),
    ],
)
def test_names_of_methods(name, expected):
    assert latex_method(name) == expected


def test_names_of_datasets():
    assert latex_dataset("roxford5k+r1m") == r"$\mathcal{R}$Oxford + $\mathcal{R}$1M"
    assert latex_dataset("my_photos") == r"my\_photos" and latex_text("a_b") == r"a\_b"


@pytest.mark.parametrize(("datasets", "sizes"), [(("roxford5k",), True), (("a", "b"), True), (("a", "b"), False)])
def test_all_rows_have_as_many_cells_as_there_are_columns(datasets, sizes):
    text = render_latex(cells(*datasets, sizes=sizes), "Title")
    columns = len(re.search(r"\\begin\{tabular\}\{(\w+)\}", text)[1])
    assert columns == 2 + len(datasets) * (3 + sizes)  # the memory of the index is no column where it is not known
    for line in text.splitlines():
        if line.endswith(r"\\"):
            spans = [int(span) for span in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            assert line.count(" & ") + 1 + sum(spans) - len(spans) == columns, line
    assert [int(n) for pair in re.findall(r"cmidrule\(lr\)\{(\d+)-(\d+)\}", text) for n in pair][-1] == columns
    rules = [text.index(rf"\{rule}rule") for rule in ("top", "cmid", "mid", "bottom")]
    assert rules == sorted(rules) and text.count("{") == text.count("}")


def test_a_label_that_stands_alone_has_no_head_above():
    text = render_tabular([["method"], ["BoW"]], [["SIFT", "1"]], "a\nb")
    assert r"method & BoW \\" in text and "multicolumn" not in text and text.startswith("% a b\n")


def test_published_numbers_are_spoken_of_only_where_there_are_some():
    published = {"values": {"how": {"a": {"hard": 69.9}}}, "tolerance": {"map": 0.5}, "deviations": {"how": []}}
    for render in (render_latex, lambda found, title: render_markdown(found, title, [])):
        assert "(published)" not in render(cells("a"), "Title") and "Bold" not in render(cells("a"), "Title")
        assert "(published). Bold: reproduced." in render(cells("a", published=published), "Title")

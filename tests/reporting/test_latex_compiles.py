"""Every table of the project, and every name that one can give, is set by pdfLaTeX without an error, on its page."""

import re
import shutil
import subprocess
import zlib

import pytest
from shipped import published, read, shipped_config

from reprise.evaluation.scores import Evaluation, Score
from reprise.pipeline.seeds import with_seed_study
from reprise.pipeline.tables import published_numbers, table_columns, table_rows, trained_on
from reprise.reporting.cells import table_cells
from reprise.reporting.latex import render_tabular
from reprise.reporting.tables import render_latex

# Paper of A4 across, with narrow margins and columns, in small print.
PAGE = r"""\documentclass[a4paper]{article}
\usepackage{booktabs}
\pdfpagewidth=297mm \pdfpageheight=210mm \textwidth=277mm \textheight=180mm \hoffset=-35mm \voffset=-35mm
\begin{document}
\scriptsize \tabcolsep=3pt
%s
\end{document}
"""
NAMES = [
    r"\input{x} $1$ ~^", "[ours] 50% & more", "<script>\"'`?`</script>", "a--b | c---d",
    "Ångström, ß, Łódź – “…” 5 € ± 1", "my_super_method*", "-R50_how #1 {x}", "*", "[", "%", "_", "2 ≤ 3 × 1",
]  # fmt: skip
METRICS = [
    ("mAP", "hard"),
    ("localized within 0.25 m, 2 deg", "day & night"),
    ("search time", "all"),
    ("P_k@[5]", "all"),
]


def number(*names):
    return 10 + zlib.crc32("/".join(names).encode()) % 8900 / 100


def cells_of(config, name):
    """The cells of a configured table, with any numbers."""
    entry, rows = config["tables"][name], table_rows(config, name)
    columns = table_columns(entry)
    evaluations = {
        (row["experiment"], dataset): Evaluation([
            *(Score(*column, number(row["experiment"], dataset, *column), "%", True, 70) for column in columns),
            Score("index bytes", "all", 1.5e9, "bytes", False, 70),
        ])
        for row in rows for dataset in entry["datasets"] if not trained_on(config, row["experiment"], dataset)
    }  # fmt: skip
    return table_cells(
        rows, entry["datasets"], columns, evaluations, published_numbers(config, published(), name), False
    )


def named(names, columns):
    """A table of methods and datasets of such names."""
    rows = [{"experiment": name, "method": name, "num_features": 5} for name in names]
    scores = [Score(*column, 70.0, "%", True, 5) for column in columns]
    evaluations = {(method, dataset): Evaluation(scores) for method in names for dataset in names}
    return table_cells(rows, names, columns, evaluations, None, False)


@pytest.fixture(scope="module")
def tables():
    """The tables of the project, and two whose names have all characters that mean something to LaTeX."""
    config = with_seed_study(read(shipped_config()))
    found = {name: render_latex(cells_of(config, name), entry["title"]) for name, entry in config["tables"].items()}
    for number_of, columns in (("one", METRICS[:1]), ("many", METRICS)):
        found[f"names of {number_of}"] = render_latex(named(NAMES, columns), NAMES[0])
    return found


def test_tables_are_set_without_an_error_and_no_wider_than_a_page(tables, tmp_path):
    if not shutil.which("pdflatex"):
        pytest.skip("no pdflatex; install Debian's texlive-latex-recommended")
    assert len(tables) > 20
    body = "\n".join(rf"\noindent {text}\clearpage" for text in tables.values())
    (tmp_path / "tables.tex").write_text(PAGE % body)
    command = ["pdflatex", "-interaction=nonstopmode", "-no-shell-escape", "tables.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    wrong = re.findall(r"^(?:! .*|Overfull .*|Missing character.*|LaTeX Warning: (?!Label).*)$", result.stdout, re.M)
    assert result.returncode == 0 and not wrong, (wrong, result.stdout[-2000:])


def test_a_wide_table_comes_in_parts_which_have_all_its_columns(tables):
    parts = tables["hpatches_splits"].split(r"\begin{tabular}")[1:]
    assert len(parts) > 3 and f"% in {len(parts)} parts" in tables["hpatches_splits"]
    assert sum(part.index("}") - len("{l") for part in parts) == 3 * 36
    assert {part.count("\n+SIFT, ZCA and power law & ") for part in parts} == {1}
    assert tables["table2"].count(r"\begin{tabular}") == 1


def test_a_wide_table_whose_columns_share_no_label_comes_in_parts_too():
    head = [["method"], *([f"step {number} of a long pipeline"] for number in range(40))]
    text = render_tabular(head, [["a", *["12.34 (56.7)"] * 40], ["b", *[""] * 40]], "Steps")
    assert text.count("12.34 (56.7)") == 40 and text.count(r"\begin{tabular}") == text.count("\nb & ") > 3
    assert render_tabular([["method"], ["x"]], [], "No rows").count(r"\begin{tabular}") == 1


def test_what_pdflatex_has_no_characters_for_is_named():
    assert "% of LuaLaTeX or XeLaTeX, with a font that has: 写 照\n" in render_latex(named(["照写"], METRICS[:1]), "x")
    assert "LuaLaTeX" not in render_latex(named(NAMES, METRICS[:1]), "x")

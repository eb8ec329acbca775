"""Tables in LaTeX: rules of the package booktabs, heads over several columns, and names as a paper sets them."""

import itertools
import re
import textwrap
from collections.abc import Iterable, Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "[": "{[}", "|": r"\textbar{}", "±": r"$\pm$", "×": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$",
}  # fmt: skip
# Parts of the names of methods: a subscript (R50_how), a star (ASMK*), a minus in front (-R50, a shortened R50).
_PARTS = re.compile(r"(?<=\w)_(?P<subscript>[A-Za-z0-9]+)|(?P<star>\*)|(?P<minus>(?:^|(?<= ))-(?=[A-Za-z]))")
# Sets of images as the papers write them; others keep their names.
_DATASETS = {"roxford5k": r"$\mathcal{R}$Oxford", "rparis6k": r"$\mathcal{R}$Paris", "revisitop1m": r"$\mathcal{R}$1M"}
_ENLARGED = {"r1m": r"$\mathcal{R}$1M"}
# A table that is no wider, in characters, fits a page across, in small print; a part of a wider one, a page.
_PAGE, _PART, _BETWEEN, _LEAST = 240, 130, 2.4, 12
# What the fonts of pdfLaTeX lack: all but Latin and what is common between words.
_UNKNOWN = re.compile(r"[^\t\n -~\u00a0-\u017f\u2010-\u2026\u20ac±×≤≥]")
_COMMAND = re.compile(r"\\[A-Za-z]+(?:\{\})?|[${}^\\]")
_BREAK = r"\\"


def latex_text(text: str) -> str:
    """Escape a text, so that no name of the configuration becomes a command."""
    escaped = "".join(_SPECIAL.get(character, character) for character in text)
    return re.sub("-(?=-)", "-{}", escaped)  # no dash of two hyphens


def latex_method(name: str) -> str:
    r"""Set the name of a method, with its mathematics: 'R50_how + ASMK*' as R50$_{\mathrm{how}}$ + ASMK$^{\star}$."""
    parts, end = [], 0
    for found in _PARTS.finditer(name):
        parts.append(latex_text(name[end : found.start()]))
        parts.append(
            rf"$_{{\mathrm{{{found['subscript']}}}}}$" if found["subscript"] else
            r"$^{\star}$" if found["star"] else r"$^{-}$"
        )  # fmt: skip
        end = found.end()
    return "".join([*parts, latex_text(name[end:])])


def latex_dataset(name: str) -> str:
    """Set the name of a dataset; of one that is searched together with another, both."""
    base, _, others = name.partition("+")
    text = _DATASETS.get(base, latex_text(base))
    return f"{text} + {_ENLARGED.get(others, latex_text(others))}" if others else text


def render_tabular(head: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], first: str) -> str:
    """Format a ``tabular``, or one for each part of a table that is too wide for a page.

    Args:
        head: of each column its label, in parts of which neighbours share the first; the first column names the row
        rows: the cells of each row, in LaTeX; columns that are empty in all rows are left out
        first: a comment, in the first line

    Returns:
        the text, which needs the package booktabs
    """
    kept = [index for index, label in enumerate(head) if len(label) < 2 or any(row[index] for row in rows)]
    labels = [tuple(head[index]) for index in kept]
    body = [[row[index] for index in kept] for row in rows]
    parts = _parts(labels, _widths(body, len(labels)))
    lines = [f"% {' '.join(first.split())}", r"% \usepackage{booktabs}"]
    if len(parts) > 1:
        lines.append(f"% in {len(parts)} parts, each of them a tabular that a page is wide enough for")
    text = "\n".join([first, *(cell for row in body for cell in row), *(part for label in labels for part in label)])
    if unknown := sorted(set(_UNKNOWN.findall(text))):
        lines.append(f"% of LuaLaTeX or XeLaTeX, with a font that has: {' '.join(unknown)}")
    tables = [
        "\n".join(_tabular([labels[i] for i in part], [[row[i] for i in part] for row in body])) for part in parts
    ]
    return "\n".join([*lines, "\n\n\\medskip\\noindent\n".join(tables)]) + "\n"


def _tabular(labels: Sequence[tuple[str, ...]], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [r"\begin{tabular}{l" + "r" * (len(labels) - 1) + "}", r"\toprule", *_head(labels, rows), r"\midrule"]
    return [*lines, *map(_row, rows), r"\bottomrule", r"\end{tabular}"]


def _parts(labels: Sequence[tuple[str, ...]], widths: Sequence[int]) -> list[list[int]]:
    """Divide columns into parts that a page is wide enough for; those that differ in the last place stay together.

    Args:
        labels: of each column
        widths: the characters of the widest cell of each column

    Returns:
        the columns of each part; those that name the rows are in each
    """
    names = [index for index, label in enumerate(labels) if index == 0 or label == ("n",)]
    others = [index for index in range(len(labels)) if index not in names]

    def wide(columns: Iterable[int]) -> float:
        return sum(_BETWEEN + max(widths[i], min(_width(labels[i][-1]), _LEAST)) for i in columns)

    if wide(range(len(labels))) <= _PAGE:
        return [list(range(len(labels)))]
    parts = [names]
    for _, group in itertools.groupby(others, lambda index: labels[index][:-1] or index):
        together = list(group)
        if parts[-1] == names or wide([*parts[-1], *together]) <= _PART:
            parts[-1] = [*parts[-1], *together]
        else:
            parts.append([*names, *together])
    return parts


def _head(labels: Sequence[tuple[str, ...]], rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows of the head: as many as the parts of the longest label, with rules below those that columns share."""
    rooms = _widths(rows, len(labels))
    upper = [line for level in range(max(map(len, labels)) - 1) for line in _above(labels, rooms, level)]
    return [*upper, _row(_broken(label[-1], room) for label, room in zip(labels, rooms, strict=True))]


def _above(labels: Sequence[tuple[str, ...]], rooms: Sequence[int], level: int) -> list[str]:
    """A row of the head, with one of the parts of labels that neighbours share, and the rules below it."""
    cells, rules, column = [], [], 1
    # A column that has nothing there is alone.
    keys = [label[: level + 1] if level < len(label) - 1 else index for index, label in enumerate(labels)]
    for shared, group in itertools.groupby(range(len(labels)), keys.__getitem__):
        columns = list(group)
        if isinstance(shared, tuple):
            room = int(sum(_BETWEEN + rooms[index] for index in columns))
            cells.append(rf"\multicolumn{{{len(columns)}}}{{c}}{{{_broken(shared[-1], room)}}}")
            rules.append(rf"\cmidrule(lr){{{column}-{column + len(columns) - 1}}}")
        else:
            cells.append("")
        column += len(columns)
    return [_row(cells), " ".join(rules)]


def _broken(text: str, room: int) -> str:
    """Set a label in several lines where it is wider than its columns."""
    lines = textwrap.wrap(text, max(room, _LEAST), break_long_words=False, break_on_hyphens=False)
    return text if _width(text) <= room or len(lines) < 2 else rf"\shortstack{{{_BREAK.join(lines)}}}"


def _widths(rows: Sequence[Sequence[str]], columns: int) -> list[int]:
    """The characters of the widest cell of each column."""
    return [max((_width(row[index]) for row in rows), default=0) for index in range(columns)]


def _width(text: str) -> int:
    """The characters that are printed, more or less."""
    return len(_COMMAND.sub("", text))


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"

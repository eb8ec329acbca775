"""Tables in LaTeX: rules of the package booktabs, heads over several columns, and names as a paper sets them."""

import itertools
import re
from collections.abc import Iterable, Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "±": r"$\pm$", "×": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$",
}  # fmt: skip
# Parts of the names of methods: a subscript (R50_how), a star (ASMK*), a minus in front (-R50, a shortened R50).
_PARTS = re.compile(r"(?<=\w)_(?P<subscript>[A-Za-z0-9]+)|(?P<star>\*)|(?P<minus>(?:^|(?<= ))-(?=[A-Za-z]))")
# Sets of images as the papers write them; others keep their names.
_DATASETS = {"roxford5k": r"$\mathcal{R}$Oxford", "rparis6k": r"$\mathcal{R}$Paris", "revisitop1m": r"$\mathcal{R}$1M"}
_ENLARGED = {"r1m": r"$\mathcal{R}$1M"}


def latex_text(text: str) -> str:
    """Escape a text, so that no name of the configuration becomes a command."""
    return "".join(_SPECIAL.get(character, character) for character in text)


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
    """Format a ``tabular``.

    Args:
        head: of each column its label, or the label that it shares with its neighbours and then its own
        rows: the cells of each row, in LaTeX; columns that are empty in all rows are left out
        first: a comment, in the first line

    Returns:
        the text, which needs the package booktabs
    """
    kept = [index for index, label in enumerate(head) if len(label) < 2 or any(row[index] for row in rows)]
    labels = [tuple(head[index]) for index in kept]
    lines = [f"% {' '.join(first.split())}", r"% \usepackage{booktabs}"]
    lines += [r"\begin{tabular}{l" + "r" * (len(labels) - 1) + "}", r"\toprule", *_head(labels), r"\midrule"]
    lines += [_row(row[index] for index in kept) for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _head(labels: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows of the head: one, or two where columns share a label."""
    if all(len(label) == 1 for label in labels):
        return [_row(label[0] for label in labels)]
    upper, rules, column = [], [], 1
    for (shared, _), group in itertools.groupby(enumerate(labels), lambda item: _shared(*item)):
        width = len(list(group))
        if isinstance(shared, str):
            upper.append(rf"\multicolumn{{{width}}}{{c}}{{{shared}}}")
            rules.append(rf"\cmidrule(lr){{{column}-{column + width - 1}}}")
        else:
            upper.append("")
        column += width
    return [_row(upper), " ".join(rules), _row(" ".join(label[1:] or label) for label in labels)]


def _shared(index: int, label: tuple[str, ...]) -> tuple[str | None, int]:
    """What neighbours have in common; a column without a shared label is alone."""
    return (label[0], -1) if len(label) > 1 else (None, index)


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"

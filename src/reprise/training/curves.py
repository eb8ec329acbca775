"""What happened in every epoch of a training: a CSV file and a figure."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

from reprise.storage.atomic import atomic_path, write_text

Row = dict[str, float | int | None]
Rows = Sequence[Mapping[str, float | int | None]]
Panel = tuple[str, Sequence[str]]


def write_csv(path: str | os.PathLike, rows: Rows, columns: Sequence[str] = ()) -> None:
    """Write one line per epoch.

    Args:
        path: the CSV file
        rows: one per epoch; a value of None is an empty cell
        columns: come first, whether there are rows or not, and other keys of ``rows`` after them
    """
    columns = list(dict.fromkeys([*columns, *(key for row in rows for key in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def draw_figure(path: str | os.PathLike, rows: Rows, panels: Sequence[Panel], title: str) -> None:
    """Draw the columns of each panel over the column ``epoch`` as SVG; equal rows give equal bytes.

    Args:
        path: the SVG file
        rows: one per epoch
        panels: label of the axis, and columns; columns without a value in any row are left out, and panels without
            columns
        title: stands above all
    """
    # Imported here because only the last step of a training needs it, and it is slow to import.
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    drawn = [(label, [c for c in columns if any(row.get(c) is not None for row in rows)]) for label, columns in panels]
    drawn = [(label, columns) for label, columns in drawn if columns]
    settings: Any = {"svg.hashsalt": "reprise", "svg.fonttype": "none", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings), atomic_path(path) as temporary:
        figure = Figure(figsize=(4.0 * max(len(drawn), 1), 3.0), layout="constrained")
        FigureCanvasSVG(figure)
        figure.suptitle(title)
        for axis, (label, columns) in zip(
            figure.subplots(1, max(len(drawn), 1), squeeze=False)[0], drawn, strict=False
        ):
            for column in columns:
                points = [(row["epoch"], row[column]) for row in rows if row.get(column) is not None]
                axis.plot(*zip(*points, strict=True), marker="o", markersize=3, label=column.replace("_", " "))
            axis.set_xlabel("epoch")
            axis.set_ylabel(label)
            axis.xaxis.get_major_locator().set_params(integer=True)
            axis.legend()
        figure.savefig(temporary, format="svg", metadata={"Date": None})

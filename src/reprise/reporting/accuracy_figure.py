"""The figure of the matching accuracy over the distance up to which a match is right, as a PDF."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from reprise.evaluation.scores import Evaluation
from reprise.reporting.matching import ACCURACIES
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError

_PANELS = {"average": "overall", "i": "illumination", "v": "viewpoint"}
_MARKERS = "os^vD<>p*h"


def draw_accuracies(path: str | os.PathLike, lines: Sequence[tuple[str, Evaluation]]) -> None:
    """Draw ``MMA@1`` to ``MMA@10``, overall and of both kinds of changes; equal lines give equal bytes.

    Args:
        path: the PDF
        lines: the label of each line, and its evaluation

    Raises:
        DataError: an evaluation without these scores
    """
    # Imported here because nothing else of a table needs it, and it is slow to import.
    import matplotlib
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    settings: Any = {"pdf.fonttype": 42, "font.family": "sans-serif"}
    with matplotlib.rc_context(settings), atomic_path(path) as temporary:
        figure = Figure(figsize=(4.0 * len(_PANELS), 3.6), layout="constrained")
        FigureCanvasPdf(figure)
        axes = figure.subplots(1, len(_PANELS), sharey=True)
        for axis, (group, title) in zip(axes, _PANELS.items(), strict=True):
            for number, (label, evaluation) in enumerate(lines):
                values = _accuracies(evaluation, group, label)
                axis.plot(ACCURACIES, values, marker=_MARKERS[number % len(_MARKERS)], markersize=3.5, label=label)
            axis.set(title=title, xlabel="distance in pixels", xticks=ACCURACIES, xlim=(0.8, 10.2), ylim=(0, 100))
            axis.grid(alpha=0.3)
        axes[0].set_ylabel("matching accuracy (MMA) in percent")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        metadata: Mapping[str, Any] = {"CreationDate": None, "Producer": None, "Creator": "reprise"}
        figure.savefig(temporary, format="pdf", metadata=dict(metadata))


def _accuracies(evaluation: Evaluation, group: str, label: str) -> list[float]:
    scores = [evaluation.score(f"MMA@{limit}", group) for limit in ACCURACIES]
    if None in scores:
        raise DataError(f"{label}: its evaluation has no matching accuracy; delete it and run again")
    return [score.value for score in scores if score is not None]

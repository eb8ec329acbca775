"""What happened in every epoch of the trainings behind a table, from the files that its provenance names."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reprise.storage.hashes import sha256_file

Content = dict[str, Any]
_FILE = "history.csv"
#: Titles of plots, and how the names of their columns end.
_PANELS = {"loss": ("loss", "cross_entropy", "distillation"), "accuracy": ("accuracy",)}
_SCORES = "validation"
_NOT_DRAWN = frozenset({"epoch", "seconds", "learning_rate", "points", "skipped_batches", "avg_neg_dist"})


def training_curves(provenance: Mapping[str, Any]) -> list[Content]:
    """Collect the curves of the trainings behind a table.

    Args:
        provenance: the content of its provenance

    Returns:
        of each training with at least one epoch: ``training``, its name, ``changed``, whether its file is not there any
        more or is that of another training, and ``panels``: ``title`` and ``lines`` of a plot, column -> [[epoch,
        value], ...]
    """
    found: dict[str, Content] = {}
    for job in provenance.get("jobs", {}).values():
        training = job["wildcards"].get("training", "")
        path = next((path for path in job["outputs"] if Path(path).name == _FILE), None)
        if path is None or training in found:
            continue
        current = Path(path).is_file() and sha256_file(path) == job["outputs"][path]["sha256"]
        panels = _panels(Path(path)) if current else []
        if panels or not current:
            found[training] = {"training": training, "changed": not current, "panels": panels}
    return [found[training] for training in sorted(found)]


def _panels(path: Path) -> list[Content]:
    """The plots of a file of epochs; none where there is no epoch."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    panels: dict[str, dict[str, Sequence[Sequence[float]]]] = {}
    for column in rows[0] if rows else ():
        points = [[float(row["epoch"]), float(row[column])] for row in rows if row[column]]
        if points and column not in _NOT_DRAWN:
            title = next((title for title, ends in _PANELS.items() if column.endswith(ends)), _SCORES)
            panels.setdefault(title, {})[column.replace("_", " ")] = points
    return [{"title": title, "lines": lines} for title, lines in panels.items()]

"""Tables as they were written, read again for pages."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.storage.errors import DataError

Content = dict[str, Any]
_NUMBERS = ("measured", "published", "difference", "tolerance")


def read_table(table: str | os.PathLike) -> Content:
    """Read a table.

    Args:
        table: its CSV file, beside its Markdown

    Returns:
        ``title``; ``notes``, sentences; ``cells``, values of JSON by method, column, features, dataset, metric, group,
        unit, verdict, bytes, measured, published, difference and tolerance

    Raises:
        DataError: files that are none of a table
    """
    path = Path(table)
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    title, notes = _title_and_notes(path.with_suffix(".md"))
    return {"title": title, "notes": notes, "cells": [_cell(line, path) for line in lines]}


def features_shown(count: int | str) -> str:
    """A number of features as it is shown: nothing where all are used."""
    return str(count) if int(count) else ""


def _title_and_notes(path: Path) -> tuple[str, list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].startswith("# "):
        raise DataError(f"{path}: is no table; delete it and run again")
    return lines[0][2:], [line[2:] for line in lines if line.startswith("- ")]


def _cell(line: Mapping[str, str], path: Path) -> Content:
    """A line of the CSV file: texts, and numbers where there are any; a table of mAP alone names only the protocol."""
    try:
        return {
            "method": line["method"],
            "column": line.get("column", ""),
            "features": features_shown(line["n"]),
            "dataset": line["dataset"],
            "metric": line.get("metric", "mAP"),
            "group": line["protocol"] if "protocol" in line else line["group"],
            "unit": line.get("unit", "%"),
            "verdict": line["verdict"],
            "bytes": int(line["index_bytes"]) if line.get("index_bytes") else None,
            **{key: float(line[key]) if line[key] else None for key in _NUMBERS},
        }
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: is no table of this project ({error}); delete it and run again") from error

"""A plain list of images: one relative path per line."""

from pathlib import Path

from reprise.datasets.images import Dataset, ImageList, check_names
from reprise.storage.errors import DataError


def read_list(images: Path, names: Path) -> Dataset:
    """Read the lines of ``names``, paths below the folder ``images`` with their extension; empty lines are skipped."""
    lines = [line.strip() for line in names.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise DataError(f"{names}: no image is listed; expected one path per line, relative to {images}")
    check_names(lines, str(names))
    return Dataset(ImageList(lines, [images / line for line in lines]))

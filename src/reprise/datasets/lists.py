"""A plain list of images: one relative path per line."""

from pathlib import Path

from reprise.datasets.images import Dataset, ImageList, check_names
from reprise.storage.errors import DataError


def read_list(images: Path, names: Path) -> Dataset:
    """Read the lines of ``names``, paths below the folder ``images`` with their extension; empty lines are skipped."""
    if not names.is_file():
        raise DataError(f"{names}: there is no such list; write one path per line, relative to {images}")
    try:
        lines = names.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{names}: is not text in UTF-8 ({error}); convert it") from error
    lines = [line.strip() for line in lines if line.strip()]
    check_names(lines, str(names))
    return Dataset(ImageList(lines, [images / line for line in lines]))

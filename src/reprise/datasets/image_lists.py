"""Text lists of AMES: one image per line, ``path,label,width,height`` or ``path,width,height``.

Published for GLDv2 and for the revisited benchmarks. The sizes are those of whole images, also for queries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.datasets.images import ImageList, check_names
from reprise.datasets.text import read_lines
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class LabelledList:
    """Images, and their labels where the list has some.

    Attributes:
        images: N images, whose names are the paths of the list
        labels: (N,) int64, such as landmark ids; None where the list has none
    """

    images: ImageList
    labels: np.ndarray | None


def read_image_list(path: Path, folders: Path | Mapping[str, Path]) -> LabelledList:
    """Read a list of images.

    Args:
        path: the list
        folders: the folder that its paths start from, or one per first component of the paths (such as ``train``),
            which then replaces that component

    Raises:
        DataError: a line of another form than the first one, a repeated path or one that leads out of the folder, or a
            first component without a folder
    """
    lines = read_lines(path, "expected a line path,label,width,height per image")
    rows = [line.split(",") for line in lines]
    width = len(rows[0]) if rows else 0
    if width not in (3, 4):
        raise DataError(f"{path}: line 1 has {width} fields, expected path,label,width,height or path,width,height")
    numbers = np.empty((len(rows), width - 1), np.int64)
    for place, row in enumerate(rows):
        fields = [field.strip() for field in row[1:]]
        if len(row) != width or not all(map(_is_number, fields)):
            found = quoted(lines[place])
            raise DataError(f"{path}: line {place + 1} is {found}, expected a path and {width - 1} numbers")
        numbers[place] = [int(field) for field in fields]
    empty = np.flatnonzero((numbers[:, -2:] < 1).any(axis=1))
    if len(empty):
        raise DataError(f"{path}: line {empty[0] + 1} has a width or height of 0")
    names = check_names([row[0] for row in rows], str(path), range(1, len(rows) + 1))
    images = ImageList(names, [_located(name, folders, path) for name in names])
    return LabelledList(images, numbers[:, 0] if width == 4 else None)


def _is_number(field: str) -> bool:
    """Tell whether a field is a number that an int64 holds."""
    return field.isdecimal() and len(field) < 19


def _located(name: str, folders: Path | Mapping[str, Path], where: Path) -> Path:
    if isinstance(folders, Path):
        return folders / name
    first, _, rest = name.partition("/")
    if first not in folders or not rest:
        raise DataError(f"{where}: {quoted(name)} is in none of the folders {', '.join(sorted(folders))}")
    return folders[first] / rest

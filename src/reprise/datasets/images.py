"""The parts of every dataset: named image files, boxes of the queries, ground truth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import numpy as np

from reprise.images.sources import ForgivingPath
from reprise.storage.arguments import array, quoted
from reprise.storage.errors import DataError

Box = tuple[float, float, float, float]
#: Extensions of the formats that are decoded, in lower case.
EXTENSIONS = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".webp", ".ppm", ".pgm",
        ".pbm", ".pnm", ".jp2", ".j2k", ".jpx",
    }
)  # fmt: skip


def check_names(names: object, where: str, lines: Sequence[int] | None = None) -> list[str]:
    """Check that each name is the relative path of a file below the folder of its dataset, and that no two are equal.

    Args:
        names: what a file lists; bytes, as numpy of Python 2 has them, are read as UTF-8
        where: what errors begin with
        lines: the number of the line of each name, for errors; None: names are numbered from 0, as in a list

    Returns:
        the names as a list

    Raises:
        DataError: no list of such names
    """
    if not isinstance(names, list | tuple | np.ndarray) or getattr(names, "ndim", 1) != 1:
        raise DataError(f"{where}: expected a list of image names")
    if not len(names):
        raise DataError(f"{where}: no image is listed")

    def place(row: int) -> str:
        return f"{where}[{row}]" if lines is None else f"{where}: line {lines[row]}"

    checked = []
    for row, given in enumerate(names):
        if not isinstance(given, str | bytes):
            raise DataError(f"{place(row)}: expected a list of image names, got {type(given).__name__}")
        name = _text(given)
        if name is None or not _is_below(name):
            raise DataError(
                f"{place(row)}: {quoted(given)} is no image name below the folder of the dataset; correct the entry"
            )
        checked.append(name)
    if len(set(checked)) < len(checked):
        repeated = next(name for name, count in Counter(checked).items() if count > 1)
        row = checked.index(repeated, checked.index(repeated) + 1)
        raise DataError(f"{place(row)}: {quoted(repeated)} is listed more than once; remove the repetition")
    return checked


def _text(name: str | bytes) -> str | None:
    """Return a name as text that can be written as UTF-8; None where it cannot."""
    try:
        return name.decode() if isinstance(name, bytes) else name.encode().decode()
    except UnicodeError:
        return None


def _is_below(name: str) -> bool:
    """Tell whether a name is a path of a file below some folder."""
    path = PurePath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


@dataclass(frozen=True)
class ImageList:
    """Images of one split, in the order that the indices of ground truth and rankings refer to.

    Attributes:
        names: unique within the list
        paths: one file per name
        boxes: (x1, y1, x2, y2) in pixels per image, None where the whole image is used; None if no image has a box
        starts: where each part starts, and the last one stops, of a list that is divided into these parts only; None:
            into any number of parts of equal size
    """

    names: list[str]
    paths: list[Path]
    boxes: list[Box | None] | None = None
    starts: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def bounds(self, index: int, count: int) -> tuple[int, int]:
        """Return where the ``index``-th (from 1) of ``count`` parts starts and stops."""
        if self.starts is not None and count == len(self.starts) - 1:
            return self.starts[index - 1], self.starts[index]
        return len(self) * (index - 1) // count, len(self) * index // count

    def chunk(self, index: int, count: int) -> "ImageList":
        """Return one of several parts, in order, without gaps; they are of nearly equal size, unless it has its own.

        Args:
            index: the part, from 1
            count: number of parts
        """
        rows = slice(*self.bounds(index, count))
        return ImageList(self.names[rows], self.paths[rows], None if self.boxes is None else self.boxes[rows])

    def forgiving(self) -> "ImageList":
        """Return the same, with images whose missing end is read as grey."""
        return ImageList(self.names, [ForgivingPath(path) for path in self.paths], self.boxes, self.starts)

    def first(self, count: int | None) -> "ImageList":
        """Return the first ``count`` images, all of them for None."""
        return ImageList(self.names[:count], self.paths[:count], None if self.boxes is None else self.boxes[:count])


def check_levels(entry: Mapping, keys: Sequence[str], images: int, where: str) -> dict[str, np.ndarray]:
    """Read index lists of one query's ground truth; only junk may be missing.

    Args:
        entry: the ground truth of the query
        keys: names of the lists
        images: number of database images
        where: what errors begin with

    Returns:
        key -> (n,) int64

    Raises:
        DataError: a list that is missing, that is no list of integers, or with indices outside of 0 to images - 1
    """
    return {
        key: check_indices(entry.get(key, () if key == "junk" else None), images, f"{where}: '{key}'") for key in keys
    }


def check_indices(values: object, images: int, where: str) -> np.ndarray:
    """Read a list of indices.

    Args:
        values: the list
        images: number of images that it refers to
        where: what errors begin with

    Returns:
        (n,) int64

    Raises:
        DataError: no list of integers, or indices outside of 0 to images - 1
    """
    if not isinstance(values, list | tuple | np.ndarray):
        raise DataError(f"{where}: expected a list of indices, got {type(values).__name__}")
    indices = array(where, values)
    if indices.shape == (0,):
        return np.zeros(0, np.int64)
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
        raise DataError(f"{where}: expected a list of integers, got {indices.dtype} of shape {indices.shape}")
    outside = indices[(indices < 0) | (indices >= images)]
    if outside.size:
        raise DataError(f"{where}: holds an index outside of the database (0 to {images - 1}): {outside[0]}")
    return indices.astype(np.int64)


@dataclass(frozen=True)
class Dataset:
    """A dataset that was read from disk.

    Attributes:
        database: the images that are searched, or those that are trained on
        queries: None for datasets without queries
        ground_truth: one mapping per query: easy, hard, junk (revisited), ok, junk (classic) or ok (landmarks), indices
            into ``database``
        truth: the kind of ground truth, which decides what metrics apply (``TAKES`` of
            :mod:`reprise.evaluation.metrics`): revisited, classic, landmarks ...; None without ground truth
        groups: named groups of queries that have scores of their own, (Q,) bool each; empty where there are none
    """

    database: ImageList
    queries: ImageList | None = None
    ground_truth: Sequence[Mapping] | None = None
    truth: str | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        """The files of all images: of the database, then of the queries."""
        return [*self.database.paths, *(self.queries.paths if self.queries else [])]

    def forgiving(self) -> "Dataset":
        """Return the same, with images whose missing end is read as grey."""
        return replace(
            self, database=self.database.forgiving(), queries=self.queries.forgiving() if self.queries else None
        )

    def split(self, name: str) -> ImageList:
        """Return the images of ``database`` or ``queries``; DataError where the dataset has no such split."""
        images = {"database": self.database, "queries": self.queries}.get(name)
        if images is None:
            raise DataError(f"this dataset has no split '{name}'")
        return images

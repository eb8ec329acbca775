"""What every dataset comes down to: named image files, boxes for the queries, ground truth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from reprise.storage.errors import DataError

Box = tuple[float, float, float, float]


def check_names(names: list[str], where: str) -> list[str]:
    """Return ``names`` if each is the relative name of a file below the folder of its dataset, and no two are equal."""
    for name in names:
        parts = PurePath(name).parts
        if not parts or PurePath(name).is_absolute() or ".." in parts:
            raise DataError(f"{where}: '{name}' is no image name below the folder of the dataset; correct the entry")
    if len(set(names)) < len(names):
        repeated = next(name for name, count in Counter(names).items() if count > 1)
        raise DataError(f"{where}: '{repeated}' is listed more than once; remove the repetition")
    return names


@dataclass(frozen=True)
class ImageList:
    """Images of one split, in the order that the indices of ground truth and rankings refer to.

    names  unique within the list; paths  one file per name
    boxes  (x1, y1, x2, y2) in pixels per image, None where the whole image counts; None if no image has a box
    """

    names: list[str]
    paths: list[Path]
    boxes: list[Box | None] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def chunk(self, index: int, count: int) -> "ImageList":
        """The ``index``-th (from 1) of ``count`` parts of nearly equal size, in order, without gaps."""
        rows = slice(len(self) * (index - 1) // count, len(self) * index // count)
        return ImageList(self.names[rows], self.paths[rows], None if self.boxes is None else self.boxes[rows])

    def first(self, count: int | None) -> "ImageList":
        """The first ``count`` images, all of them for None."""
        return ImageList(self.names[:count], self.paths[:count], None if self.boxes is None else self.boxes[:count])


def check_levels(entry: Mapping, keys: Sequence[str], images: int, where: str) -> dict[str, np.ndarray]:
    """The lists ``keys`` of one query's ground truth as int64 arrays, refusing what is outside of 0 to images - 1."""
    levels = {key: np.asarray(entry.get(key, ()), dtype=np.int64).ravel() for key in keys}
    for key, indices in levels.items():
        if indices.size and (indices.min() < 0 or indices.max() >= images):
            raise DataError(f"{where}: '{key}' holds an index outside of the database (0 to {images - 1})")
    return levels


@dataclass(frozen=True)
class Dataset:
    """A dataset that was read from disk.

    database      the images that are searched, or those that are trained on
    queries       None for datasets without queries
    ground_truth  one mapping per query: easy, hard, junk (revisited) or ok, junk (classic), indices into database
    """

    database: ImageList
    queries: ImageList | None = None
    ground_truth: Sequence[Mapping] | None = None

    def split(self, name: str) -> ImageList:
        """The images of ``database`` or ``queries``."""
        images = {"database": self.database, "queries": self.queries}.get(name)
        if images is None:
            raise DataError(f"this dataset has no split '{name}'")
        return images

"""PhotoTour patches (Winder, Hua and Brown, Picking the best DAISY, CVPR 2009): liberty, notredame, yosemite, ...

A folder holds sheets of patches (``patches0000.bmp`` ...), ``info.txt`` with the 3-D point of each patch, and
``m50_100000_100000_0.txt`` with pairs of patches that match or do not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from reprise.datasets.images import Dataset
from reprise.datasets.layout import DatasetLayout
from reprise.images.patch_resizing import PATCH_SIZE, resize_patches
from reprise.storage.errors import DataError

SIDE = 64
#: The name of the patches of test pairs among those that are described.
IN_PAIRS = "pairs"
_PAIRS = "m50_100000_100000_0.txt"
_GRID = 16  # patches in a row of a sheet, and rows
_SHEET = re.compile(r"patches\d+\.bmp", re.IGNORECASE)


@dataclass(frozen=True)
class PhotoTour:
    """Patches of one set.

    Attributes:
        patches: (N, 64, 64) uint8, or (N, 32, 32) where they were shrunk
        labels: (N,) int64, 3-D points from 0 on
        pairs: (M, 3) int64: two patches, and 1 where they show the same point, else 0
    """

    patches: np.ndarray
    labels: np.ndarray
    pairs: np.ndarray


class Layout(DatasetLayout):
    """A set of PhotoTour patches, which training reads as a whole; it lists no images."""

    lists = ()
    needs = ()
    truth = "pairs of patches"
    teaches = "patches"

    patches: int | None = Field(
        None, ge=1, description="number of patches, without those that fill the last sheet; null: lines of info.txt"
    )
    chunks: int = Field(1, ge=1, description="not used: patches are described in one job")

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Refuse to list images."""
        raise DataError(f"{description['images']}: holds patches and no images; name another dataset")

    @classmethod
    def training_files(cls, description: Mapping[str, Any]) -> list[Path]:
        """List the sheets and lists of the set; see :meth:`DatasetLayout.training_files`."""
        return sorted(path for path in Path(description["images"]).iterdir() if path.is_file())

    @classmethod
    def images_of_patches(cls, description: Mapping[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
        """See :func:`reprise.datasets.patch_sets.images_of_patches`: those of the test pairs."""
        tour = read_phototour(description["images"], description.get("patches"))
        yield IN_PAIRS, tour.patches[patches_in_pairs(tour.pairs)]

    @classmethod
    def load_pairs_of_patches(cls, description: Mapping[str, Any]) -> np.ndarray:
        """Read the test pairs alone, (M, 3) int64 as :class:`PhotoTour` has them."""
        folder = Path(description["images"])
        return read_pairs(folder / _PAIRS, _labels(folder / "info.txt", description.get("patches")))

    @classmethod
    def load_patches(cls, description: Mapping[str, Any], *, shrunk: bool = True) -> PhotoTour:
        """Read the set, with patches of 32 x 32 if ``shrunk``; ``description`` as for :meth:`DatasetLayout.load`."""
        return read_phototour(description["images"], description.get("patches"), shrunk=shrunk)


def joined(tours: Sequence[PhotoTour]) -> PhotoTour:
    """Join sets to one, whose points and patches follow each other in the order of the sets.

    Args:
        tours: one or more, with patches of one size
    """
    if len(tours) == 1:
        return tours[0]
    patches = np.cumsum([0, *(len(tour.labels) for tour in tours)])
    points = np.cumsum([0, *(tour.labels.max(initial=-1) + 1 for tour in tours)])
    pairs = [tour.pairs + np.array([first, first, 0]) for tour, first in zip(tours, patches, strict=False)]
    return PhotoTour(
        np.concatenate([tour.patches for tour in tours]),
        np.concatenate([tour.labels + first for tour, first in zip(tours, points, strict=False)]),
        np.concatenate(pairs),
    )


def patches_in_pairs(pairs: np.ndarray) -> np.ndarray:
    """Return the patches that occur in pairs (M, 3), ascending."""
    return np.unique(pairs[:, :2])


def read_phototour(folder: str | Path, number_of_patches: int | None = None, *, shrunk: bool = False) -> PhotoTour:
    """Read a set of patches.

    Args:
        folder: of the unpacked archive
        number_of_patches: N; what follows on the last sheet only fills it. None takes as many as info.txt has lines
        shrunk: patches of 32 x 32, in a quarter of the memory (:func:`reprise.images.patch_resizing.resize_patches`)

    Raises:
        DataError: a missing, damaged or truncated sheet or list, fewer patches than labels, points that are not
            numbered 0 .. C-1, or pairs of patches that do not exist or belong to other points
    """
    folder = Path(folder)
    labels = _labels(folder / "info.txt", number_of_patches)
    return PhotoTour(_patches(folder, len(labels), shrunk), labels, read_pairs(folder / _PAIRS, labels))


def _labels(path: Path, count: int | None) -> np.ndarray:
    labels = _columns(path, (0,))[:, 0]
    if count is not None and len(labels) < count:
        raise DataError(f"{path}: has {len(labels)} lines for {count} patches; {_unpack(path.parent)}")
    labels = labels[:count]
    found = np.unique(labels)
    wrong = np.flatnonzero(found != np.arange(len(found)))
    if len(wrong):
        raise DataError(
            f"{path}: 3-D points have to be numbered 0, 1, 2 ... without gaps, and there is {found[wrong[0]]} where "
            f"{wrong[0]} is expected; number the points anew in it and in {_PAIRS}, or {_unpack(path.parent)}"
        )
    return labels


def read_pairs(path: Path, labels: np.ndarray) -> np.ndarray:
    """Read test pairs.

    Args:
        path: a text file with the columns patch, point, not used, patch, point, ...
        labels: (N,) the points of all patches

    Returns:
        (M, 3) int64, as :class:`PhotoTour` has them

    Raises:
        DataError: a missing or damaged file, patches that do not exist, or points that differ from ``labels``
    """
    columns = _columns(path, (0, 1, 3, 4))
    for patch, point in ((0, 1), (2, 3)):
        outside = np.flatnonzero((columns[:, patch] < 0) | (columns[:, patch] >= len(labels)))
        if len(outside):
            line = outside[0]
            raise DataError(
                f"{path}, line {line + 1}: there is no patch {columns[line, patch]}, only {len(labels)}; "
                f"{_unpack(path.parent)}"
            )
        other = np.flatnonzero(labels[columns[:, patch]] != columns[:, point])
        if len(other):
            line = other[0]
            raise DataError(
                f"{path}, line {line + 1}: patch {columns[line, patch]} is of point {columns[line, point]}, and of "
                f"{labels[columns[line, patch]]} in info.txt; take both from one set"
            )
    return np.stack([columns[:, 0], columns[:, 2], columns[:, 1] == columns[:, 3]], axis=1).astype(np.int64)


def _columns(path: Path, columns: tuple[int, ...]) -> np.ndarray:
    """Read whole numbers of some columns, (lines, columns) int64."""
    if not path.is_file():
        raise DataError(f"{path}: is missing; {_unpack(path.parent)}")
    try:
        found = np.loadtxt(path, np.int64, usecols=columns, ndmin=2, comments=None, encoding="utf-8")
    except ValueError as error:
        raise DataError(f"{path}: is no table of whole numbers ({error}); {_unpack(path.parent)}") from error
    if not len(found):
        raise DataError(f"{path}: is empty; {_unpack(path.parent)}")
    return found


def _patches(folder: Path, count: int, shrunk: bool) -> np.ndarray:
    side = PATCH_SIZE if shrunk else SIDE
    sheets = sorted(path for path in folder.iterdir() if _SHEET.fullmatch(path.name))
    per_sheet = _GRID * _GRID
    needed = -(-count // per_sheet)
    if len(sheets) < needed:
        raise DataError(
            f"{folder}: has {len(sheets)} sheets of {per_sheet} patches, and info.txt describes {count}; "
            f"{_unpack(folder)}"
        )
    patches = np.empty((needed * per_sheet, side, side), np.uint8)
    for index, sheet in enumerate(sheets[:needed]):
        found = _cut(sheet)
        patches[index * per_sheet : (index + 1) * per_sheet] = resize_patches(found) if shrunk else found
    return patches[:count]


def _cut(sheet: Path) -> np.ndarray:
    """Cut a sheet into its patches, row by row: (256, 64, 64) uint8."""
    from reprise.images.decoding import decode  # imported here because planning reads the layouts of datasets

    try:
        pixels = np.asarray(decode(sheet, "L"))
    except DataError as error:  # whose remedy is one for images
        raise DataError(f"{str(error).rpartition(';')[0]}; {_unpack(sheet.parent)}") from error
    if pixels.shape != (_GRID * SIDE, _GRID * SIDE):
        raise DataError(
            f"{sheet}: is {pixels.shape[1]} x {pixels.shape[0]} pixels, and a sheet has {_GRID * SIDE} x "
            f"{_GRID * SIDE}; {_unpack(sheet.parent)}"
        )
    return pixels.reshape(_GRID, SIDE, _GRID, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)


def _unpack(folder: Path) -> str:
    return f"unpack the archive of {folder.name} again"

"""Sequences of HPatches (Balntas, Lenc, Vedaldi and Mikolajczyk, CVPR 2017): images whose homographies are known.

A folder holds one folder per sequence: ``v_*`` of changing viewpoint, ``i_*`` of changing illumination. Each has six
images, ``1.ppm`` to ``6.ppm``, and ``H_1_2`` to ``H_1_6``, three lines of three numbers: the homographies from pixels
of the first image to those of the others, with the centre of the first pixel at (0, 0).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from reprise.datasets.images import Dataset, ImageList
from reprise.datasets.layout import DatasetLayout
from reprise.datasets.reading import load_layout
from reprise.evaluation.image_matching import EXCLUDED_SEQUENCES
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError, unknown_name

#: The kind of truth, as layouts name it, of pairs of images that are matched.
TRUTH = "homographies"
#: Images of a sequence, of which the first is matched with each of the others.
IMAGES = 6

_KINDS = ("i_", "v_")
_MOST_BYTES = 4096  # of the text of a homography
# Whose smallest singular value, with this many pixels as the unit of length, is this share of the largest one.
_UNIT, _SINGULAR = 500.0, 1e-7
_UNPACK = "unpack the archive of the HPatches sequences again"


class Layout(DatasetLayout):
    """The images of the sequences, and the homographies between them."""

    lists = ()
    needs = ()
    truth = TRUTH

    excluded: list[str] = Field(
        list(EXCLUDED_SEQUENCES),
        description="sequences that are left out; those of the default are, as published, too large for some methods",
    )

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the images, ``v_wall/1`` and so on; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        sequences = read_sequences(description["images"], description["excluded"])
        names = [f"{each.name}/{number}" for each in sequences for number in range(1, IMAGES + 1)]
        return Dataset(ImageList(names, [path for each in sequences for path in each.images]), truth=TRUTH)

    @classmethod
    def load_sequences(cls, description: Mapping[str, Any]) -> "list[ImageSequence]":
        """Read the sequences, whose images are those of :meth:`load` one after the other."""
        return read_sequences(description["images"], description["excluded"])


@dataclass(frozen=True)
class ImageSequence:
    """Six images of one plane, or of one place.

    Attributes:
        name: such as ``v_wall``
        images: their files
        homographies: (5, 3, 3) float64, from the first image to each of the others, first pixel at (0, 0)
    """

    name: str
    images: list[Path]
    homographies: np.ndarray

    @property
    def pairs(self) -> list[str]:
        """The names of the pairs of its first image with each of the others, such as ``v_wall/1-4``."""
        return [f"{self.name}/1-{number}" for number in range(2, IMAGES + 1)]


def read_image_sequences(description: Mapping[str, Any]) -> list[ImageSequence]:
    """Read the sequences of a dataset, whose images are those of the dataset, one sequence after the other.

    Args:
        description: as for :func:`reprise.datasets.reading.read_dataset`

    Raises:
        DataError: as :func:`read_sequences`, or a layout that has no homographies
    """
    layout: Any = load_layout(description["layout"])
    if layout.truth != TRUTH:
        raise DataError(f"{description['images']}: layout {description['layout']} has no {TRUTH}; name another dataset")
    found: list[ImageSequence] = layout.load_sequences(description)
    return found


def read_sequences(folder: str | Path, excluded: Sequence[str] = EXCLUDED_SEQUENCES) -> list[ImageSequence]:
    """Read the sequences of a folder, sorted by name.

    Args:
        folder: that of the sequences, or one that holds only this
        excluded: names of sequences that are left out, whole or not

    Raises:
        DataError: no sequence, one without its six images or its homographies, or an unknown name that is excluded
    """
    folder = Path(folder)
    found = _sequence_folders(folder) or [each for inner in _folders(folder) for each in _sequence_folders(inner)]
    names = [path.name for path in found]
    for name in excluded:
        if name not in names and name not in EXCLUDED_SEQUENCES:
            raise unknown_name(f"{folder}: excluded", name, names)
    kept = [path for path in sorted(found, key=lambda path: path.name) if path.name not in excluded]
    if not kept:
        raise DataError(f"{folder}: has no sequence v_* or i_* that is not excluded; {_UNPACK}")
    return [_read_sequence(path) for path in kept]


def read_homography(path: str | Path) -> np.ndarray:
    """Read the text of a homography.

    Returns:
        (3, 3) float64

    Raises:
        DataError: a file that is missing, or holds other than three lines of three numbers, or a singular matrix
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); {_UNPACK}") from error
    lines = [line.split() for line in content.decode("latin-1").splitlines() if line.strip()]
    try:
        matrix = np.array([[_number(cell) for cell in line] for line in lines], np.float64)
    except ValueError as error:
        raise DataError(f"{path}: holds no numbers alone ({quoted(error)}); {_UNPACK}") from error
    if len(content) > _MOST_BYTES or matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise DataError(f"{path}: does not hold three lines of three finite numbers; {_UNPACK}")
    units = np.array([_UNIT, _UNIT, 1.0])
    sizes = np.linalg.svd(matrix * units / units[:, None], compute_uv=False)
    if not sizes[2] > _SINGULAR * sizes[0]:
        raise DataError(f"{path}: is a singular matrix, which maps an area to a line or a point; {_UNPACK}")
    return matrix


def _read_sequence(folder: Path) -> ImageSequence:
    images = [folder / f"{number}.ppm" for number in range(1, IMAGES + 1)]
    for path in images:
        if not path.is_file():
            raise DataError(f"{path}: is missing; {_UNPACK}, or exclude the sequence {folder.name}")
    homographies = [read_homography(folder / f"H_1_{number}") for number in range(2, IMAGES + 1)]
    return ImageSequence(folder.name, images, np.array(homographies))


def _sequence_folders(folder: Path) -> list[Path]:
    return [path for path in _folders(folder) if path.name.startswith(_KINDS)]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _number(text: str) -> float:
    """A number as files have it; ValueError for what only Python takes for one."""
    if "_" in text:
        raise ValueError(f"could not convert string to float: {text!r}")
    return float(text)

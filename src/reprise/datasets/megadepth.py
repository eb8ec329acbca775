"""MegaDepth (Li and Snavely, CVPR 2018) as HNDesc learns from it: images, copies in another style, keypoints.

Below the folder, or the one folder in it, stand

* ``MegaDepth/{train,test}/**.jpg``, photographs
* ``MegaDepth-stylized/train/**.jpg``, the same in the style of another one, at the same relative paths; of some images
  there may be none
* ``MegaDepth-light-features/kpts/superpoint/**.pkl``, the keypoints of an image, whose path is that of the image below
  ``train`` or ``test``: (N, 3) float, or (1, N, 3), rows x, y, 1 in pixels, the centre of the first one at (0, 0)

Source: Melekhov, Laskar, Li, Wang and Kannala, 3DV 2021.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from reprise.datasets.images import Dataset, ImageList
from reprise.datasets.layout import DatasetLayout
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle

_IMAGES, _STYLISED, _KEYPOINTS = "MegaDepth", "MegaDepth-stylized", "MegaDepth-light-features/kpts/superpoint"


@dataclass(frozen=True)
class KeypointImages:
    """Images with keypoints, and copies of them in another style.

    Attributes:
        images: N images
        stylised: the file of each one's copy; None where there is none
        keypoints: the file of each one's keypoints, see :func:`read_keypoints`; none where a detector finds them
    """

    images: ImageList
    stylised: list[Path | None]
    keypoints: list[Path]

    def __len__(self) -> int:
        return len(self.images)

    def points(self, row: int) -> np.ndarray:
        """Return the keypoints of an image, as :func:`read_keypoints` does."""
        return read_keypoints(self.keypoints[row])


class Layout(DatasetLayout):
    """A part of the images, which are listed by their folder."""

    lists = ()
    needs = ()
    teaches = "keypoints"

    split: Literal["train", "test"] = Field("train", description="the part of the images")
    first: int | None = Field(None, ge=1, description="only so many images, in the order of their names")
    chunks: int = Field(1, ge=1, description="jobs that extraction is split into; training reads the images itself")

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the images; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        return Dataset(cls.load_keypoints(description, listed=False).images)

    @classmethod
    def training_files(cls, description: Mapping[str, Any]) -> list[Path]:
        """List the images, their copies and their keypoints; see :meth:`DatasetLayout.training_files`."""
        found = cls.load_keypoints(description, listed=False)
        styles = [style for style in found.stylised if style is not None]
        return [*found.images.paths, *styles, *(path for path in found.keypoints if path.is_file())]

    @classmethod
    def load_keypoints(cls, description: Mapping[str, Any], *, listed: bool = True) -> KeypointImages:
        """List the images, their copies and their keypoints; see :meth:`load` and :func:`read_megadepth`."""
        return read_megadepth(Path(description["images"]), description["split"], description.get("first"), listed)


def read_megadepth(folder: Path, split: str = "train", first: int | None = None, listed: bool = True) -> KeypointImages:
    """List the images of a part, with their copies and keypoints; no file is opened.

    Args:
        folder: of the unpacked archive
        split: ``train`` or ``test``
        first: only so many images, in the order of their names
        listed: every image has a file of keypoints; False: where there is none, a detector finds them

    Raises:
        DataError: no such folder, no image, or an image without keypoints
    """
    root = _root(folder)
    names = sorted(_files(root / _IMAGES / split, ".jpg"))[:first]
    if not names:
        raise DataError(f"{root / _IMAGES / split}: holds no .jpg; unpack the archive again")
    styles, points = _files(root / _STYLISED / split, ".jpg"), _files(root / _KEYPOINTS, ".pkl")
    keypoints = [name.removesuffix(".jpg") + ".pkl" for name in names]
    missing = [name for name in keypoints if name not in points]
    if missing and listed:
        raise DataError(
            f"{root / _KEYPOINTS / missing[0]}: is missing, and so are keypoints of {len(missing)} of {len(names)} "
            "images; unpack the archive again, take the images out, or name a detector that finds keypoints"
        )
    return KeypointImages(
        ImageList(names, [root / _IMAGES / split / name for name in names]),
        [root / _STYLISED / split / name if name in styles else None for name in names],
        [root / _KEYPOINTS / name for name in keypoints],
    )


def read_keypoints(path: str | os.PathLike) -> np.ndarray:
    """Read the keypoints of an image.

    Args:
        path: a pickle of an array (N, 3) or (1, N, 3), rows x, y, 1 in pixels

    Returns:
        (N, 2) float64 in the order of the file, the centre of the first pixel at (0, 0)

    Raises:
        DataError: a damaged file, anything else than such an array, or numbers that are not finite
    """
    content = load_pickle(path, tensors_as_arrays=True)
    points = content[0] if isinstance(content, np.ndarray) and content.ndim == 3 and len(content) == 1 else content
    if not isinstance(points, np.ndarray) or points.ndim != 2 or points.shape[1] != 3 or points.dtype.kind != "f":
        found = f"{content.dtype} {content.shape}" if isinstance(content, np.ndarray) else type(content).__name__
        raise DataError(
            f"{path}: holds {found}, and keypoints are floats of the shape (N, 3) or (1, N, 3); write them anew"
        )
    if not np.isfinite(points).all() or (points[:, 2] != 1).any():
        raise DataError(f"{path}: holds rows that are not finite x, y and 1; write the keypoints anew")
    return points[:, :2].astype(np.float64)


def _root(folder: Path) -> Path:
    """The folder that has the parts: that of an archive, or the only one in it."""
    inner = sorted(path for path in folder.glob("*") if (path / _IMAGES).is_dir())
    if (folder / _IMAGES).is_dir() or not inner:
        return folder
    if len(inner) > 1:
        raise DataError(f"{folder}: {inner[0].name} and {inner[1].name} both hold a {_IMAGES}; leave one of them")
    return inner[0]


def _files(folder: Path, suffix: str) -> set[str]:
    """The files of a suffix below a folder, by their relative paths with slashes; none where there is no folder."""
    found = set()
    for place, _, names in os.walk(folder, followlinks=True):
        inner = Path(place).relative_to(folder)
        found |= {(inner / name).as_posix() for name in names if name.endswith(suffix)}
    return found

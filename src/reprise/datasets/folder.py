"""All images of a folder and its subfolders, without ground truth; queries are those of another one, or the same."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from reprise.datasets.images import EXTENSIONS, Dataset, ImageList, check_names
from reprise.datasets.layout import DatasetLayout
from reprise.storage.errors import DataError
from reprise.storage.os_errors import worded
from reprise.storage.settings import OwnPath

#: A file that marks a folder of pictures made of images, such as the previews of a gallery: they are never images
#: themselves, wherever results are kept.
MADE = ".made-by-reprise"


class Layout(DatasetLayout):
    """The images of a folder, whatever their extension, and the queries, which are those of another or of the same."""

    lists = ()
    needs = ()
    asking = ("queries",)

    queries: OwnPath | None = Field(
        None, description="a folder of queries, or one image; null searches the database for each of its own images"
    )

    leave_out: list[str] | None = Field(
        None,
        description="images of the folder that are left out, such as damaged ones, by their paths below it",
    )

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key."""
        return f"key '{key}' is missing"

    @property
    def has_queries(self) -> bool:
        """See :attr:`DatasetLayout.has_queries`."""
        return True

    @property
    def among_themselves(self) -> bool:
        """Whether there are no other queries than the images of the database."""
        return self.queries is None

    def described(self) -> dict[str, Any]:
        """Return the settings that decide which images are read, and their order, which follows from the parts."""
        return {**super().described(), "chunks": self.chunks}

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the names of the images; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        images = without(images_below(Path(description["images"])), description.get("leave_out") or ())
        database = in_parts(images, description["chunks"])
        queries = description.get("queries")
        return Dataset(database, images_below(Path(queries)) if queries else database)


def images_below(folder: Path) -> ImageList:
    """List the images of a folder and its subfolders by their extensions, sorted; hidden ones are left out.

    Links are followed, each folder once. Previews of galleries (:data:`MADE`) are left out.

    Args:
        folder: the folder, or a single image

    Returns:
        the images; names are paths below the folder, with the extension

    Raises:
        DataError: no such folder, no image in it, or a name that is no text in UTF-8
    """
    if folder.is_file():
        return ImageList(check_names([folder.name], str(folder.parent)), [folder])
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder or image; correct the path")
    with worded(folder):
        names = _names_below(folder)
    if not names:
        known = ", ".join(sorted(EXTENSIONS))
        raise DataError(
            f"{folder}: there is no image in this folder or below it; its files have to end in one of {known}"
        )
    names = check_names(sorted(names), str(folder))
    return ImageList(names, [folder / name for name in names])


def _names_below(folder: Path) -> list[str]:
    """The paths of images below a folder; OSError where a subfolder cannot be read, which would leave images out."""
    names, seen = [], set[str]()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        place = os.path.realpath(parent)
        if MADE in files or place in seen:
            folders.clear()
            continue
        seen.add(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(parent).relative_to(folder)
        names += [
            (below / name).as_posix()
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS  # noqa: PTH122
        ]
    return names


def _refuse(error: OSError) -> None:
    raise error


def without(images: ImageList, names: Iterable[str]) -> ImageList:
    """Return the images of other names; DataError where none is left."""
    left_out = set(names)
    rows = [row for row, name in enumerate(images.names) if name not in left_out]
    if not rows:
        raise DataError(f"{images.paths[0].parent}: all {len(images)} images are left out; give others")
    return ImageList([images.names[row] for row in rows], [images.paths[row] for row in rows])


def in_parts(images: ImageList, count: int) -> ImageList:
    """Order images by the part that the hash of the name of each puts it into.

    An image that is added or removed later changes one part, and leaves the features of the others current.

    Args:
        images: the images
        count: number of parts

    Raises:
        DataError: so few images that a part has none
    """
    part = np.array([_part(name, count) for name in images.names])
    order = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[order], np.arange(count + 1)).tolist()
    if count > 1 and min(np.diff(starts)) == 0:
        raise DataError(f"{images.paths[0].parent}: {len(images)} images are too few for chunks: {count}; lower that")
    return ImageList([images.names[row] for row in order], [images.paths[row] for row in order], starts=starts)


def _part(name: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") * count >> 48

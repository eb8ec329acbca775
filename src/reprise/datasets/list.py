"""A plain list of images, one relative path per line, and of queries, which may have boxes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from reprise.datasets.images import Box, Dataset, ImageList, check_names
from reprise.datasets.layout import DatasetLayout
from reprise.datasets.repeats import report_list, without_repeats
from reprise.datasets.text import read_lines
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError
from reprise.storage.settings import OwnPath

_QUERY = "write a path per line, and after it, separated by tabs, x1, y1, x2, y2 of a box if it has one"
# Four numbers after something that is no tab: a box that would be read as a part of the name.
_LOST_BOX = re.compile(r".*[^\t](?:[ ,;]+-?\d+(?:\.\d+)?){4}")


class Layout(DatasetLayout):
    """A text file with one image per line, and another one of queries; there is no truth."""

    needs = ("list",)
    asking = ("queries",)

    list: str | None = Field(None, description="with `folder`: the text file with one path per line, below the folder")
    queries: OwnPath | None = Field(
        None,
        description="with `folder`: a text file with the path of a query per line, below the folder, and after it, "
        "separated by tabs, x1, y1, x2, y2 of its box in pixels, if it has one; null searches the database for each of "
        "its own images",
    )
    first: int | None = Field(None, ge=1, description="only so many images, in the order of the file")

    @model_validator(mode="after")
    def _asks_of_own_data(self) -> Self:
        if self.queries is not None and self.folder is None:
            raise ValueError("queries: are those of data of your own; give 'folder' in place of 'images'")
        return self

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key that names a list."""
        return f"key '{key}' is missing; name a text file with one image per line"

    @property
    def has_queries(self) -> bool:
        """See :attr:`DatasetLayout.has_queries`."""
        return True

    @property
    def among_themselves(self) -> bool:
        """Whether there are no other queries than the images of the database."""
        return self.queries is None

    def own_files(self, dataset: str) -> dict[str, str]:
        """Return the files of the user's own data: the folder, the text file as ``index``, and that of the queries."""
        files = {"images": str(self.folder), "index": str(self.list)}
        return files if self.queries is None else {**files, "queries": self.queries}

    def described(self) -> dict[str, Any]:
        """Return the settings that decide which images are read; the names of lists are files, not some of them."""
        return {key: value for key, value in super().described().items() if key not in ("list", "queries")}

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the images; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        images = Path(description["images"])
        database = read_list(images, Path(description["index"])).database.first(description.get("first"))
        queries = description.get("queries")
        return Dataset(database, read_queries(images, Path(queries)) if queries else database)


def read_list(images: Path, names: Path) -> Dataset:
    """Read a text file that lists images, see :func:`reprise.datasets.text.read_lines`.

    Empty lines are skipped, and a path that is repeated counts once.

    Args:
        images: the folder
        names: the text file: one path below the folder per line, with its extension

    Raises:
        DataError: no such file, no text in UTF-8, no image, or a path that leads out of the folder
    """
    every = read_lines(names, f"write one path per line, relative to {images}")
    lines = without_repeats(filter(None, every), str(names))
    numbers = {line: number for number, line in reversed(list(enumerate(every, 1)))}
    lines = check_names(lines, str(names), [numbers[line] for line in lines])
    return Dataset(ImageList(lines, [images / line for line in lines]))


def read_queries(images: Path, names: Path) -> ImageList:
    """Read a text file that lists queries, and their boxes.

    Empty lines are skipped. A query is listed once, so that its name tells it from others.

    Args:
        images: the folder
        names: the text file: a path below the folder per line, and after it x1, y1, x2, y2 in pixels, separated by tabs

    Raises:
        DataError: no such file, no text in UTF-8, no image, a path that is repeated or leads out of the folder, or a
            line that is neither a path nor a path with a box
    """
    every = [(number, line) for number, line in enumerate(read_lines(names, _QUERY), 1) if line]
    rows = [line.split("\t") for _, line in every]
    numbers = [number for number, _ in every]
    listed = check_names([row[0].strip() for row in rows], str(names), numbers)
    boxes = [_box(row, f"{names}: line {number}") for number, row in zip(numbers, rows, strict=True)]
    return ImageList(listed, [images / name for name in listed], boxes if any(boxes) else None)


def _box(row: "list[str]", where: str) -> Box | None:
    if len(row) == 1 and not _LOST_BOX.fullmatch(row[0]):
        return None
    try:
        x1, y1, x2, y2 = (float(field) for field in row[1:])
    except ValueError:
        x1, y1, x2, y2 = (np.nan,) * 4  # no box, which is said below
    if not (np.isfinite([x1, y1, x2, y2]).all() and x1 < x2 and y1 < y2):
        raise DataError(f"{where} is {quoted(chr(9).join(row))}; {_QUERY}, with x1 < x2 and y1 < y2")
    return x1, y1, x2, y2


def check_list(names: Path, report: Path) -> None:
    """Check a list of which no image is there yet, and write what is found; see :func:`report_list`.

    Raises:
        DataError: as :func:`read_list`, or a line that names no file with an extension
    """
    read_list(Path(), names)
    report_list(filter(None, read_lines(names, "write one path per line")), str(names), report)

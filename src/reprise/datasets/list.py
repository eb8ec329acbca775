"""A plain list of images: one relative path per line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from reprise.datasets.images import Dataset, ImageList, check_names
from reprise.datasets.layout import DatasetLayout
from reprise.datasets.repeats import report_list, without_repeats
from reprise.datasets.text import read_lines


class Layout(DatasetLayout):
    """A text file with one image per line; there is no truth."""

    needs = ("list",)

    list: str | None = Field(None, description="with `folder`: the text file with one path per line, below the folder")
    first: int | None = Field(None, ge=1, description="only so many images, in the order of the file")

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key that names a list."""
        return f"key '{key}' is missing; name a text file with one image per line"

    def own_files(self, dataset: str) -> dict[str, str]:
        """Return the files of the user's own data: the folder, and the text file as ``index``."""
        return {"images": str(self.folder), "index": str(self.list)}

    def described(self) -> dict[str, Any]:
        """Return the settings that decide which images are read; the name of the list is a file, not one of them."""
        return {key: value for key, value in super().described().items() if key != "list"}

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the images; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        dataset = read_list(Path(description["images"]), Path(description["index"]))
        return Dataset(dataset.database.first(description.get("first")))


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


def check_list(names: Path, report: Path) -> None:
    """Check a list of which no image is there yet, and write what is found; see :func:`report_list`.

    Raises:
        DataError: as :func:`read_list`, or a line that names no file with an extension
    """
    read_list(Path(), names)
    report_list(filter(None, read_lines(names, "write one path per line")), str(names), report)

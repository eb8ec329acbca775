"""A plain list of images: one relative path per line."""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from pydantic import Field

from reprise.datasets.images import Dataset, ImageList, check_names
from reprise.datasets.layout import DatasetLayout
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)


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
    """Read a text file that lists images; empty lines are skipped, and a path that is repeated counts once.

    Args:
        images: the folder
        names: the text file: one path below the folder per line, with its extension

    Raises:
        DataError: no such file, no text in UTF-8, no image, or a path that leads out of the folder
    """
    if not names.is_file():
        raise DataError(f"{names}: there is no such list; write one path per line, relative to {images}")
    lines = list(_counted(names))
    return Dataset(ImageList(lines, [images / line for line in lines]))


def report_list(names: Path, report: Path) -> None:
    """Check a text file that lists images, whose archives are not fetched yet, and write what is found.

    Args:
        names: the text file
        report: the JSON file to write: number of ``images``, and ``repeated``, path -> how often it is listed

    Raises:
        DataError: as :func:`read_list`, or a line that names no file with an extension
    """
    lines = _counted(names)
    for line in lines:
        if not PurePath(line).suffix:
            raise DataError(f"{names}: '{line:.80}' has no extension; this is no list of images")
    repeated = {line: count for line, count in lines.items() if count > 1}
    write_text(report, json.dumps({"images": len(lines), "repeated": repeated}, indent=2) + "\n")


def _counted(names: Path) -> dict[str, int]:
    """Read the lines of a list: path -> how often it is listed."""
    try:
        lines = names.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{names}: is not text in UTF-8 ({error}); convert it") from error
    lines = [line.strip() for line in lines if line.strip()]
    counts = dict(Counter(lines))
    check_names(list(counts), str(names))
    repeated = [line for line, count in counts.items() if count > 1]
    if repeated:
        _log.warning("%s: %d paths are listed more than once, and count once: %s%s", names, len(repeated),
                     ", ".join(repeated[:5]), " ..." if len(repeated) > 5 else "")  # fmt: skip
    return counts

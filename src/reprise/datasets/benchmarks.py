"""Oxford and Paris in the layouts of the revisited and of the classic benchmarks: jpg/ and a ground-truth pickle.

The pickle holds ``imlist`` and ``qimlist`` (image names without extension) and ``gnd``, one mapping per query with the
box ``bbx`` and index lists: easy, hard, junk (Radenovic et al., CVPR 2018) or ok, junk (Philbin et al., CVPR 2007).
"""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any, Self

import numpy as np

from reprise.datasets.images import EXTENSIONS, Box, Dataset, ImageList, check_levels, check_names
from reprise.datasets.layout import DatasetLayout, below
from reprise.storage.arguments import array, quoted
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle

_log = logging.getLogger(__name__)

LEVELS = {"revisited": ("easy", "hard", "junk"), "classic": ("ok", "junk")}


class BenchmarkLayout(DatasetLayout):
    """jpg/ and a pickle; the user's own data has it in gnd_<dataset>.pkl unless ``index`` names another file."""

    needs = ()
    whole = True

    @classmethod
    def read(cls, content: Mapping[str, Any], where: str) -> Self:
        """Read the settings; DataError for ``first``, since the ground truth is for all images."""
        if "first" in content:
            raise DataError(f"{where}.first: a benchmark cannot be cut, because its ground truth is for all images")
        return super().read(content, where)

    def own_files(self, dataset: str) -> dict[str, str]:
        """Return the files of the user's own data, by the keys of :meth:`load`; ``dataset`` names the entry."""
        return {"images": below(self.folder, "jpg"), "index": self.index or below(self.folder, f"gnd_{dataset}.pkl")}


def read_benchmark(images: Path, ground_truth: Path, layout: str) -> Dataset:
    """Read a benchmark.

    Args:
        images: the folder of the image files, <name>.jpg or of another format
        ground_truth: the pickle
        layout: one of ``LEVELS``: ``revisited`` or ``classic``

    Raises:
        DataError: a file that is missing, damaged or of another form
    """
    content = load_pickle(ground_truth)
    if not isinstance(content, dict) or not {"imlist", "qimlist", "gnd"} <= content.keys():
        raise DataError(f"{ground_truth}: expected a dict with the keys imlist, qimlist and gnd")
    database, queries = (check_names(content[key], f"{ground_truth}: '{key}'") for key in ("imlist", "qimlist"))
    if not isinstance(content["gnd"], list | tuple):
        raise DataError(f"{ground_truth}: 'gnd' is a {type(content['gnd']).__name__}, expected a list")
    if len(content["gnd"]) != len(queries):
        raise DataError(
            f"{ground_truth}: 'gnd' has {len(content['gnd'])} entries for {len(queries)} queries in 'qimlist'"
        )
    truth = [
        _levels(entry, LEVELS[layout], len(database), f"{ground_truth}: gnd[{row}] ({name})")
        for row, (name, entry) in enumerate(zip(queries, content["gnd"], strict=True))
    ]
    _warn_of_queries_in_the_database(database, queries, truth, ground_truth)
    boxes = [_box(entry.get("bbx"), f"{ground_truth}: gnd[{row}]['bbx']") for row, entry in enumerate(content["gnd"])]
    find = _finder(images)
    return Dataset(
        ImageList(database, list(map(find, database))),
        ImageList(queries, list(map(find, queries)), boxes),
        truth,
        layout,
    )


def _finder(images: Path) -> Callable[[str], Path]:
    """Return what finds the file of an image by its name, which is <name>.jpg unless there is another one only.

    The published lists have names without extensions, and so may those of one's own, of images of any format.
    """
    there = frozenset(entry.name for entry in os.scandir(images)) if images.is_dir() else frozenset()
    others: dict[str, list[str]] = {}
    for file in sorted(there):
        stem, extension = os.path.splitext(file)  # noqa: PTH122
        if extension.lower() in EXTENSIONS:
            others.setdefault(stem, []).append(file)

    def find(name: str) -> Path:
        usual = f"{name}.jpg"
        if usual in there or name not in others:
            whole = usual not in there and name in there and PurePath(name).suffix.lower() in EXTENSIONS
            return images / (name if whole else usual)
        if len(others[name]) > 1:
            raise DataError(f"{images}: '{name}' may be {' or '.join(others[name])}; keep one of them")
        return images / others[name][0]

    return find


def _warn_of_queries_in_the_database(
    database: list[str], queries: list[str], truth: list[dict[str, np.ndarray]], where: Path
) -> None:
    """Warn of queries that find themselves and are counted as wrong for it, so that no precision at 1 is above 0."""
    places = {name: place for place, name in enumerate(database)}
    found = [
        name
        for name, lists in zip(queries, truth, strict=True)
        if name in places and not any(places[name] in images for images in lists.values())
    ]
    if found:
        _log.warning(
            "%s: %d of %d queries are images of the database, too ('%s'), and in none of their own lists, so that "
            "finding them counts as wrong; list each under junk of its query",
            where,
            len(found),
            len(queries),
            found[0],
        )


def _levels(entry: object, keys: tuple[str, ...], count: int, where: str) -> dict[str, np.ndarray]:
    if not isinstance(entry, Mapping):
        raise DataError(f"{where}: expected a mapping, got {type(entry).__name__}")
    positives = [key for key in keys if key != "junk"]
    missing = [key for key in positives if key not in entry]
    if missing:
        raise DataError(
            f"{where}: key '{missing[0]}' is missing, found {sorted(map(str, entry))}; "
            "set the dataset's layout to revisited for easy/hard/junk and to classic for ok/junk"
        )
    return check_levels(entry, keys, count, where)


def _box(value: object, where: str) -> Box | None:
    if value is None:
        return None
    try:
        box = array(where, value).ravel()
    except DataError:
        box = np.empty(0)  # no box, which is said below
    numbers = box.shape == (4,) and box.dtype.kind in "iuf" and np.isfinite(box).all()
    if not numbers or box[2] <= box[0] or box[3] <= box[1]:
        raise DataError(f"{where}: expected x1, y1, x2, y2 with x1 < x2 and y1 < y2, got {quoted(value)}")
    return box[0].item(), box[1].item(), box[2].item(), box[3].item()

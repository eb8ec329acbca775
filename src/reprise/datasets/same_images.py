"""Queries that are images of the database, too: the same files, or copies of them."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from reprise.datasets.images import ImageList
from reprise.storage.hashes import sha256_file


def same_images(database: ImageList, queries: ImageList) -> dict[str, list[str]]:
    """Find queries that are in the database, by their files, or by the content of files of equal size.

    Args:
        database: the images that are searched
        queries: those that are searched for

    Returns:
        name of a query -> the names of the images that are the same
    """
    by_size: Mapping[int, list[int]] = _by_size(database.paths)
    found: dict[str, list[str]] = {}
    hashes: dict[Path, str] = {}

    def content(path: Path) -> str:
        if path not in hashes:
            hashes[path] = sha256_file(path)
        return hashes[path]

    for name, path in zip(queries.names, queries.paths, strict=True):
        for row in by_size.get(_size(path), ()):
            other = database.paths[row]
            if os.path.realpath(path) == os.path.realpath(other) or content(path) == content(other):
                found.setdefault(name, []).append(database.names[row])
    return found


def _by_size(paths: Sequence[Path]) -> dict[int, list[int]]:
    found = defaultdict(list)
    for row, path in enumerate(paths):
        found[_size(path)].append(row)
    found.pop(-1, None)
    return found


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1

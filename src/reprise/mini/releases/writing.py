"""Parts that all releases have in common: archives, pickles, and the cameras of the images."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.mini.releases.drawn import DrawnImage
from reprise.mini.releases.packing import write_archive
from reprise.mini.releases.pickled import write_pickle


@dataclass(frozen=True)
class Release:
    """The files that were written.

    Attributes:
        files: their names in the mirror
        cameras: set of images -> name of an image, as the lists of the release have it -> its camera as JSON types
    """

    files: list[str]
    cameras: dict[str, dict[str, Any]]


def write_files(
    folder: Path, archives: Mapping[str, Iterable[tuple[str, bytes]]], pickles: Mapping[str, Any]
) -> list[str]:
    """Write archives and pickles, and return their names."""
    for name, members in archives.items():
        write_archive(folder / name, members)
    for name, content in pickles.items():
        write_pickle(folder / name, content)
    return [*archives, *pickles]


def cameras_of(images: Iterable[DrawnImage], name: Callable[[DrawnImage], str]) -> dict[str, Any]:
    """Return the cameras of images, by ``name`` of each, in the order of the names."""
    return dict(sorted((name(image), image.camera) for image in images))


def digest(image: DrawnImage, digits: int) -> str:
    """The first digits of the sha256 of an image file, by which some publishers name it."""
    return hashlib.sha256(image.content).hexdigest()[:digits]

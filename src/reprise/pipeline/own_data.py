"""Data of one's own: files and folders that no job makes, which Snakemake knows nothing of or takes for made."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from reprise.datasets.layout import DatasetLayout
from reprise.storage.errors import DataError


def check_own_data(datasets: Mapping[str, DatasetLayout]) -> None:
    """Refuse a configuration with data of one's own that is not there.

    Snakemake looks for what makes a missing file, finds nothing, and takes the files that were once made of it for its
    sources: a table would be labelled with settings that its numbers were not made with.

    Args:
        datasets: the entries of the configuration, by name

    Raises:
        DataError: naming each file or folder that is missing, with its key
    """
    problems = [problem for name, layout in datasets.items() if layout.folder for problem in _missing(name, layout)]
    if problems:
        raise DataError("\n".join(problems))


def _missing(name: str, layout: DatasetLayout) -> Iterator[str]:
    files = layout.own_files(name)
    for key, path in files.items():
        is_there = Path(path).is_dir() if key == "images" else Path(path).is_file()
        if not is_there:
            kind = "folder" if key == "images" else "file"
            yield (
                f"config.datasets.{name}.{_said_as(layout, key)}: there is no {kind} {path}; correct the path, mount "
                "the disk that it is on, or take the entry out of the configuration"
            )


def _said_as(layout: DatasetLayout, key: str) -> str:
    """The key of the configuration that a file comes from: a list that is not named is looked for in the folder."""
    named = [each for each in (key, *layout.needs) if key != "images" and getattr(layout, each, None) is not None]
    return next(iter(named), "folder")


def image_states(paths: Iterable[Path]) -> dict[str, list[int]]:
    """The size in bytes and the time of modification in nanoseconds of images that no job makes.

    Raises:
        DataError: an image that is not there
    """
    states = {}
    for path in paths:
        try:
            found = path.stat()
        except OSError as error:
            raise DataError(
                f"{path}: cannot be read ({error.strerror}), though the list of its dataset names it; restore it, or "
                "take it out of the list"
            ) from error
        states[str(path)] = [found.st_size, found.st_mtime_ns]
    return states


def check_unchanged(paths: Sequence[Path], expected: str) -> None:
    """Refuse files that are not those any more that a job was planned with.

    Args:
        paths: the files
        expected: their :func:`images_hash` at that time

    Raises:
        DataError: such files
    """
    if images_hash(image_states(paths)) != expected:
        raise DataError(f"{paths[0]}: changed while the job ran; run again")


def images_hash(states: Mapping[str, Sequence[int]]) -> str:
    """What tells images from others, and from themselves after a change: the sha256 of their states."""
    return hashlib.sha256(json.dumps(list(states.items())).encode()).hexdigest()

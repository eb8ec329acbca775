"""Photographs that cannot be decoded, found before anything else runs; each is looked at once."""

import functools
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reprise.datasets.images import ImageList
from reprise.images.decoding import check_decodable
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError
from reprise.storage.json_files import interpreting

# Fewer images take less than a second.
_SHOWN = 50


def undecodable(images: ImageList, known: Path | None = None) -> dict[str, str]:
    """Find the images that cannot be decoded.

    Args:
        images: the images
        known: a file of what was found before, which is read and written; images of the same size and time of
            modification are not looked at again

    Returns:
        name -> why
    """
    before = _read(known) if known else {}
    places = [str(path.absolute()) for path in images.paths]
    states = {place: _state(Path(place)) for place in places}
    new = [path for path, state in states.items() if before.get(path, [None])[0] != state]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looked = list(
            tqdm(
                pool.map(_reason, new, [tuple(states[path]) for path in new]),
                total=len(new),
                desc="looking at images",
                unit="image",
                leave=False,
                disable=True if len(new) < _SHOWN else None,  # None: where there is no terminal
            )
        )
    found = {path: [state, before.get(path, [None, None])[1]] for path, state in states.items()}
    found |= {path: [states[path], reason] for path, reason in zip(new, looked, strict=True)}
    if known and found != before:
        write_text(known, json.dumps(found, indent=0, ensure_ascii=False) + "\n")
    reasons = {name: found[place][1] for name, place in zip(images.names, places, strict=True)}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _read(known: Path) -> Mapping[str, Any]:
    if not known.is_file():
        return {}
    with interpreting(known, "delete it and run again"):
        content = json.loads(known.read_text(encoding="utf-8"))
        return {path: [state, reason] for path, (state, reason) in content.items()}


def _state(path: Path) -> list[int]:
    try:
        found = path.stat()
    except OSError:  # a link to nothing; decoding it says so
        return []
    return [found.st_size, found.st_mtime_ns]


@functools.cache  # a command asks twice, before and after the search
def _reason(path: str, _state: tuple[int, ...]) -> str | None:
    try:
        check_decodable(path)
    except DataError as error:
        return str(error)
    return None

"""The lock file: the checksums of files that nobody states, recorded on first sight and enforced from then on."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError
from reprise.storage.json_files import load_json

Entries = dict[str, dict[str, Any]]
_KINDS = {"sha256": str, "bytes": int, "url": str, "date": str}


def read_lock(lock: str | os.PathLike) -> Entries:
    """Read a lock file.

    Returns:
        file name -> sha256, bytes, url and date; empty if there is no file yet

    Raises:
        DataError: a file of another form
    """
    lock = Path(lock)
    if not lock.exists():
        return {}
    entries = load_json(lock, "correct it, or delete it to record all again")
    for name, entry in entries.items() if isinstance(entries, dict) else [("", None)]:
        if not isinstance(entry, dict) or {key: type(value) for key, value in entry.items()} != _KINDS:
            raise DataError(f"{lock}: entry {name!r} does not hold sha256, bytes, url and date; delete it")
    return entries


@contextmanager
def change_lock(lock: Path) -> Iterator[Entries]:
    """Yield the entries of a lock file, which no other process changes meanwhile; they are written at the end."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{lock}.lock"):
        entries = read_lock(lock)
        before = json.dumps(entries)
        yield entries
        if json.dumps(entries) != before:
            write_text(lock, json.dumps(entries, indent=2, sort_keys=True) + "\n")

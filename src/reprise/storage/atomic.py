"""Files appear whole or not at all."""

import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` and rename it to ``path`` when the block ends without an error.

    The caller creates a file or a folder at the yielded path. The rename happens after the data reached the disk,
    so that a reader never sees half a file, whenever the process or the machine dies. On an error the temporary
    file is removed and whatever stood at ``path`` before stays untouched. What a killed process left behind is removed
    by the next one that writes ``path``; two that write it at once are not provided for.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept because some writers choose their format by it.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")
    _remove_abandoned(path)
    try:
        yield temporary
        _flush(temporary)
        if path.is_dir() and temporary.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        _remove(temporary)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write ``text`` (utf-8) to ``path``, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _remove_abandoned(path: Path) -> None:
    # A folder that is filled in steps has temporary folders of its own beside it, with one more dot.
    name, suffix = glob.escape(path.name), glob.escape(path.suffix)
    for pattern in (f".{name}.*.tmp{suffix}", f"..{name}.*.tmp{suffix}.*"):
        for abandoned in path.parent.glob(pattern):
            _remove(abandoned)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        with file.open("rb") as handle:
            os.fsync(handle.fileno())

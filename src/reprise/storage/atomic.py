"""Atomic writes: a file appears when it is complete, or not at all."""

import glob
import hashlib
import os
import platform
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _host() -> str:
    """Identify those among whom a number names one process: the programs of one start of one machine or container."""
    parts = [platform.node()]
    for read in (Path("/proc/sys/kernel/random/boot_id").read_text, Path("/proc/self/ns/pid").readlink):
        try:
            parts.append(f"{read()}")
        except OSError:  # another system, without containers
            continue
    digest = hashlib.sha256("\n".join(parts[1:]).encode()).hexdigest()[:8]
    return re.sub(r"\W", "_", parts[0]) + f"_{digest}"


_HOST = _host()
_WRITER = re.compile(r"\.(\w+)-(\d+)\.[0-9a-f]{8}\.tmp")
_DAY = 24 * 3600  # seconds


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` and rename it to ``path`` when the block ends without an error.

    The caller creates a file or a folder at the yielded path. The rename happens after the data reached the disk,
    so that a reader never finds half a file, even if the process or the machine dies. On an error the temporary
    file is removed, and an older file at ``path`` is left as it was. The temporary file of a killed process is removed
    by the next one that writes ``path``. Two processes may write it at once, as on a cluster that starts a job
    again while the first still runs: each writes a complete file, and the later rename wins.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept because some writers choose their format by it.
    temporary = path.with_name(f".{path.name}.{_HOST}-{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")
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
        for temporary in path.parent.glob(pattern):
            if _is_abandoned(temporary):
                _remove(temporary)


def _is_abandoned(temporary: Path) -> bool:
    writer = _WRITER.search(temporary.name)
    if writer is None:
        return False
    host, process = writer.groups()
    if host == _HOST:
        return not _is_alive(int(process))
    # For a process of another machine or container only the time of the file is known.
    return time.time() - max(map(_changed, [temporary, *temporary.rglob("*")])) > _DAY


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and belongs to someone else
        return True
    # One that was killed is listed until its parent, or init in its place, has asked for its end.
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self/stat").exists()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # renamed by its writer in this moment, which is therefore alive
        return time.time()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        with file.open("rb") as handle:
            os.fsync(handle.fileno())

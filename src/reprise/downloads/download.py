"""Published files: downloaded or provided by the user, checked, and recorded.

A checksum that no publisher states is recorded the first time that the file is found, in a lock file, and
enforced from then on. The file itself is no output of the workflow, because Snakemake deletes outputs
before a job and after a failure; a receipt is. Therefore a file that a user provided is used after a check, and a
partial one is continued.
"""

import datetime
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock

from reprise.downloads.sources import Source
from reprise.downloads.transfer import TransferError, discard, fetch
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError, DownloadError
from reprise.storage.hashes import sha256_file


def download(
    source: Source,
    destination: str | os.PathLike,
    *,
    lock: str | os.PathLike,
    mirror: str | None = None,
    progress: bool = True,
    retries: int = 5,
) -> dict[str, Any]:
    """Provide a published file at ``destination`` and return its receipt.

    A file that is already there is checked and used, and never changed. Otherwise the addresses of the
    source are tried in their order. Until the file is complete and checked it is called ``<destination>.part``, and a
    later call continues it.

    Args:
        source: the file, its addresses and its checksum
        destination: where the file is written
        lock: JSON file with the recorded checksums; several processes may use it at once
        mirror: a folder or the address of one (file, http or https) that replaces all addresses of the source; the file
            must have the name ``source.file`` there
        progress: show a progress bar
        retries: number of failures in a row at one address that are tolerated

    Returns:
        the receipt: name, path, bytes, sha256, url and date. The last two say where and when a file with this checksum
        was first found (url "by hand" for one that a user provided), so that the receipt of an unchanged file is always
        the same

    Raises:
        DownloadError: the file is not the expected one, or no address gave it (every address is listed with the
            reason), or the disk is too small
    """
    destination, lock = Path(destination), Path(lock)
    if destination.exists():
        return {**_take(source, destination, lock), "path": str(destination)}
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(f"{destination.name}.part")
    failures = []
    for url in _addresses(source, mirror):
        try:
            fetch(url, part, size=source.bytes, retries=retries, progress=progress)
            receipt = _check(source, part, lock, url)
        except TransferError as error:
            failures.append(f"  {url}: {error}")
            continue
        except _MismatchError as error:
            discard(part)
            failures.append(f"  {url}: {error}")
            continue
        part.replace(destination)
        discard(part)
        return {**receipt, "path": str(destination)}
    raise DownloadError(
        "\n".join([f"{source.file} ({source.key}): no address gave the file", *failures])
        + f"\n{source.how_to_fetch(destination)}"
    )


def write_receipt(path: str | os.PathLike, receipt: dict[str, Any]) -> None:
    """Write what :func:`download` returned, as JSON."""
    write_text(path, json.dumps(receipt, indent=2, sort_keys=True) + "\n")


def from_receipt(path: str | os.PathLike) -> Path:
    """Return the path of the file that a receipt describes.

    Raises:
        DataError: the file is gone, or has another number of bytes than the receipt says
    """
    receipt = json.loads(Path(path).read_text(encoding="utf-8"))
    file = Path(receipt["path"])
    size = file.stat().st_size if file.exists() else None
    if size != receipt["bytes"]:
        state = "is gone" if size is None else f"has {size} bytes"
        raise DataError(f"{file} {state}; its receipt says {receipt['bytes']} bytes. Delete {path} and run again.")
    return file


def forget_replaced(mirror: str | os.PathLike, downloads: str | os.PathLike, lock: str | os.PathLike) -> None:
    """Delete downloaded copies of files of a folder that were replaced or removed there since.

    For a mirror that is generated anew; files from elsewhere are left alone.

    Args:
        mirror: the folder that the copies came from
        downloads: the folder of the copies
        lock: JSON file with the recorded checksums; the entries of deleted copies are removed
    """
    mirror, lock = Path(mirror).resolve(), Path(lock)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{lock}.lock"):
        entries = read_lock(lock)
        for name, entry in list(entries.items()):
            file = mirror / name
            replaced = not file.exists() or sha256_file(file) != entry["sha256"]
            if entry["url"] == file.as_uri() and replaced:
                (Path(downloads) / name).unlink(missing_ok=True)
                del entries[name]
        write_text(lock, json.dumps(entries, indent=2, sort_keys=True) + "\n")


class _MismatchError(Exception):
    """A complete file that is not the expected one."""


def _take(source: Source, file: Path, lock: Path) -> dict[str, Any]:
    try:
        return _check(source, file, lock, "by hand")
    except _MismatchError as error:
        raise DownloadError(
            f"{file}: is there, but is not the file of {source.urls[0]}: {error}. It was left as it is. "
            "Move it away to have it downloaded."
        ) from error


def _addresses(source: Source, mirror: str | None) -> list[str]:
    if mirror is None:
        return list(source.urls)
    if mirror.startswith(("http://", "https://", "file:")):
        return [f"{mirror.rstrip('/')}/{quote(source.file)}"]
    return [(Path(mirror).resolve() / source.file).as_uri()]


def _check(source: Source, file: Path, lock: Path, url: str) -> dict[str, Any]:
    """Compare a complete file with what is known of it, record it if that is new, and return its receipt."""
    size = file.stat().st_size
    if source.bytes not in (None, size):
        raise _MismatchError(f"it has {size} bytes, expected are {source.bytes} bytes")
    sha256 = sha256_file(file)
    if source.sha256 not in (None, sha256) or not sha256.startswith(source.sha256_prefix or ""):
        expected = source.sha256 or f"{source.sha256_prefix}..."
        raise _MismatchError(f"its sha256 is {sha256}, expected is {expected}, which the list of sources states")
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    entry = {"sha256": sha256, "bytes": size, "url": url, "date": now}
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{lock}.lock"):
        entries = read_lock(lock)
        known = entries.get(source.file)
        if known is None or (known["sha256"] != sha256 and source.sha256):
            entries[source.file] = entry
            write_text(lock, json.dumps(entries, indent=2, sort_keys=True) + "\n")
        elif known["sha256"] != sha256:
            raise _MismatchError(
                f"its sha256 is {sha256}, expected is {known['sha256']}, recorded ({known['url']}) on "
                f"{known['date']}; if the publisher replaced the file and you want the new one, delete the "
                f"entry {source.file} in {lock}"
            )
        else:
            entry = known
    return {"name": source.file, **entry}


def read_lock(lock: str | os.PathLike) -> dict[str, dict[str, Any]]:
    """Read a lock file.

    Returns:
        file name -> sha256, bytes, url and date; empty if there is no file yet

    Raises:
        DataError: a file of another form
    """
    lock = Path(lock)
    if not lock.exists():
        return {}
    try:
        entries = json.loads(lock.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"{lock}: not valid JSON ({error}); correct it, or delete it to record all again") from error
    kinds = {"sha256": str, "bytes": int, "url": str, "date": str}
    for name, entry in entries.items() if isinstance(entries, dict) else [("", None)]:
        if not isinstance(entry, dict) or {key: type(value) for key, value in entry.items()} != kinds:
            raise DataError(f"{lock}: entry {name!r} does not hold sha256, bytes, url and date; delete it")
    return entries

"""Published files: downloaded or provided by the user, checked, and recorded.

A checksum that no publisher states is recorded the first time that the file is found, in a lock file, and
enforced from then on. The file itself is no output of the workflow, because Snakemake deletes outputs
before a job and after a failure; a receipt is. Therefore a file that a user provided is used after a check, and a
partial one is continued. A file that is refused is never deleted: it is kept beside its place, under another name.
"""

import datetime
import errno
import json
import logging
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from filelock import BaseFileLock, FileLock, Timeout

from reprise.downloads.checksums import MismatchError, compare, md5_in
from reprise.downloads.consent import check_consent
from reprise.downloads.lock_file import change_lock, read_lock
from reprise.downloads.offers import PATIENCE, Patience, TransferError
from reprise.downloads.sources import SCHEMES, Source
from reprise.downloads.transfer import discard, fetch
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError, DownloadError
from reprise.storage.hashes import sha256_file
from reprise.storage.json_files import interpreting, load_json
from reprise.storage.os_errors import worded

_log = logging.getLogger(__name__)
_BY_HAND = "by hand"

_RECEIPT: dict[str, type] = {"name": str, "path": str, "bytes": int, "sha256": str}


def download(
    source: Source,
    destination: str | os.PathLike,
    *,
    lock: str | os.PathLike,
    mirror: str | None = None,
    accepted: Collection[str] = (),
    progress: bool = True,
    patience: Patience = PATIENCE,
) -> dict[str, Any]:
    """Provide a published file at ``destination`` and return its receipt.

    A file that is already there is checked and used, and never changed. Otherwise the addresses of the
    source are tried in their order. Until the file is complete and checked it is called ``<destination>.part``, and a
    later call continues it. Several processes may call this for the same file: one of them fetches it.

    Args:
        source: the file, its addresses and its checksums
        destination: where the file is written
        lock: JSON file with the recorded checksums; several processes may use it at once
        mirror: a folder or the address of one (file, http, https or ftp) that replaces all addresses of the source; the
            file must have the name ``source.file`` there
        accepted: names of the consents that the user has given (:mod:`reprise.downloads.consent`)
        progress: show a progress bar
        patience: how long each address is tried

    Returns:
        the receipt: name, path, bytes, sha256, url and date. The last two say where and when a file with this checksum
        was first found (url "by hand" for one that a user provided), so that the receipt of an unchanged file is always
        the same. With checksums that are not certain, ``compared`` says of each whether the file has it

    Raises:
        DownloadError: the file is not the expected one, or no address gave it (every address is listed with the
            reason), or the disk is too small, or the licence asks for a consent that was not given
    """
    destination, lock = Path(destination), Path(lock)
    with worded(destination), _alone(destination):
        if destination.exists():
            receipt = _take(source, destination, lock, mirror, patience)
        else:
            check_consent([(source, str(destination))], accepted, mirror)
            receipt = _obtain(source, destination, lock, mirror, patience, progress)
    return {**receipt, "path": str(destination)}


@contextmanager
def _alone(destination: Path) -> Iterator[None]:
    """Wait until no other process provides the same file."""
    guard = FileLock(destination.with_name(f".{destination.name}.lock"))
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not _acquired(guard):
            _log.warning("%s: another process fetches it; waiting for that one", destination)
            guard.acquire()
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise
        raise DataError(
            f"{destination.parent}: its disk knows no locks, without which two runs write the same file; "
            "set 'data' to a folder of another disk"
        ) from error
    try:
        yield
    finally:
        guard.release()


def _acquired(guard: BaseFileLock) -> bool:
    try:
        guard.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _take(source: Source, file: Path, lock: Path, mirror: str | None, patience: Patience) -> dict[str, Any]:
    """Check a file that is there."""
    try:
        return _check(source, file, lock, _BY_HAND, _listed_md5(source, file, lock, mirror, patience))
    except MismatchError as error:
        raise DownloadError(
            f"{file}: is there, but is not the file of {source.urls[0]}: {error}. It was left as it is. "
            f"Move it away to have it downloaded; to use it, {error.way}, and run again."
        ) from error


def _obtain(
    source: Source, file: Path, lock: Path, mirror: str | None, patience: Patience, progress: bool
) -> dict[str, Any]:
    """Fetch a file from the first address that gives it."""
    part = file.with_name(f"{file.name}.part")
    md5 = _listed_md5(source, file, lock, mirror, patience)
    failures = []
    for url in _addresses(source.urls, source.file, mirror):
        try:
            fetch(url, part, size=source.size, patience=patience, progress=progress)
            receipt = _check(source, part, lock, url, md5)
        except TransferError as error:
            failures.append(f"  {url}: {error}")
        except MismatchError as error:
            failures.append(f"  {url}: {error}\n    {_set_aside(part, file, error)}")
        else:
            part.replace(file)
            discard(part)
            for failure in failures:
                _log.warning("%s: fetched from %s, because of%s", file, url, failure[1:])
            return receipt
    raise DownloadError(
        "\n".join([f"{source.file} ({source.key}): no address gave the file", *failures])
        + f"\n{source.how_to_fetch(file)}"
    )


def _set_aside(part: Path, file: Path, error: MismatchError) -> str:
    """Keep a complete file that was refused under a name of its own; say where, and what makes it the right one."""
    kept = file.with_name(f"{file.name}.refused-{sha256_file(part)[:8]}")
    part.replace(kept)
    discard(part)
    return (
        f"It was kept as {kept}. If it is the right one: 1. {error.way}; 2. rename {kept} to {file}; 3. run again. "
        "If it is not, delete it."
    )


def _addresses(urls: tuple[str, ...], name: str, mirror: str | None) -> list[str]:
    if mirror is None:
        return list(urls)
    if mirror.startswith((*SCHEMES, "file:")):
        return [f"{mirror.rstrip('/')}/{quote(name)}"]
    return [(Path(mirror).resolve() / name).as_uri()]


def _listed_md5(source: Source, file: Path, lock: Path, mirror: str | None, patience: Patience) -> str | None:
    """Return what the publisher's list says of a file that is not recorded yet; the list is kept beside the file."""
    if source.md5_list is None or source.file in read_lock(lock):
        return None
    name = PurePosixPath(source.file)
    url = source.md5_list
    kept = file.with_name(url.rpartition("/")[2])
    if not kept.exists():
        part = kept.with_name(f".{file.name}.md5.part")
        (address,) = _addresses((url,), str(name.with_name(kept.name)), mirror)
        try:
            fetch(address, part, size=None, patience=replace(patience, retries=0), progress=False)
        except TransferError as error:
            _log.warning("%s: its md5 could not be compared with the publisher's list %s: %s", file, address, error)
            return None
        if md5_in(part.read_text(encoding="utf-8", errors="replace"), name.name) is None:
            discard(part)
            _log.warning("%s: its md5 could not be compared, because %s has no line of it", file, address)
            return None
        part.replace(kept)
        discard(part)
    return md5_in(kept.read_text(encoding="utf-8", errors="replace"), name.name)


def _check(source: Source, file: Path, lock: Path, url: str, md5: str | None) -> dict[str, Any]:
    """Compare a complete file with what is known of it, record it if that is new, and return its receipt."""
    sha256, compared = compare(source, file, md5)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    entry = {"sha256": sha256, "bytes": file.stat().st_size, "url": url, "date": now}
    with change_lock(lock) as entries:
        known = entries.get(source.file)
        if known and known["sha256"] != sha256 and not (source.enforced and source.hashes):
            raise MismatchError(
                f"its sha256 is {sha256}, expected is {known['sha256']} ({known['bytes']} bytes), recorded "
                f"({known['url']}) on {known['date']} in {lock}",
                f"delete the entry {source.file} in {lock}",
            )
        if known is None or known["sha256"] != sha256:
            entries[source.file] = known = entry
    return {"name": source.file, **known, **({"compared": compared} if compared else {})}


def write_receipt(path: str | os.PathLike, receipt: dict[str, Any]) -> None:
    """Write what :func:`download` returned, as JSON."""
    write_text(path, json.dumps(receipt, indent=2, sort_keys=True) + "\n")


def read_receipt(path: str | os.PathLike) -> dict[str, Any]:
    """Read what :func:`write_receipt` wrote: at least ``name``, ``path``, ``bytes`` and ``sha256``.

    Raises:
        DataError: a damaged receipt
    """
    remedy = "delete it and run again, the download is kept"
    receipt: dict[str, Any] = load_json(path, remedy)
    with interpreting(path, remedy):
        for key, kind in _RECEIPT.items():
            if type(receipt[key]) is not kind:
                raise TypeError(f"{key!r} is no {kind.__name__}")
    return receipt


def from_receipt(path: str | os.PathLike) -> Path:
    """Return the path of the file that a receipt describes.

    Raises:
        DataError: the file is gone, or has another number of bytes than the receipt says
    """
    receipt = read_receipt(path)
    file = Path(receipt["path"])
    with interpreting(path, "delete it and run again, the download is kept"):
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
    mirror = Path(mirror).resolve()
    with change_lock(Path(lock)) as entries:
        for name, entry in list(entries.items()):
            file = mirror / name
            replaced = not file.exists() or sha256_file(file) != entry["sha256"]
            if entry["url"] == file.as_uri() and replaced:
                (Path(downloads) / name).unlink(missing_ok=True)
                del entries[name]

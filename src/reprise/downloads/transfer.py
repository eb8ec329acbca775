"""Transfer of one address into a file: continued, retried, and ended where it cannot become the file."""

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from tqdm import tqdm

from reprise.downloads import ftp, http, local
from reprise.downloads.offers import ChangedError, InterruptedTransferError, Offer, Patience, TransferError
from reprise.downloads.speed import TooSlowError, fast_enough
from reprise.storage.errors import DownloadError
from reprise.storage.os_errors import system_error

_log = logging.getLogger(__name__)
_PROTOCOLS = {"http": http.offer, "https": http.offer, "ftp": ftp.offer, "file": local.offer}


def fetch(url: str, part: Path, *, size: int | None, patience: Patience, progress: bool) -> None:
    """Transfer the whole content of an address to a file.

    A ``part`` that an earlier call left behind is continued, if the server still has the same version of the file; a
    small ``<part>.json`` keeps what identifies the version. Errors that may pass are retried with growing pauses.

    Args:
        url: an address (http, https, ftp or file)
        part: the file to write
        size: number of bytes that the file must have; None where it is unknown
        patience: how long the address is tried
        progress: show a progress bar

    Raises:
        TransferError: this address does not give the file
        DownloadError: the disk refuses it, as it is full
    """
    reached, failures = _bytes_of(part), 0
    while True:
        try:
            _attempt(url, part, size, patience, progress)
            return
        except InterruptedTransferError as error:
            if isinstance(error, ChangedError):
                discard(part)
            # A server that closes after each byte makes as little progress as one that sends a byte a second.
            gained = _bytes_of(part) - reached >= patience.speed * patience.period
            reached = max(reached, _bytes_of(part))
            failures = 1 if gained and not isinstance(error, TooSlowError) else failures + 1
            if failures > patience.retries:
                raise TransferError(f"{error} (attempted {failures} times)") from error
            pause = min(60, patience.pause * 2 ** (failures - 1))
            _log.warning("%s: %s; trying again in %g s", url, error, pause)
            time.sleep(pause)


def discard(part: Path) -> None:
    """Remove a partial file, so that the next transfer starts from its beginning."""
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def _attempt(url: str, part: Path, size: int | None, patience: Patience, progress: bool) -> None:
    version = _version_of(url, part)
    offset = _bytes_of(part) if version else 0
    with _PROTOCOLS[url.partition(":")[0].lower()](url, offset, version, patience) as offer:
        if offer.first == 0:
            discard(part)
        whole = size if offer.whole is None else offer.whole
        if size is not None and whole != size:
            raise TransferError(f"it offers {whole} bytes, but the file has {size} bytes")
        _require_space(url, part, (whole or 0) - offer.first)
        with _on_disk(url, part):
            _notes(part).write_text(json.dumps({"url": url, "version": offer.version}), encoding="utf-8")
        _write(url, offer, part, whole, patience, progress)
    if whole is not None and _bytes_of(part) != whole:
        raise InterruptedTransferError(f"the transfer ended after {_bytes_of(part)} of {whole} bytes")


def _write(url: str, offer: Offer, part: Path, whole: int | None, patience: Patience, progress: bool) -> None:
    bar = tqdm(
        desc=part.name.removesuffix(".part"),
        total=whole,
        initial=offer.first,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        disable=not progress,
        mininterval=0.5 if sys.stderr.isatty() else 30,  # a log file keeps every line
    )
    reached = offer.first
    with _on_disk(url, part):
        handle = part.open("ab" if offer.first else "wb", buffering=0)
    with bar, handle:
        for block in fast_enough(offer.blocks, patience):
            reached += len(block)
            if whole is not None and reached > whole:
                discard(part)
                raise TransferError(f"the server sends more than the {whole} bytes that the file has")
            with _on_disk(url, part):
                _append(handle, block)
            bar.update(len(block))
        with _on_disk(url, part):
            os.fsync(handle.fileno())


def _append(handle: FileIO, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[handle.write(rest) :]


@contextmanager
def _on_disk(url: str, part: Path) -> Iterator[None]:
    """Say of an error of the disk which file and which address it is about."""
    try:
        yield
    except OSError as error:
        reason = system_error(part, error)
        if reason is None:
            raise
        raise DownloadError(f"{reason}. It comes from {url}; the transfer continues where it stands.") from error


def _require_space(url: str, part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise DownloadError(
            f"{part}: {needed} bytes are still to be fetched from {url}, but {free} bytes are free on the disk. "
            "Free some space and run again; the transfer continues where it stands."
        )


def _bytes_of(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _version_of(url: str, part: Path) -> str | None:
    """Return the version of the file that ``part`` begins; None if ``url`` cannot continue it."""
    notes = _notes(part)
    if not notes.exists():
        return None
    try:
        kept = json.loads(notes.read_text(encoding="utf-8"))
        version = kept["version"] if _place(kept["url"]) == _place(url) else None
    except (ValueError, LookupError, TypeError, AttributeError):
        _log.warning("%s is damaged; starting from the beginning", notes)
        return None
    return version if isinstance(version, str) else None


def _place(url: str) -> str:
    """Return an address without what tells https from http: the same server has the same file by both."""
    return url.replace("https:", "http:", 1)

"""Transfer of one address into a file: continued, retried, and checked against the free disk space."""

import json
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests
import urllib3
from tqdm import tqdm

from reprise.storage.errors import DownloadError

_log = logging.getLogger(__name__)
_BLOCK = 1 << 20
_TIMEOUT = (15, 60)  # seconds until connected, and between two packets
_TOO_BUSY = (408, 425, 429)


class TransferError(Exception):
    """This address does not give the file; another one may."""


class _InterruptedError(Exception):
    """This attempt failed; the next one may succeed."""


def fetch(url: str, part: Path, *, size: int | None, retries: int, progress: bool) -> None:
    """Transfer the whole content of an address to a file.

    An http transfer continues a ``part`` that an earlier call left behind, if the server still has the same
    version of the file; a small ``<part>.json`` keeps what identifies the version. Errors that may pass are
    retried with growing pauses.

    Args:
        url: an address (http, https or file)
        part: the file to write
        size: number of bytes that the file must have; None where it is unknown
        retries: number of attempts in a row that may bring no new byte
        progress: show a progress bar

    Raises:
        TransferError: this address does not give the file
        DownloadError: the disk is too small
    """
    if url.startswith("file:"):
        _copy(Path(url2pathname(urlsplit(url).path)), part, size, progress)
        return
    reached, failures = _bytes_of(part), 0
    while True:
        try:
            _attempt(url, part, size, progress)
            return
        except _InterruptedError as error:
            gained = _bytes_of(part) > reached
            reached, failures = max(reached, _bytes_of(part)), 1 if gained else failures + 1
            if failures > retries:
                raise TransferError(f"{error} (attempted {failures} times)") from error
            pause = min(60, 2 ** (failures - 1))
            _log.warning("%s: %s; trying again in %d s", url, error, pause)
            time.sleep(pause)


def discard(part: Path) -> None:
    """Remove a partial file, so that the next transfer starts from its beginning."""
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def _attempt(url: str, part: Path, size: int | None, progress: bool) -> None:
    version = _version_of(url, part)
    offset = _bytes_of(part)
    headers = {"Accept-Encoding": "identity"}
    if version and offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            _receive(url, response, part, offset, version, size, progress)
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _InterruptedError(f"{type(error).__name__}: {error}") from error
    except requests.RequestException as error:
        raise TransferError(f"{type(error).__name__}: {error}") from error


def _receive(
    url: str,
    response: requests.Response,
    part: Path,
    offset: int,
    version: str | None,
    size: int | None,
    progress: bool,
) -> None:
    status = response.status_code
    first, total = _content_range(response)
    if status == 416 and offset and total == offset:
        return  # all bytes were there already
    if status == 416 or (status == 206 and (first != offset or _version_in(response) not in (version, None))):
        discard(part)
        raise _InterruptedError("the file changed on the server; starting from its beginning")
    if status >= 500 or status in _TOO_BUSY:
        raise _InterruptedError(f"status {status} {response.reason}")
    if status not in (200, 206):
        raise TransferError(f"status {status} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise TransferError("the server answers with a web page in place of the file")
    if status == 200:
        discard(part)
        offset = 0
    length = response.headers.get("Content-Length")
    whole = offset + int(length) if length is not None else size
    if size is not None and whole != size:
        raise TransferError(f"the server offers {whole} bytes, but the file has {size} bytes")
    _require_space(part, (whole or 0) - offset)
    _notes(part).write_text(json.dumps({"url": url, "version": _version_in(response)}), encoding="utf-8")
    _write(response.raw.stream(_BLOCK, decode_content=False), part, offset, whole, progress)
    if whole is not None and _bytes_of(part) != whole:
        raise _InterruptedError(f"the transfer ended after {_bytes_of(part)} of {whole} bytes")


def _copy(source: Path, part: Path, size: int | None, progress: bool) -> None:
    discard(part)
    if not source.is_file():
        raise TransferError("no such file")
    whole = source.stat().st_size
    if size is not None and whole != size:
        raise TransferError(f"{source} has {whole} bytes, but the file has {size} bytes")
    _require_space(part, whole)
    with source.open("rb") as handle:
        _write(iter(lambda: handle.read(_BLOCK), b""), part, 0, whole, progress)


def _write(blocks: Iterable[bytes], part: Path, offset: int, whole: int | None, progress: bool) -> None:
    bar = tqdm(
        desc=part.name.removesuffix(".part"),
        total=whole,
        initial=offset,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        disable=not progress,
        mininterval=0.5 if sys.stderr.isatty() else 30,  # a log file keeps every line
    )
    with bar, part.open("ab" if offset else "wb") as handle:
        for block in blocks:
            handle.write(block)
            bar.update(len(block))
        handle.flush()
        os.fsync(handle.fileno())


def _require_space(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise DownloadError(
            f"{part}: {needed} bytes are still to be fetched, but {free} bytes are free on the disk. "
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
        return kept["version"] if kept["url"] == url else None
    except (ValueError, LookupError, TypeError):
        _log.warning("%s is damaged; starting from the beginning", notes)
        return None


def _version_in(response: requests.Response) -> str | None:
    """Return what If-Range compares: a strong entity tag, or else the date of the last change."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """Return first byte and total number of bytes, as far as the Content-Range header states them."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match:
        return None, None
    return int(match[1]) if match[1] else None, int(match[2]) if match[2] != "*" else None

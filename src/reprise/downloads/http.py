"""Files of http servers: only the bytes of one version of one file are ever taken for it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
import urllib3

from reprise.downloads.drive import confirmed_address, title
from reprise.downloads.offers import BLOCK, ChangedError, InterruptedTransferError, Offer, Patience, TransferError
from reprise.downloads.speed import fast_enough

_TOO_BUSY = (408, 425, 429)
_PAGES = ("text/html", "application/xhtml+xml")
_MESSAGES = ("application/json", "application/problem+json", "application/xml", "text/xml")
_PAGE = 1 << 16  # bytes of a page that are read
_LENGTH = re.compile(r"[0-9]{1,18}")


@contextmanager
def offer(url: str, offset: int, version: str | None, patience: Patience) -> Iterator[Offer]:
    """Open an address; see :func:`reprise.downloads.transfer.fetch`.

    A part is continued with If-Range, and only where the reply has the same validator as the part.
    """
    headers = {"Accept-Encoding": "identity"}
    if version and offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    else:
        offset = 0
    try:
        with requests.Session() as session, _answer(session, url, headers, patience) as response:
            yield _read_head(url, response, offset, version, patience)
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise InterruptedTransferError(f"{type(error).__name__}: {error}") from error


def _answer(session: requests.Session, url: str, headers: dict[str, str], patience: Patience) -> requests.Response:
    """Request an address, and what stands behind it where it answers with Google Drive's question."""
    response = _request(session, url, headers, patience)
    if response.status_code not in (200, 206) or _kind(response) not in _PAGES:
        return response
    page = _text(response, patience)
    following = confirmed_address(page, response.url)
    if following is not None:
        response = _request(session, following, headers, patience)
        if _kind(response) not in _PAGES:
            return response
        page = _text(response, patience)
    said = f", '{title(page):.100}'" if title(page) else ""
    raise TransferError(f"the server answers with a web page in place of the file{said}")


def _request(session: requests.Session, url: str, headers: dict[str, str], patience: Patience) -> requests.Response:
    try:
        return session.get(url, headers=headers, stream=True, timeout=(patience.connect, patience.silence))
    except (requests.ConnectionError, requests.Timeout):
        raise
    except requests.TooManyRedirects as error:
        raise TransferError(f"the address leads from one to the next without an end ({error})") from error
    except (requests.RequestException, ValueError) as error:
        raise TransferError(
            f"the server refers to an address that is none, or its reply is broken ({type(error).__name__}: {error})"
        ) from error


def _read_head(url: str, response: requests.Response, offset: int, version: str | None, patience: Patience) -> Offer:
    """Find out what a reply holds: the whole file, or its end from ``offset`` on."""
    status, found = response.status_code, _version(response)
    first, last, whole = _content_range(response)
    if status == 416 and offset and whole == offset:
        return Offer(offset, whole, version, iter(()))  # all bytes were there already
    if status == 416 or (status == 206 and (not offset or first != offset or found != version)):
        raise ChangedError("the server does not continue this version of the file; starting from its beginning")
    if status >= 500 or status in _TOO_BUSY:
        raise InterruptedTransferError(f"status {status} {response.reason}")
    if status not in (200, 206):
        raise TransferError(f"status {status} {response.reason}")
    _refuse_message(url, response, patience)
    length = _length(response)
    if status == 206:
        return Offer(offset, offset + length if whole is None and length else whole, found, _blocks(response))
    if first is not None and (first, last, whole) != (0, (whole or 0) - 1, length):
        if offset:
            raise ChangedError("the server does not say whether it sends all or a part; starting from the beginning")
        raise TransferError("the server answers with a part of the file, and the whole was asked for")
    return Offer(0, length, found, _blocks(response))


def _blocks(response: requests.Response) -> Iterator[bytes]:
    # As they come, so that the speed can be measured: a full block of a slow server takes days.
    while block := response.raw.read1(BLOCK, decode_content=False):
        yield block


def _text(response: requests.Response, patience: Patience) -> str:
    """Read a page, or its beginning where it is long."""
    with response:
        blocks = iter(lambda: response.raw.read1(_PAGE, decode_content=True), b"")
        text = b""
        for block in fast_enough(blocks, patience):
            text += block
            if len(text) >= _PAGE:
                break
    return text.decode("utf-8", "replace")


def _refuse_message(url: str, response: requests.Response, patience: Patience) -> None:
    """Refuse a reply whose head says that it is no file."""
    path = urlsplit(url).path.lower()
    if _kind(response) in _MESSAGES and not path.endswith((".json", ".xml")):
        said = " ".join(_text(response, patience).split())
        raise TransferError(f"the server answers with a message in place of the file: {said:.200}")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    # Many servers call an archive that was compressed by its publisher so.
    if encoding not in ("", "identity") and not (encoding in ("gzip", "x-gzip") and path.endswith((".gz", ".tgz"))):
        raise TransferError(f"the server sends the file in another form (Content-Encoding: {encoding})")


def _kind(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _length(response: requests.Response) -> int | None:
    """Return the number of bytes that the reply states to have; TransferError where it states nonsense."""
    stated = response.headers.get("Content-Length")
    if stated is None or "chunked" in response.headers.get("Transfer-Encoding", "").lower():
        return None
    lengths = {text.strip() for text in stated.split(",")}
    if len(lengths) > 1 or not _LENGTH.fullmatch(min(lengths)):
        raise TransferError(f"the server states a length of {stated!r:.50}, which is no number of bytes")
    return int(min(lengths))


def _version(response: requests.Response) -> str | None:
    """Return what If-Range compares: a strong entity tag, or else the date of the last change."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _content_range(response: requests.Response) -> tuple[int | None, int | None, int | None]:
    """Return first byte, last byte and total number of bytes, as far as the Content-Range header states them."""
    number = _LENGTH.pattern
    match = re.fullmatch(
        rf"bytes (?:({number})-({number})|\*)/({number}|\*)", response.headers.get("Content-Range", "")
    )
    if not match:
        return None, None, None
    first, last, whole = (int(text) if text and text != "*" else None for text in match.groups())
    return first, last, whole

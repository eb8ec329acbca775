"""Files of a mirror that is a folder of this machine, by ``file:`` addresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from reprise.downloads.offers import BLOCK, Offer, Patience, TransferError
from reprise.storage.os_errors import system_error


@contextmanager
def offer(url: str, offset: int, version: str | None, patience: Patience) -> Iterator[Offer]:
    """Open an address; see :func:`reprise.downloads.transfer.fetch`. A copy is always made from its beginning."""
    source = Path(url2pathname(urlsplit(url).path))
    if not source.is_file():
        raise TransferError("no such file")
    try:
        handle = source.open("rb")
    except OSError as error:
        raise TransferError(str(system_error(source, error) or error)) from error
    with handle:
        yield Offer(0, source.stat().st_size, None, _blocks(source, handle))


def _blocks(source: Path, handle) -> Iterator[bytes]:  # type: ignore[no-untyped-def]
    try:
        while block := handle.read(BLOCK):
            yield block
    except OSError as error:
        raise TransferError(str(system_error(source, error) or error)) from error

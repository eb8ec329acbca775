"""Files of ftp servers."""

import ftplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from reprise.downloads.offers import BLOCK, ChangedError, InterruptedTransferError, Offer, Patience, TransferError


@contextmanager
def offer(url: str, offset: int, version: str | None, patience: Patience) -> Iterator[Offer]:
    """Open an address; see :func:`reprise.downloads.transfer.fetch`.

    Size and date of the file tell its versions apart; a server that states only one of them continues nothing.
    """
    with _connected(url, patience) as (ftp, path):
        try:
            first = 0
            whole, date = _stated(ftp, f"SIZE {path}"), _stated(ftp, f"MDTM {path}")
            found = f"{whole} bytes of {date}" if whole and date else None
            first = offset if found and found == version else 0
            with ftp.transfercmd(f"RETR {path}", rest=first or None) as connection:
                yield Offer(first, int(whole) if whole else None, found, _blocks(ftp, connection))
        except ftplib.error_perm as error:
            if first:
                raise ChangedError("the ftp server cannot continue; starting from the beginning") from error
            raise TransferError(f"the ftp server refuses it: {error}") from error
        except ftplib.all_errors as error:
            raise InterruptedTransferError(f"{type(error).__name__}: {error}") from error


@contextmanager
def _connected(url: str, patience: Patience) -> Iterator[tuple[ftplib.FTP, str]]:
    """Yield a connection where a user, or nobody, is logged in, and the path of the file there."""
    ftp = ftplib.FTP()
    try:
        parts = urlsplit(url)
        path = unquote(parts.path).lstrip("/")
        ftp.connect(parts.hostname or "", parts.port or ftplib.FTP_PORT, timeout=patience.connect)
        assert ftp.sock is not None
        ftp.timeout = patience.silence  # of the connection that the file comes by
        ftp.sock.settimeout(patience.silence)
        ftp.login(unquote(parts.username or ""), unquote(parts.password or ""))
        ftp.voidcmd("TYPE I")
    except (ftplib.error_perm, ValueError) as error:
        ftp.close()
        raise TransferError(f"the ftp server refuses the connection: {error}") from error
    except ftplib.all_errors as error:
        ftp.close()
        raise InterruptedTransferError(f"{type(error).__name__}: {error}") from error
    if any(ord(character) < 32 for character in path):
        ftp.close()
        raise TransferError("the address has control characters in its path")
    try:
        yield ftp, path
    finally:
        ftp.close()


def _stated(ftp: ftplib.FTP, command: str) -> str | None:
    """Return the digits of a reply; None where the server does not know the command."""
    try:
        reply = ftp.sendcmd(command)[4:].strip()
    except ftplib.error_perm:
        return None
    return reply if reply.isascii() and reply.isdigit() else None


def _blocks(ftp: ftplib.FTP, connection: socket.socket) -> Iterator[bytes]:
    while block := connection.recv(BLOCK):
        yield block
    connection.close()
    ftp.voidresp()

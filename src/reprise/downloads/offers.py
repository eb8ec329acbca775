"""What the modules of the protocols (http, ftp, local) give to the transfer, and the ways in which an address fails."""

from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = 1 << 20  # bytes that are read at once, at most


class TransferError(Exception):
    """This address does not give the file; another one may."""


class InterruptedTransferError(Exception):
    """This attempt failed; the next one may succeed."""


class ChangedError(InterruptedTransferError):
    """The server does not continue the version that was begun; the next attempt starts from the beginning."""


@dataclass(frozen=True)
class Patience:
    """How long an address is tried.

    Attributes:
        retries: attempts in a row without progress that are tolerated
        pause: seconds before the second attempt; doubled before each further one, up to a minute
        connect: seconds until a server has to be connected
        silence: seconds between two packets
        speed: bytes per second that have to arrive, on average over each period
        period: seconds
    """

    retries: int = 5
    pause: float = 1
    connect: float = 15
    silence: float = 60
    speed: float = 1000
    period: float = 60


PATIENCE = Patience()


@dataclass(frozen=True)
class Offer:
    """The bytes of a file that a server is ready to send.

    Attributes:
        first: the place of the first of them: that which was asked for, or 0
        whole: number of bytes of the whole file; None where the server does not state it
        version: what tells this version of the file from others; None where the server does not state it
        blocks: the bytes
    """

    first: int
    whole: int | None
    version: str | None
    blocks: Iterator[bytes]

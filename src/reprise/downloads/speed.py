"""The minimum speed of a transfer, so that a server that sends a byte a second ends with a sentence."""

import time
from collections.abc import Iterator

from reprise.downloads.offers import InterruptedTransferError, Patience


class TooSlowError(InterruptedTransferError):
    """The server sends, but too little to wait for."""


def fast_enough(blocks: Iterator[bytes], patience: Patience) -> Iterator[bytes]:
    """Pass blocks on; TooSlowError where fewer bytes come in a period than the minimum speed gives."""
    began, received = time.monotonic(), 0
    for block in blocks:
        received += len(block)
        yield block
        elapsed = time.monotonic() - began
        if elapsed < patience.period:
            continue
        if received < patience.speed * elapsed:
            raise TooSlowError(
                f"too slow: {received} bytes came in {elapsed:.0f} s, at least {patience.speed:g} bytes per second "
                "are expected"
            )
        began, received = time.monotonic(), 0

"""How long parts of a job take by the clock, kept until its record is written."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS: dict[str, float] = {}


@contextmanager
def measured(part: str) -> Iterator[None]:
    """Add the time that the block takes to that of a part of this process, such as ``search``."""
    started = time.perf_counter()
    yield
    _SECONDS[part] = _SECONDS.get(part, 0.0) + time.perf_counter() - started


def measured_seconds() -> dict[str, float]:
    """Return the seconds of all parts of this process that were measured."""
    return {part: round(seconds, 6) for part, seconds in _SECONDS.items()}

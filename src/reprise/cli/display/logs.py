"""What the log of a job says: how far it is, and why it failed."""

import os
import re
from pathlib import Path

_PROGRESS = re.compile(r"^(?:.*: )?[\d,.]+\w* (?:of [\d,.]+\w*|[a-z]+)(?: [a-z]+)?, (?:\d+:)?\d\d:\d\d left$")
_TAIL = 1 << 14
_LINES = 12


def progress_in(log: str, since: float) -> str:
    """The last line of progress of a running job; empty if there is none since it was started.

    Args:
        log: its log file
        since: when it was started, in seconds
    """
    try:
        if Path(log).stat().st_mtime < since - 1.0:
            return ""
        lines = _tail(log)
    except OSError:  # on a cluster it may wait in a queue, without a log
        return ""
    return next((line for line in reversed(lines) if _PROGRESS.match(line)), "")


def last_words(log: str) -> list[str]:
    """The end of a log that says why a job failed: from its message on, or the last lines; empty without any."""
    try:
        lines = [line for line in _tail(log) if line.strip()]
    except OSError:
        return []
    messages = [index for index, line in enumerate(lines) if line.startswith("ERROR:")]
    return lines[messages[-1] :] if messages else lines[-_LINES:]


def _tail(log: str) -> list[str]:
    with Path(log).open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _TAIL))
        return file.read().decode(errors="replace").replace("\r", "\n").splitlines()

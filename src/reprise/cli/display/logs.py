"""What the log of a job says: how far it is, and why it failed."""

import os
import re
from pathlib import Path

_PROGRESS = re.compile(r"^(?:.*: )?[\d,.]+\w* (?:of [\d,.]+\w*|[a-z]+)(?: [a-z]+)?, (?:\d+:)?\d\d:\d\d left$")
_TAIL = 1 << 14
_LINES = 12
_OF_SLURM = re.compile(r"^(?:slurmstepd|srun|slurmd)[^:]*: error: (.*\S)")
_SHOWN_OF_SLURM = 2


def progress_in(log: str, since: float) -> str:
    """The last line of progress of a running job; empty if there is none since it was started.

    Args:
        log: its log file
        since: when it was started, in seconds
    """
    lines = _tail(log) if written_since(log, since) else []
    return next((line for line in reversed(lines) if _PROGRESS.match(line)), "")


def written_since(log: str, since: float) -> bool:
    """Whether a job has written something into its log since it was started, or submitted.

    Args:
        log: its log file
        since: when it was started, in seconds
    """
    try:
        return Path(log).stat().st_mtime >= since - 1.0
    except OSError:  # on a cluster it may wait in a queue, without a log
        return False


def last_words(log: str) -> list[str]:
    """The end of a log that says why a job failed: from its message on, or the last lines; empty without any."""
    lines = [line for line in _tail(log) if line.strip()]
    messages = [index for index, line in enumerate(lines) if line.startswith("ERROR:")]
    return lines[messages[-1] :] if messages else lines[-_LINES:]


def words_of_cluster(log: str) -> list[str]:
    """What Slurm itself says in the log that it keeps of a job, such as that it took too much memory."""
    found = dict.fromkeys(match[1] for line in _tail(log) if (match := _OF_SLURM.match(line)))
    return list(found)[:_SHOWN_OF_SLURM]


def _tail(log: str) -> list[str]:
    """The last lines of a log; none of one that is not there."""
    try:
        with Path(log).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode(errors="replace").replace("\r", "\n").splitlines()
    except OSError:
        return []

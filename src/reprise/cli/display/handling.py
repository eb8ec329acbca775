"""Displays: what is made of the records of Snakemake's log.

Each takes every record, in a thread beside that of the workflow, is told before the first job, and at the end.
"""

import sys
from collections.abc import Sequence
from logging import WARNING, Handler, LogRecord
from typing import Any, Protocol

from reprise.cli.display.dry_runs import DryRunDisplay, PlanDisplay
from reprise.cli.display.runs import RunDisplay


class Display(Protocol):
    """What shows a run."""

    def take(self, record: LogRecord) -> None:
        """Take one record."""

    def starts(self) -> None:
        """Take the jobs of the workflow, before the first runs; called in the thread of the workflow."""

    def ends(self) -> None:
        """Say how it ended."""


class SnakemakesDisplay:
    """Snakemake's own display.

    Args:
        default: Snakemake's handler
    """

    def __init__(self, default: Handler):
        self._default = default

    def take(self, record: LogRecord) -> None:
        """Pass a record on."""
        self._default.handle(record)

    def starts(self) -> None:
        """Do nothing."""

    def ends(self) -> None:
        """Do nothing."""


class QuietDisplay(SnakemakesDisplay):
    """Only warnings and errors, as Snakemake puts them."""

    def take(self, record: LogRecord) -> None:
        """Pass what is wrong on."""
        if record.levelno >= WARNING:
            self._default.handle(record)


def make_display(settings: Any, plan: str, followed: Sequence[Any], default: Handler) -> Display:
    """Choose the display.

    What asks Snakemake for more or less than its usual output gets it from Snakemake.

    Args:
        settings: Snakemake's settings of its output
        plan: the file that a dry run is written to; empty for none
        followed: the workflow, once its files were read
        default: Snakemake's own handler
    """
    quiet = {kind.name for kind in settings.quiet or ()}
    if plan:
        return PlanDisplay(plan, followed)
    if settings.verbose or settings.debug_dag or settings.printshellcmds or (quiet and settings.dryrun):
        return SnakemakesDisplay(default)
    if settings.dryrun:
        return DryRunDisplay(followed, default)
    if quiet & {"ALL", "PROGRESS", "RULES"}:
        return QuietDisplay(default)
    return RunDisplay(followed, default, sys.stdout if settings.stdout else sys.stderr, settings.nocolor)

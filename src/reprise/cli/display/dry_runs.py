"""Displays of dry runs: for the eye, and for another process."""

import os
import sys
from collections.abc import Sequence
from logging import ERROR, INFO, Handler, LogRecord
from pathlib import Path
from typing import Any, TextIO

from reprise.cli.display.records import event, is_usual, names_no_target
from reprise.cli.dryrun import Snakemake
from reprise.cli.explain import explained
from reprise.cli.jobs import TARGETS
from reprise.cli.nearest import did_you_mean, unknown_targets
from reprise.cli.planned import planned, write_plan
from reprise.pipeline.overlays import given_overlays

_CORES = ("-c", "--cores", "-j", "--jobs")


class PlanDisplay:
    """Writes a dry run for another process.

    Args:
        path: the file
        followed: the workflow, once its files were read
    """

    def __init__(self, path: str, followed: Sequence[Any]):
        self._path, self._followed = path, followed
        self._order: list[int] = []
        self._errors: list[str] = []

    def take(self, record: LogRecord) -> None:
        """Note the order of the jobs, and errors."""
        if event(record) == "job_info":
            self._order.append(record.__dict__["jobid"])
        elif record.levelno >= ERROR:
            self._errors.append(record.getMessage())

    def starts(self) -> None:
        """Do nothing."""

    def ends(self) -> None:
        """Write the file."""
        write_plan(self._path, self._followed, self._order, self._errors)


class DryRunDisplay:
    """Prints what `reprise explain` says.

    Args:
        followed: the workflow, once its files were read
        default: Snakemake's own handler, for all that is not about jobs
    """

    def __init__(self, followed: Sequence[Any], default: Handler):
        self._followed, self._default = followed, default
        self._order: list[int] = []
        self._failed = self._counted = False

    def take(self, record: LogRecord) -> None:
        """Note the order of the jobs, and pass on what is unusual."""
        if event(record) == "job_info":
            self._order.append(record.__dict__["jobid"])
            if record.__dict__["rule_msg"]:
                print(record.__dict__["rule_msg"])
            return
        self._failed |= record.levelno >= ERROR
        self._counted |= event(record) == "run_info"
        self._counted |= record.getMessage().startswith("Nothing to be done")
        # What Snakemake says from there on is about its jobs, too.
        if not (is_usual(record) or (self._counted and record.levelno <= INFO)):
            self._default.handle(record)
        if names_no_target(record) and self._followed:
            print_hints(self._followed[-1], sys.stdout)

    def starts(self) -> None:
        """Do nothing."""

    def ends(self) -> None:
        """Explain the dry run."""
        if self._failed or not self._followed or self._followed[-1].dag is None:
            return
        workflow = self._followed[-1]
        targets = sorted(map(str, workflow.dag_settings.targets)) or [workflow.default_target or TARGETS]
        plan = planned(workflow, self._order)
        if plan.every:
            scripts = Path(workflow.basedir) / "workflow" / "scripts"
            print(explained(plan, targets, _again(workflow), scripts))
        sys.stdout.flush()


def print_hints(workflow: Any, stream: TextIO) -> None:
    """Name the nearest target to each that no rule makes."""
    for target, close in unknown_targets(workflow).items():
        print(did_you_mean(target, close), file=stream, flush=True)


def _again(workflow: Any) -> Snakemake:
    """What makes further dry runs with the configuration of this one."""
    cores = workflow.resource_settings.cores or 1
    # Snakemake takes one core for a dry run that names none.
    if cores == 1 and not any(argument.startswith(_CORES) for argument in sys.argv):
        cores = os.cpu_count() or 1
    overlays = given_overlays(workflow.config_settings)
    return Snakemake(overlays.configfiles, cores, overlays.settings, os.path.relpath(workflow.main_snakefile))

"""Snakemake's own dry run, read as data.

Snakemake runs as a separate process, with the logger plugin of this project, which writes the jobs and their reasons
as JSON.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reprise.cli.nearest import did_you_mean
from reprise.storage.errors import DataError

# The frames of a traceback of Python, and empty lines: no part of a message.
_NOISE = re.compile(r"^(Traceback|\s+File \".*\", line|\s*$)")
# The rules of the Snakefile that make nothing: the list of targets, and all tables.
TARGETS, EVERYTHING = "targets", "everything"


@dataclass(frozen=True)
class Reason:
    """Why Snakemake would run a job.

    forced: because it was told to, whatever else there is
    missing_output, incomplete_output: files that do not exist, or were being written when their job ended
    updated_input: files that are newer than the output and differ from what the job read; none that a job would make
    input_changed: the job has other inputs than when it ran
    params_before, params_now: the params that differ, each as Snakemake keeps it, which is by its repr
    """

    forced: bool = False
    missing_output: list[str] = field(default_factory=list)
    incomplete_output: list[str] = field(default_factory=list)
    updated_input: list[str] = field(default_factory=list)
    input_changed: bool = False
    params_before: list[str] = field(default_factory=list)
    params_now: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """A job of Snakemake.

    Attributes:
        rule: the rule
        wildcards: wildcard -> value
        inputs: paths, as the rules write them
        outputs: paths, as the rules write them
        logs: paths, as the rules write them
        threads: number of threads
        reason: Snakemake's reason to run it
        resources: resource -> value
        recipe: what the result depends on, as JSON; None of a job without one
        without_metadata: whether Snakemake has no record of how the outputs were made, and takes them for current
    """

    rule: str
    wildcards: dict[str, str]
    inputs: list[str]
    outputs: list[str]
    logs: list[str]
    threads: int
    reason: Reason
    resources: dict[str, int | str] = field(repr=False)
    recipe: str | None = field(default=None, repr=False)
    without_metadata: bool = False

    def __hash__(self) -> int:
        return hash((self.rule, *self.outputs))


@dataclass(frozen=True)
class DryRun:
    """The jobs that would run.

    Attributes:
        jobs: those that would run, in an order in which they could run
        every: all that lead to the targets, whether they would run or not, in such an order, too
        output: the output folder of the configuration
        data: the data folder of the configuration
    """

    jobs: list[Job]
    every: list[Job]
    output: str
    data: str

    @property
    def kept(self) -> list[Job]:
        """The jobs that would not run, because their outputs are taken for current."""
        running = set(self.jobs)
        return [job for job in self.every if job not in running]


class Snakemake:
    """Makes dry runs in the working directory, where the Snakefile has to be.

    Args:
        configfiles: overlays
        cores: number of cores that a run would use
        config: settings of the command line, as key=value
        snakefile: the first file of the workflow
    """

    def __init__(
        self, configfiles: Sequence[str], cores: int, config: Sequence[str] = (), snakefile: str = "Snakefile"
    ):
        if not Path(snakefile).is_file():
            raise DataError(
                f"{Path.cwd()}: there is no Snakefile here; go to the folder of the project, or make one: reprise init"
            )
        for file in configfiles:
            if not Path(file).is_file():
                raise DataError(f"{file}: this configuration file does not exist; check the name after --configfile")
        self._configfiles = list(configfiles)
        self._config = list(config)
        self._snakefile = snakefile
        self.cores = cores

    def plan(self, targets: Iterable[str]) -> DryRun:
        """Make a dry run for ``targets``."""
        return self._run([], targets)

    def changed(self, outputs: Iterable[str], rules: Iterable[str]) -> list[Job]:
        """List the jobs of ``rules`` that make ``outputs`` and that would run even if no other job did."""
        return self._run(["--allowed-rules", *rules], outputs).jobs

    def _run(self, options: list[str], targets: Iterable[str]) -> DryRun:
        from reprise.cli.planned import read_plan  # which is about the classes of this module

        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "plan.json"
            command = [
                sys.executable, "-m", "snakemake", "-n", "--nocolor", "--cores", str(self.cores),
                "--snakefile", self._snakefile, "--logger", "reprise", "--logger-reprise-plan", str(path), *options,
                *(["--configfile", *self._configfiles] if self._configfiles else []),
                *(["--config", *self._config] if self._config else []), "--", *targets,
            ]  # fmt: skip
            result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            plan = read_plan(path)
        if result.returncode != 0 or "jobs" not in plan:
            raise DataError(_explain(plan, result.stdout))
        return DryRun(plan["jobs"], plan["every"], plan["output"], plan["data"])


def _explain(plan: Mapping[str, Any], text: str) -> str:
    """Return Snakemake's message without what surrounds it, with the nearest target to one that does not exist.

    Args:
        plan: what the plugin wrote; empty where Snakemake did not get as far as to load it
        text: what Snakemake printed
    """
    for target, close in plan.get("unknown_targets", {}).items():
        return did_you_mean(target, close)
    lines = "\n".join(plan.get("errors") or [text]).splitlines()
    return "\n".join(["Snakemake says:", *(line for line in lines if not _NOISE.match(line))])

"""Snakemake's own dry run, read as data.

Snakemake runs as a separate process, with a logger plugin of this project that writes the jobs and their reasons as
JSON.
"""

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    """

    def __init__(self, configfiles: Sequence[str], cores: int, config: Sequence[str] = ()):
        if not Path("Snakefile").is_file():
            raise DataError(
                f"{Path.cwd()}: there is no Snakefile here; go to the folder of the project, or make one: reprise init"
            )
        for file in configfiles:
            if not Path(file).is_file():
                raise DataError(f"{file}: this configuration file does not exist; check the name after --configfile")
        self._configfiles = list(configfiles)
        self._config = list(config)
        self.cores = cores

    def plan(self, targets: Iterable[str]) -> DryRun:
        """Make a dry run for ``targets``."""
        plan = self._run([], [*targets, TARGETS])
        folders = next(job["resources"] for job in plan["jobs"] if job["rule"] == TARGETS)
        return DryRun(_jobs(plan["jobs"]), _jobs(plan["every"]), str(folders["output"]), str(folders["data"]))

    def changed(self, outputs: Iterable[str], rules: Iterable[str]) -> list[Job]:
        """List the jobs of ``rules`` that make ``outputs`` and that would run even if no other job did."""
        return _jobs(self._run(["--allowed-rules", *rules], outputs)["jobs"])

    def _run(self, options: list[str], targets: Iterable[str]) -> dict[str, Any]:
        """What the plugin writes: the jobs that would run, and every job."""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "plan.json"
            command = [
                sys.executable, "-m", "snakemake", "-n", "--nocolor", "--quiet", "host", "progress", "rules", "reason",
                "--cores", str(self.cores), "--logger", "plan", "--logger-plan-path", str(path), *options,
                *(["--configfile", *self._configfiles] if self._configfiles else []),
                *(["--config", *self._config] if self._config else []), "--", *targets,
            ]  # fmt: skip
            result = subprocess.run(
                command, env=_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            plan = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        if result.returncode != 0 or plan is None:
            raise DataError(self._explain(plan or {}, result.stdout))
        return plan

    def _explain(self, plan: Mapping[str, Any], text: str) -> str:
        """Return Snakemake's message without what surrounds it, with the nearest target to one that does not exist.

        Args:
            plan: what the plugin wrote; empty where Snakemake did not get as far as to load it
            text: what Snakemake printed
        """
        if not plan.get("unknown_targets"):
            lines = "\n".join(plan.get("errors") or [text]).splitlines()
            return "\n".join(["Snakemake says:", *(line for line in lines if not _NOISE.match(line))])
        unknown = plan["unknown_targets"][0]
        jobs = [job for job in self.plan([EVERYTHING]).every if "chunk" not in job.wildcards]
        known = [output for job in jobs for output in job.outputs]
        known += [output.replace(".csv", ".seeds.csv") for job in jobs if job.rule == "table" for output in job.outputs]
        close = difflib.get_close_matches(unknown, known, n=1, cutoff=0.6)
        hint = f"did you mean {close[0]}?" if close else "`snakemake -n` lists what can be asked for"
        return f"{unknown}: no rule makes this; {hint}"


def _jobs(entries: Iterable[Mapping[str, Any]]) -> list[Job]:
    """The jobs that make files: those that make none only collect others."""
    return [Job(**{**entry, "reason": Reason(**entry["reason"])}) for entry in entries if entry["outputs"]]


def _environment() -> dict[str, str]:
    """Return the environment in which Snakemake finds the plugin."""
    path = [str(Path("workflow", "plugins").resolve()), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}

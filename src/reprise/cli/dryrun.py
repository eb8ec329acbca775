"""Snakemake's own dry run, read as data.

Snakemake runs as a separate process, with a logger plugin of this project that writes every job as a line of JSON.
"""

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reprise.storage.errors import DataError

# Lines that Snakemake prints in every run, and the frames of tracebacks: no part of a message.
_NOISE = re.compile(
    r"^(Using (workflow specific )?profile|Config file .* is extended|Assuming unrestricted|Building DAG|"
    r"host: |Traceback|\s+File \".*\", line|\s*$)"
)
_NO_RULE = re.compile(r"No rule to produce (\S+)")
_NO_METADATA = re.compile(
    r"(\d+) jobs have missing provenance/metadata.*\nRules with missing metadata: (.*)", re.MULTILINE
)
# The rules of the Snakefile that make nothing: the list of targets, and all tables.
TARGETS, EVERYTHING = "targets", "everything"


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
    """

    rule: str
    wildcards: dict[str, str]
    inputs: list[str]
    outputs: list[str]
    logs: list[str]
    threads: int
    reason: str
    resources: dict[str, int | str] = field(repr=False)

    def __hash__(self) -> int:
        return hash((self.rule, *self.outputs))


@dataclass(frozen=True)
class DryRun:
    """The jobs that would run.

    Attributes:
        jobs: the jobs, in an order in which they could run
        output: the output folder of the configuration
        data: the data folder of the configuration
        unknown_state: number of jobs whose outputs exist without Snakemake's record of how they were made
        unknown_rules: the rules of those jobs
    """

    jobs: list[Job]
    output: str
    data: str
    unknown_state: int
    unknown_rules: list[str]


class Snakemake:
    """Makes dry runs in the working directory, where the Snakefile has to be.

    Args:
        configfiles: overlays
        cores: number of cores that a run would use
    """

    def __init__(self, configfiles: Sequence[str], cores: int):
        if not Path("Snakefile").is_file():
            raise DataError(f"{Path.cwd()}: there is no Snakefile here; go to the folder of the project first")
        for file in configfiles:
            if not Path(file).is_file():
                raise DataError(f"{file}: this configuration file does not exist; check the name after --configfile")
        self._configfiles = list(configfiles)
        self.cores = cores

    def plan(self, targets: Iterable[str]) -> DryRun:
        """Make a dry run for ``targets``."""
        jobs, text = self._run([], [*targets, TARGETS])
        folders = next(job.resources for job in jobs if job.rule == TARGETS)
        missing = _NO_METADATA.search(text)
        return DryRun(
            [job for job in jobs if job.outputs],
            str(folders["output"]),
            str(folders["data"]),
            int(missing[1]) if missing else 0,
            missing[2].split() if missing else [],
        )

    def all_jobs(self, targets: Iterable[str]) -> list[Job]:
        """List all jobs that lead to ``targets``, whether they would run or not."""
        return [job for job in self._run(["--forceall"], targets)[0] if job.outputs]

    def changed(self, outputs: Iterable[str], rules: Iterable[str]) -> list[Job]:
        """List the jobs of ``rules`` that make ``outputs`` and that would run even if no other job did."""
        return [job for job in self._run(["--allowed-rules", *rules], outputs)[0] if job.outputs]

    def _run(self, options: list[str], targets: Iterable[str]) -> tuple[list[Job], str]:
        with tempfile.TemporaryDirectory() as scratch:
            plan = Path(scratch) / "plan.jsonl"
            command = [
                sys.executable, "-m", "snakemake", "-n", "--nocolor", "--quiet", "host", "progress", "rules", "reason",
                "--cores", str(self.cores), "--logger", "plan", "--logger-plan-path", str(plan), *options,
                *(["--configfile", *self._configfiles] if self._configfiles else []), "--", *targets,
            ]  # fmt: skip
            result = subprocess.run(
                command, env=_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            if result.returncode != 0:
                raise DataError(self._explain(result.stdout))
            lines = plan.read_text(encoding="utf-8").splitlines()
        return [Job(**json.loads(line)) for line in lines], result.stdout

    def _explain(self, text: str) -> str:
        """Return Snakemake's message without what surrounds it, with the nearest target to one that does not exist."""
        message = "\n".join(line for line in text.splitlines() if not _NOISE.match(line))
        unknown = _NO_RULE.search(text)
        if not unknown:
            return f"Snakemake says:\n{message}"
        jobs = [job for job in self.all_jobs([EVERYTHING]) if "chunk" not in job.wildcards]
        known = [output for job in jobs for output in job.outputs]
        known += [output.replace(".csv", ".seeds.csv") for job in jobs if job.rule == "table" for output in job.outputs]
        close = difflib.get_close_matches(unknown[1], known, n=1, cutoff=0.6)
        hint = f"did you mean {close[0]}?" if close else "`snakemake -n` lists what can be asked for"
        return f"{unknown[1]}: no rule makes this; {hint}"


def _environment() -> dict[str, str]:
    """Return the environment in which Snakemake finds the plugin."""
    path = [str(Path("workflow", "plugins").resolve()), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}

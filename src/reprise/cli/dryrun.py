"""Snakemake's own dry run, read as data.

Snakemake runs as a separate process, with the logger plugin of this project, which writes the jobs and their reasons
as JSON.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reprise.cli.jobs import DryRun, Job
from reprise.cli.nearest import did_you_mean
from reprise.cli.planned import read_plan
from reprise.storage.errors import DataError

# The frames of a traceback of Python, and empty lines: no part of a message.
_NOISE = re.compile(r"^(Traceback|\s+File \".*\", line|\s*$)")


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

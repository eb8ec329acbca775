"""Checks before jobs are given to Slurm, so that a run does not fail, or wait for ever, after it began."""

import math
import os
import re
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

from reprise.storage.errors import DataError, unknown_name
from reprise.storage.yaml_files import load_yaml

# Snakemake silently drops any other key of a profile that has a mapping as its value.
_MAPPINGS = {
    "batch", "config", "consider-ancient", "default-resources", "group-components", "groups", "resources",
    "set-resource-scopes", "set-resources", "set-scatter", "set-threads",
}  # fmt: skip
# The resources of a job that Snakemake and its executor for Slurm read.
_RESOURCES = {
    "clusters", "constraint", "cpus_per_gpu", "cpus_per_task", "disk", "disk_mb", "gpu", "gpu_model", "gres", "mem",
    "mem_mb", "mem_mb_per_cpu", "mpi", "nodes", "qos", "runtime", "slurm_account", "slurm_extra", "slurm_partition",
    "tasks", "tasks_per_gpu", "tasks_per_node", "tmpdir",
}  # fmt: skip
_SECONDS = 30
# The executor trusts squeue only if it shows finished jobs for this number of the executor's first intervals.
_INTERVALS = 3


def check_slurm(workflow: Any, folder: Path) -> None:
    """Stop with a sentence where Snakemake would fail job by job, or wait for ever.

    Args:
        workflow: Snakemake's workflow, in which nothing was started yet
        folder: the folder of the profile; bin/ in it holds a sacct for clusters that keep no accounts

    Raises:
        DataError: Slurm's commands are missing, its controller does not answer, it has no such partition, a job asks
            for more time than its partition allows, the profile has names that nothing knows, or jobs would be
            forgotten before their state is read
    """
    check_profile(folder / "profile.yaml", {rule.name for rule in workflow.rules})
    settings = _controller_settings()
    _check_partitions(workflow)
    _check_memory_of_jobs(settings, workflow.executor_settings.init_seconds_before_status_checks)
    if settings["AccountingStorageType"].endswith("/none"):
        os.environ["PATH"] = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"


def check_profile(path: Path, rules: Collection[str]) -> None:
    """Check the names in a profile; DataError for those that Snakemake would ignore."""
    profile = load_yaml(path)
    for key, value in profile.items():
        if isinstance(value, dict) and key not in _MAPPINGS:
            raise unknown_name(str(path), key, _MAPPINGS)
    for key in ("set-resources", "set-threads", "groups"):
        for rule in profile.get(key) or {}:
            if rule not in rules:
                raise unknown_name(f"{path}: {key}", rule, rules)
    for name in profile.get("default-resources") or {}:
        if name not in _RESOURCES:
            raise unknown_name(f"{path}: default-resources", name, _RESOURCES)


def _controller_settings() -> dict[str, str]:
    if shutil.which("sbatch") is None:
        raise DataError(
            "sbatch: there is no such command on this machine; start where jobs can be submitted to Slurm, or without "
            "Slurm: snakemake --cores N <target>"
        )
    lines = _ask("scontrol", "show", "config").splitlines()
    return {key.strip(): value.strip() for key, found, value in (line.partition("=") for line in lines) if found}


def _ask(*command: str) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        failure = result.stderr.strip() if result.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"no answer within {_SECONDS} seconds"
    if failure:
        raise DataError(
            f"{command[0]}: the controller of Slurm does not answer ({failure}); nothing was submitted. Start again "
            "when `scontrol ping` says UP"
        )
    return result.stdout


def _check_partitions(workflow: Any) -> None:
    found = [line.split("|") for line in _ask("sinfo", "--noheader", "--format=%P|%l").splitlines()]
    default = [name.rstrip("*") for name, _ in found if name.endswith("*")]
    limits = {name.rstrip("*"): _minutes(limit) for name, limit in found}
    for job in workflow.dag.needrun_jobs():
        if not workflow.is_local(job.rule):
            _check_partition(job, str(job.resources.get("slurm_partition") or ",".join(default)), limits)


def _check_partition(job: Any, partition: str, limits: dict[str, float]) -> None:
    if not partition:
        raise DataError(
            "slurm_partition: is not set, and this cluster has no default partition; name one under default-resources "
            f"in the profile: {', '.join(limits)}"
        )
    for name in partition.split(","):
        if name not in limits:
            raise unknown_name("slurm_partition", name, limits)
    longest = max(limits[name] for name in partition.split(","))
    runtime = job.resources.get("runtime")
    if isinstance(runtime, int) and runtime > longest:
        raise DataError(
            f"{job.rule}: asks for {runtime} minutes, and partition {partition} allows {longest:.0f}, so that it would "
            "never start; set another runtime or slurm_partition for it under set-resources in the profile"
        )


def _minutes(limit: str) -> float:
    """Return the minutes of a time as Slurm writes it: [days-][[hours:]minutes:]seconds, or infinite."""
    if limit == "infinite":
        return math.inf
    days, _, clock = limit.rpartition("-")
    seconds = 0
    for part in clock.split(":"):
        seconds = 60 * seconds + int(part)
    return 1440 * int(days or 0) + seconds / 60


def _check_memory_of_jobs(settings: dict[str, str], interval: int) -> None:
    age = int(re.sub(r"\D.*", "", settings["MinJobAge"]))
    if age < _INTERVALS * interval:
        raise DataError(
            f"slurm-init-seconds-before-status-checks: {interval} is too long for this cluster, which forgets finished "
            f"jobs after {age} seconds; set it to {age // _INTERVALS} or less in the profile"
        )

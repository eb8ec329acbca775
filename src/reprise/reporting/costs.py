"""What the jobs behind a table cost, from the records in its provenance."""

from collections.abc import Mapping
from typing import Any


def stage_costs(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sum the jobs that led to a table, rule by rule.

    A job with several outputs counts once.

    Args:
        provenance: the content of the provenance of a table

    Returns:
        one entry for each rule, after all rules that it takes files from: ``stage``, ``jobs``, ``seconds`` by the
        clock of all its jobs, ``bytes`` of what they wrote, and ``after``, the rules that it takes files from
    """
    jobs = {**provenance.get("jobs", {}), **dict.fromkeys(provenance["outputs"], provenance)}
    stages: dict[str, dict[str, Any]] = {}
    counted = set()
    for path, job in jobs.items():
        entry = stages.setdefault(job["rule"], {"jobs": 0, "seconds": 0.0, "bytes": 0, "after": set()})
        entry["after"] |= {jobs[name]["rule"] for name in job["inputs"] if name in jobs} - {job["rule"]}
        if path in job["outputs"]:
            entry["bytes"] += job["outputs"][path]["bytes"]
        identity = job["rule"], tuple(sorted(job["wildcards"].items()))
        if identity not in counted:
            counted.add(identity)
            entry["jobs"] += 1
            entry["seconds"] += job["seconds"]
    return [
        {"stage": stage, **entry, "after": sorted(entry["after"])}
        for stage, entry in ((stage, stages[stage]) for stage in _in_order(stages))
    ]


def _in_order(stages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Order rules so that each comes after those it takes files from; rules of a circle, as of steps, by name."""
    order: list[str] = []
    left = sorted(stages)
    while left:
        ready = [stage for stage in left if not (set(stages[stage]["after"]) & set(left)) - {stage}] or left[:1]
        order += ready
        left = [stage for stage in left if stage not in ready]
    return order


def machines(provenance: Mapping[str, Any]) -> list[str]:
    """List the processors and accelerators that the jobs of a table ran on."""
    found: dict[str, None] = {}
    for job in (*provenance.get("jobs", {}).values(), provenance):
        hardware = job.get("hardware", {})
        parts = [str(hardware.get("processor") or "unknown processor"), f"{hardware.get('cores')} cores"]
        found[", ".join([*parts, *([str(hardware["gpu"])] if hardware.get("gpu") else [])])] = None
    return list(found)

"""The jobs of a workflow of Snakemake, as data.

Records of its log have reasons only as English sentences; in the objects of the workflow they are data.
"""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reprise.cli.jobs import TARGETS, DryRun, Job, Reason
from reprise.cli.nearest import unknown_targets
from reprise.cli.stages import stage_folders
from reprise.storage.atomic import write_text


def planned(workflow: Any, order: Iterable[int]) -> DryRun:
    """Describe the jobs of a workflow.

    Args:
        workflow: Snakemake's, with its graph of jobs
        order: identifiers of the jobs that would run, in the order of a run
    """
    dag = workflow.dag
    every = {dag.jobid(job): job for level in dag.toposorted() for job in sorted(level, key=dag.jobid)}
    running = {dag.jobid(job) for job in dag.needrun_jobs(exclude_finished=False)}
    described = {number: _described(job, dag.reason(job)) for number, job in every.items() if job.output}
    would_run = [described[number] for number in dict.fromkeys(order) if number in running and number in described]
    return DryRun(would_run, list(described.values()), *_folders(workflow))


def jobs_to_run(workflow: Any) -> tuple[dict[int, Job], list[Path]]:
    """The jobs that will run and make files, by Snakemake's identifiers; and the folders with records of earlier ones.

    The jobs are in an order in which they could run.
    """
    dag = workflow.dag
    running = set(dag.needrun_jobs())
    ordered = (job for level in dag.toposorted() for job in sorted(level, key=dag.jobid))
    jobs = {dag.jobid(job): _described(job, dag.reason(job)) for job in ordered if job in running and job.output}
    return jobs, stage_folders(jobs.values(), DryRun([], [], *_folders(workflow)))


def _folders(workflow: Any) -> tuple[str, str]:
    """The folders of the output and of the data of a configuration."""
    resources = next(rule.resources for rule in workflow.rules if rule.name == TARGETS)
    return str(resources["output"].value), str(resources["data"].value)


def _described(job: Any, reason: Any) -> Job:
    """Describe one job of Snakemake, and Snakemake's reason to run it."""
    return Job(
        rule=job.rule.name,
        wildcards=dict(job.wildcards_dict),
        inputs=list(map(str, job.input)),
        outputs=list(map(str, job.output)),
        logs=[str(file) for file in [*job.log, *([job.benchmark] if job.benchmark else [])]],
        threads=job.threads,
        recipe=job.params.recipe if hasattr(job.params, "recipe") else None,
        resources={name: value for name, value in job.resources.items() if isinstance(value, int | str)},
        without_metadata=bool(reason.no_metadata),
        reason=Reason(
            forced=reason.forced,
            missing_output=sorted(map(str, reason.missing_output)),
            incomplete_output=sorted(map(str, reason.incomplete_output)),
            # Those of other jobs are what those jobs are the cause of.
            updated_input=sorted(map(str, reason.updated_input - reason.updated_input_run)),
            input_changed=bool(reason.input_changed),
            # Params as Snakemake keeps them, by their repr; the change is no object where there is none.
            params_before=sorted(getattr(reason.params_changed, "only_old", ())),
            params_now=sorted(getattr(reason.params_changed, "only_new", ())),
        ),
    )


def write_plan(path: str, followed: Sequence[Any], order: Iterable[int], errors: Sequence[str]) -> None:
    """Write a dry run, or why there is none, for another process.

    Args:
        path: the file
        followed: the workflow; empty if its files could not be read
        order: identifiers of the jobs that would run, in order
        errors: what Snakemake said at the level of an error
    """
    plan: dict[str, Any] = {"errors": list(errors)}
    if followed and errors:
        plan["unknown_targets"] = unknown_targets(followed[-1])
    elif followed:
        plan.update(dataclasses.asdict(planned(followed[-1], order)))
    write_text(path, json.dumps(plan))


def read_plan(path: Path) -> dict[str, Any]:
    """Read what :func:`write_plan` wrote, with jobs in place of mappings; empty without the file."""
    plan: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for key in ("jobs", "every"):
        if key in plan:
            plan[key] = [Job(**{**entry, "reason": Reason(**entry["reason"])}) for entry in plan[key]]
    return plan

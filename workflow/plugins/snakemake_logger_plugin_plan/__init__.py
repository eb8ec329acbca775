"""Logger plugin that writes a dry run as JSON, with Snakemake's own reason for every job, for `reprise explain`.

Snakemake finds logger plugins by their names on the Python path; this one is chosen by `--logger plan`. Log records
have reasons only as English sentences, so the Snakefile hands over its workflow, where they are data.
"""

import json
from dataclasses import dataclass, field
from logging import ERROR, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

_followed: list[Any] = []


def follow(workflow: Any) -> None:
    """Take the jobs and their reasons from ``workflow`` (called by the Snakefile)."""
    _followed.append(workflow)


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """The settings of the plugin.

    Attributes:
        path: the file that the plan is written to
    """

    path: str = field(default="", metadata={"help": "File that the plan is written to.", "required": True})


class LogHandler(LogHandlerBase):
    """Writes the jobs of a dry run; Snakemake finds the class by this name."""

    writes_to_stream = False
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self._job_ids: list[int] = []
        self._errors: list[str] = []

    def emit(self, record: LogRecord) -> None:
        """Note the order of the jobs, and errors; nothing else, because this runs in a thread beside the workflow."""
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            self._job_ids.append(record.jobid)
        elif record.levelno >= ERROR:
            self._errors.append(record.getMessage())

    def close(self) -> None:
        """Write the plan, when the workflow has ended."""
        plan: dict[str, Any] = {"unknown_targets": [], "errors": self._errors}
        if _followed and self._errors:
            plan["unknown_targets"] = _unknown_targets(_followed[-1])
        elif _followed:
            dag = _followed[-1].dag
            jobs = {dag.jobid(job): job for job in dag.needrun_jobs(exclude_finished=False)}
            plan["jobs"] = [_described(jobs[number], dag.reason(jobs[number])) for number in self._job_ids]
            levels = (sorted(level, key=dag.jobid) for level in dag.toposorted())
            plan["every"] = [_described(job, dag.reason(job)) for level in levels for job in level]
        Path(self.settings.path).write_text(json.dumps(plan), encoding="utf-8")
        super().close()


def _described(job: Any, reason: Any) -> dict[str, Any]:
    return {
        "rule": job.rule.name,
        "wildcards": dict(job.wildcards_dict),
        "inputs": list(map(str, job.input)),
        "outputs": list(map(str, job.output)),
        "logs": [str(file) for file in [*job.log, *([job.benchmark] if job.benchmark else [])]],
        "threads": job.threads,
        "recipe": job.params.recipe if hasattr(job.params, "recipe") else None,
        "resources": {name: value for name, value in job.resources.items() if isinstance(value, int | str)},
        "without_metadata": bool(reason.no_metadata),
        "reason": {
            "forced": reason.forced,
            "missing_output": sorted(map(str, reason.missing_output)),
            "incomplete_output": sorted(map(str, reason.incomplete_output)),
            # Those of other jobs are what those jobs are the cause of.
            "updated_input": sorted(map(str, reason.updated_input - reason.updated_input_run)),
            "input_changed": bool(reason.input_changed),
            # Params as Snakemake keeps them, by their repr; the change is no object where there is none.
            "params_before": sorted(getattr(reason.params_changed, "only_old", ())),
            "params_now": sorted(getattr(reason.params_changed, "only_new", ())),
        },
    }


def _unknown_targets(workflow: Any) -> list[str]:
    """The targets that are no rule, no file that a rule makes, and no file that exists."""
    targets = workflow.dag_settings.targets if workflow.dag_settings else ()
    return [
        target
        for target in sorted(map(str, targets))
        if not workflow.is_rule(target)
        and not Path(target).exists()
        and not any(rule.is_producer(target) for rule in workflow.rules)
    ]

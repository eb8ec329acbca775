"""``reprise explain``: what would run, why, and how long it would take."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reprise.cli.causes import own_causes
from reprise.cli.dryrun import Snakemake
from reprise.cli.estimate import estimated
from reprise.cli.history import Durations, all_records
from reprise.cli.jobs import EVERYTHING, DryRun, Job
from reprise.cli.kept import existing, kept_lines
from reprise.cli.stages import stage_folders
from reprise.cli.words import counted, duration, jobs_in_words


def explain(snakemake: Snakemake, targets: Sequence[str], scripts: Path) -> str:
    """Describe what a run for ``targets`` would do, in sentences.

    Args:
        snakemake: makes the dry run
        targets: the targets; empty for all tables
        scripts: the folder with the script of every stage
    """
    return explained(snakemake.plan(targets), targets, snakemake, scripts)


def explained(plan: DryRun, targets: Sequence[str], snakemake: Snakemake, scripts: Path) -> str:
    """Describe what a dry run says, in sentences.

    Args:
        plan: the dry run
        targets: its targets
        snakemake: makes further dry runs
        scripts: the folder with the script of every stage
    """
    every = plan.every
    lines = kept_lines(plan)
    name = ", ".join("all tables" if target == EVERYTHING else target for target in targets)
    if not plan.jobs:
        return "\n".join([f"{name}: nothing {'would run' if lines else 'to do'}; {existing(every)}.", *lines])
    causes = all_causes(snakemake, plan.jobs, scripts)
    records = list(all_records(stage_folders(every, plan), every).values())
    first = f"{name}: {counted(len(plan.jobs), 'job')} of {len(every):,} would run"
    if len(plan.jobs) == len(every) and not records:
        first += "; nothing was computed before"
    return "\n".join(
        [f"{first}.", *_by_cause(plan.jobs, causes), *_untouched(plan.jobs, every),
         _time(plan.jobs, Durations(records), snakemake.cores), *_consents(plan.jobs), *lines]
    )  # fmt: skip


def all_causes(snakemake: Snakemake, jobs: Sequence[Job], scripts: Path) -> dict[Job, set[str]]:
    """Collect the reasons of every job: its own, and those of the jobs that it waits for.

    Args:
        snakemake: makes dry runs
        jobs: the jobs that would run
        scripts: the folder with the script of every stage
    """
    own = {job: own_causes(job, scripts) for job in jobs}
    _find_hidden(snakemake, own, scripts)
    makers = {output: job for job in jobs for output in job.outputs}
    causes: dict[Job, set[str]] = {}

    def trace(job: Job) -> set[str]:
        if job not in causes:
            causes[job] = set(own[job])
            for file in job.inputs:
                if file in makers:
                    causes[job] |= trace(makers[file])
        return causes[job]

    for job in jobs:
        trace(job)
    return causes


def _find_hidden(snakemake: Snakemake, own: dict[Job, list[str]], scripts: Path) -> None:
    """Add the reasons that Snakemake does not look for in jobs that run anyway because of one before them.

    It does when only their rules are allowed to run: first all rules at once; then, for jobs after one that was found
    this way, and where other jobs of the rule run for reasons of their own, each rule alone.
    """
    hidden = {
        job.outputs[0]: job
        for job, causes in own.items()
        if not causes and all(Path(file).exists() for file in (*job.inputs, *job.outputs))
    }
    apart = {job.rule for job, causes in own.items() if causes}
    together = {output: job for output, job in hidden.items() if job.rule not in apart}
    waiting = {output: job for output, job in hidden.items() if job.rule in apart}

    def look(jobs: Mapping[str, Job]) -> dict[str, list[str]]:
        rules = sorted({job.rule for job in jobs.values()})
        found = snakemake.changed(jobs, rules) if jobs else []
        return {job.outputs[0]: own_causes(job, scripts) for job in found if job.outputs[0] in jobs}

    for output, causes in look(together).items():
        if causes:
            own[hidden[output]] = causes
        else:
            waiting[output] = hidden[output]
    by_rule: dict[str, dict[str, Job]] = {}
    for output, job in waiting.items():
        by_rule.setdefault(job.rule, {})[output] = job
    with ThreadPoolExecutor() as pool:
        for causes_of in pool.map(look, by_rule.values()):
            for output, causes in causes_of.items():
                own[hidden[output]] = causes


def _by_cause(jobs: Sequence[Job], causes: Mapping[Job, set[str]]) -> list[str]:
    """Format one line per set of jobs that have the same reasons."""
    groups: dict[str, list[str]] = {}
    for job in jobs:
        for cause in causes[job] or {"for a reason of Snakemake's: see snakemake -n"}:
            groups.setdefault(cause, []).append(job.rule)
    merged: dict[tuple[str, ...], list[str]] = {}
    for cause, rules in groups.items():
        merged.setdefault(tuple(rules), []).append(cause)
    lines = [f"  {'; '.join(sorted(names))}: {jobs_in_words(rules)}" for rules, names in merged.items()]
    if sum(map(len, merged)) > len(jobs):
        lines.append("  (a job with several causes is counted under each)")
    return lines


def _untouched(jobs: Iterable[Job], every: Sequence[Job]) -> list[str]:
    running = {output for job in jobs for output in job.outputs}
    rules = [job.rule for job in every if running.isdisjoint(job.outputs)]
    return [f"  untouched: {jobs_in_words(rules)}"] if rules else []


def _consents(jobs: Iterable[Job]) -> list[str]:
    asked = {str(job.resources.get("to_be_accepted") or "") for job in jobs if job.rule == "download"} - {""}
    if not asked:
        return []
    return [f"Licences that ask for consent first: {', '.join(sorted(asked))}; see reprise downloads TARGET."]


def _time(jobs: Sequence[Job], durations: Durations, cores: int) -> str:
    known = {job: seconds for job in jobs if (seconds := durations.seconds(job)) is not None}
    unknown = [job.rule for job in jobs if job not in known]
    if not known:
        return "How long it takes is unknown: no job like these was recorded yet."
    text = f"About {duration(estimated(jobs, known, cores))} on {counted(cores, 'core')}, by earlier runs"
    if unknown:
        text += f"; not counted, because none like them was recorded yet: {jobs_in_words(unknown)}"
    return f"{text}."

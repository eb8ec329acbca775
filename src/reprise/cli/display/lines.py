"""A run in lines: one for each stage, with the running jobs below it."""

import dataclasses
from collections.abc import Mapping, Sequence

from reprise.cli.display.failures import job_name
from reprise.cli.display.logs import progress_in
from reprise.cli.display.state import Run
from reprise.cli.estimate import estimated
from reprise.cli.jobs import Job
from reprise.cli.words import counted, duration, noun

_BAR = 16
_RUNNING = 4  # jobs of a stage that are shown


def screen_lines(run: Run, seconds: Mapping[int, float], now: float, height: int) -> list[str]:
    """The lines of a terminal: stages with bars, running jobs with their progress, and how far it all is.

    Args:
        run: the run
        seconds: how long each job takes, as far as that is known
        now: the time, in seconds
        height: the most lines
    """
    names = {rule: noun(rule)[1] for rule in run.totals}
    width = max(map(len, names.values()), default=0)
    stages: list[tuple[str, list[str]]] = []
    for rule, total in run.totals.items():
        done = run.done(rule)
        text = f"  {names[rule]:<{width}}  {_bar(done, total)}  {done:>6,} of {total:<6,}"
        failed = sum(run.jobs[number].rule == rule for number in run.failures if number in run.jobs)
        if failed:
            text += f"  {failed:,} failed"
        running = run.running(rule)
        if rule in run.queued:
            text += f"  {in_queue(run, rule)}"
        elif running:
            text += f"  {time_left(run, seconds, now, run.waiting(rule))}"
        stages.append((text.rstrip(), [f"      {_job_line(run, number)}" for number in running[:_RUNNING]]))
    first, last = headline(run), overall(run, seconds, now)
    lines = [line for text, jobs in stages for line in (text, *jobs)]
    if len(lines) + 2 > height:  # a small window has those that run
        lines = [line for text, jobs in stages if jobs for line in (text, *jobs)][: max(0, height - 2)]
    return [first, *lines, last]


def headline(run: Run) -> str:
    """What is made, and by how many jobs."""
    where = f" on {counted(run.cores, 'core')}" if run.local else f", at most {run.cores:,} submitted at once"
    return f"{run.target}: {counted(run.total, 'job')}{where}"


def overall(run: Run, seconds: Mapping[int, float], now: float) -> str:
    """How far the run is."""
    text = f"{len(run.took):,} of {counted(run.total, 'job')} done after {duration(now - run.began)}"
    if run.failures:
        text += f", {len(run.failures):,} failed"
    if run.queued and (queue := in_queue(run)):
        text += f"; {queue}"
    left = time_left_in_all(run, seconds, now)
    return f"{text}; {left}" if left and len(run.took) < run.total else text


def in_queue(run: Run, rule: str | None = None) -> str:
    """How many jobs, of one rule or of all, have begun, and of how many others no more is known than their submission.

    Empty where there are none.
    """
    begun, submitted = len(run.running(rule)), len(run.submitted(rule))
    parts = [f"{begun:,} begun" if begun else "", f"{submitted:,} submitted, not heard of yet" if submitted else ""]
    return ", ".join(filter(None, parts))


def running_lines(run: Run) -> list[str]:
    """The running jobs, with their progress."""
    return [_job_line(run, number) for number in run.running()[:_RUNNING]]


def time_left(run: Run, seconds: Mapping[int, float], now: float, numbers: Sequence[int]) -> str:
    """How long some jobs will take still; empty where nothing is known of most of them.

    Args:
        run: the run
        seconds: how long each job takes, as far as that is known
        now: the time, in seconds
        numbers: the jobs
    """
    known: dict[Job, float] = {}
    for number in numbers:
        if number in seconds:
            known[_counted(run, number)] = max(1.0, seconds[number] - _elapsed(run, number, now))
    unknown = len(numbers) - len(known)
    if not known or unknown > len(known):
        return ""
    left = estimated([_counted(run, number) for number in numbers], known, run.cores)
    return f"about {duration(left)} left" + (f", without {counted(unknown, 'job')}" if unknown else "")


def time_left_in_all(run: Run, seconds: Mapping[int, float], now: float) -> str:
    """How long all jobs will take still; how long they wait in the queue of a cluster, nobody knows."""
    left = time_left(run, seconds, now, run.waiting())
    return f"{left}, if none waits in the queue" if left and run.queued else left


def _elapsed(run: Run, number: int, now: float) -> float:
    """The seconds for which a job runs; of a submitted one nobody knows since when."""
    known = number in run.started and run.jobs[number].rule not in run.queued
    return now - run.started[number] if known else 0.0


def _counted(run: Run, number: int) -> Job:
    """A job with the cores that it takes of those of the run; on a cluster, jobs are counted, and not their cores."""
    return run.jobs[number] if run.local else dataclasses.replace(run.jobs[number], threads=1)


def _job_line(run: Run, number: int) -> str:
    job = run.jobs[number]
    progress = next(filter(None, (progress_in(log, run.started[number]) for log in job.logs[:1])), "")
    name = job_name(job.rule, job.wildcards)
    return f"{name}: {progress}" if progress else name


def _bar(done: int, total: int) -> str:
    filled = done * _BAR // total if total else _BAR
    return f"[{'#' * filled}{'.' * (_BAR - filled)}]"

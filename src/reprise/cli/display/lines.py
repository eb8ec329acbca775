"""A run in lines: one for each stage, with the running jobs below it."""

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
        if running:
            text += f"  {time_left(run, seconds, now, run.waiting(rule))}"
        stages.append((text.rstrip(), [f"      {_job_line(run, number)}" for number in running[:_RUNNING]]))
    first, last = headline(run), overall(run, seconds, now)
    lines = [line for text, jobs in stages for line in (text, *jobs)]
    if len(lines) + 2 > height:  # a small window has those that run
        lines = [line for text, jobs in stages if jobs for line in (text, *jobs)][: max(0, height - 2)]
    return [first, *lines, last]


def headline(run: Run) -> str:
    """What is made, and by how many jobs."""
    where = f"on {counted(run.cores, 'core')}" if run.local else f"of which {run.cores:,} may be in the queue or run"
    return f"{run.target}: {counted(run.total, 'job')} {where}"


def overall(run: Run, seconds: Mapping[int, float], now: float) -> str:
    """How far the run is."""
    text = f"{len(run.took):,} of {counted(run.total, 'job')} done after {duration(now - run.began)}"
    if run.failures:
        text += f", {len(run.failures):,} failed"
    left = time_left(run, seconds, now, run.waiting())
    return f"{text}; {left}" if left and len(run.took) < run.total else text


def running_lines(run: Run) -> list[str]:
    """The running jobs, with their progress."""
    return [_job_line(run, number) for number in list(run.started)[:_RUNNING]]


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
            elapsed = now - run.started[number] if number in run.started else 0.0
            known[run.jobs[number]] = max(1.0, seconds[number] - elapsed)
    unknown = len(numbers) - len(known)
    if not known or unknown > len(known):
        return ""
    left = estimated([run.jobs[number] for number in numbers], known, run.cores)
    return f"about {duration(left)} left" + (f", without {counted(unknown, 'job')}" if unknown else "")


def _job_line(run: Run, number: int) -> str:
    job = run.jobs[number]
    progress = next(filter(None, (progress_in(log, run.started[number]) for log in job.logs[:1])), "")
    name = job_name(job.rule, job.wildcards)
    return f"{name}: {progress}" if progress else name


def _bar(done: int, total: int) -> str:
    filled = done * _BAR // total if total else _BAR
    return f"[{'#' * filled}{'.' * (_BAR - filled)}]"

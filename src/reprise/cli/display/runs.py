"""Display of a run: a bar for each stage on a terminal, now and then a line elsewhere; at the end, what failed."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from logging import WARNING, Handler, LogRecord
from pathlib import Path
from typing import Any, TextIO

from reprise.cli.display.dry_runs import print_hints
from reprise.cli.display.failures import failure_lines, job_name, reason_of_cluster
from reprise.cli.display.lines import headline, overall, running_lines, screen_lines, time_left_in_all
from reprise.cli.display.records import event, is_usual, names_no_target
from reprise.cli.display.screen import Screen
from reprise.cli.display.state import Failure, Run
from reprise.cli.history import Durations, all_records, read_record
from reprise.cli.jobs import Job
from reprise.cli.planned import jobs_to_run
from reprise.cli.words import noun
from reprise.storage.errors import DataError

# Seconds between two drawings, between two looks at the clock where nothing is drawn, and between two estimates.
_REDRAW, _LOOK, _ESTIMATE = 0.5, 5.0, 5.0
_REST = 20  # where an estimate takes long, so many times as long until the next
# Where nothing is drawn, the seconds without a line after which one says how far the run is; twice that the next time.
_SILENCE, _LONGEST_SILENCE = 60.0, 600.0
# What Snakemake says of a job that failed and has attempts left, and at the end of a run in which a job failed.
_AGAIN = "Trying to restart job "
_FAILED = ("Exiting because a job execution failed", "At least one job did not complete")


class RunDisplay:
    """Shows a run.

    Args:
        followed: the workflow, once its files were read
        default: Snakemake's own handler, for all that is not about jobs
        stream: where to
        nocolor: whether the user wants no control sequences
    """

    def __init__(self, followed: Sequence[Any], default: Handler, stream: TextIO, nocolor: bool):
        self._followed, self._default, self._stream = followed, default, stream
        drawing = stream.isatty() and not nocolor and os.environ.get("TERM") != "dumb"
        self._screen = Screen(stream) if drawing else None
        self._run: Run | None = None
        self._seconds: dict[int, float] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._clock: threading.Thread | None = None
        self._spoken, self._silence = time.time(), _SILENCE
        self._begun: list[str] | None = []  # what is said before the first line, which has to wait for an estimate
        self._learnt: set[int] = set()  # jobs whose time is among the durations
        self._broken: Exception | None = None
        self._held: list[LogRecord] = []
        self._log = ""

    def starts(self) -> None:
        """Take the jobs, and begin to show them."""
        workflow = self._followed[-1]
        targets = ", ".join(sorted(map(str, workflow.dag_settings.targets))) or "all"
        given = workflow.resource_settings
        run = Run(targets, given.cores or given.nodes or 1, local=workflow.local_exec, began=time.time())
        jobs, folders = jobs_to_run(workflow)
        if not jobs:
            return
        run.expect(jobs)
        run.queued = frozenset(rule.name for rule in workflow.rules if not workflow.is_local(rule)) & run.totals.keys()
        with self._lock:
            self._run = run
        self._clock = threading.Thread(target=self._watch, args=(run, folders), daemon=True)
        self._clock.start()

    def take(self, record: LogRecord) -> None:
        """Take one record."""
        if self._broken:
            raise self._broken
        kind, told = event(record), record.__dict__
        with self._lock:
            if kind == "job_info":
                self._started(told, record.created)
            elif kind == "job_finished":
                self._finished(told["job_id"], record.created)
            elif kind == "job_error":
                self._failed(told["jobid"], told["rule_name"], told)
            elif kind == "group_error":
                for job in told["job_error_info"]:
                    self._failed(job["jobid"], job["rule_name"], job)
            elif record.getMessage().startswith(_AGAIN):
                self._again(record.getMessage().removeprefix(_AGAIN).rstrip("."))
            elif record.levelno >= WARNING or (self._run is None and not is_usual(record)):
                self._say_as_it_is(record)
            elif record.getMessage().startswith("Complete log(s):"):
                self._log = record.getMessage().partition(":")[2].strip()

    def ends(self) -> None:
        """Show the last state, and what failed."""
        self._over.set()
        if self._clock:
            self._clock.join(timeout=_LOOK)
        with self._lock:
            if self._run is None:
                return
            self._draw()
            if self._screen is None and self._begun is not None:
                self._say_first(headline(self._run))
            for record in self._held:
                if not (self._run.failures and _says_less(record)):
                    self._default.handle(record)
            if self._screen is None:
                print(f"{self._run.target}: {overall(self._run, {}, time.time())}", file=self._stream)
            lines = failure_lines(self._run.failures)
            if lines and self._log:
                lines.append(f"All that Snakemake says: {self._log}")
            for line in lines:
                print(line, file=self._stream)
            self._stream.flush()

    def _started(self, told: Mapping[str, Any], now: float) -> None:
        if self._run is None:
            if told["rule_msg"]:
                print(told["rule_msg"], file=self._stream)
            return
        files = {"inputs": told["input"], "outputs": told["output"], "logs": told["log"]}
        self._run.start(told["jobid"], told["rule_name"], told["wildcards"], files, told["threads"], now)

    def _finished(self, number: int, now: float) -> None:
        run = self._run
        if run is None or number not in run.jobs:
            return
        run.finish(number, now)
        rule = run.jobs[number].rule
        if self._screen is None and run.done(rule) == run.totals.get(rule):
            done = f"{run.done(rule):,} of {run.totals[rule]:,} {noun(rule)[1]} done"
            self._say(f"{done}; {overall(run, self._seconds, now)}")

    def _failed(self, number: int, rule: str, told: Mapping[str, Any]) -> None:
        run = self._run
        if run is None or (number in run.failures and number not in run.started):  # Snakemake says it twice
            return
        wildcards = run.jobs[number].wildcards if number in run.jobs else {}
        messages = [told.get("rule_msg") or "", *(f"{key}: {value}" for key, value in (told.get("aux") or {}).items())]
        message, on_cluster = "\n".join(filter(None, messages)), rule in run.queued
        failure = Failure(job_name(rule, wildcards), message, list(told["log"]), on_cluster)
        run.fail(number, failure)
        at_once = "; ".join(reason_of_cluster(failure))
        self._say(f"FAILED: {failure.name}; {at_once or 'jobs that run go on, and the reason follows at the end'}")

    def _again(self, number: str) -> None:
        if self._run is None:
            return
        job = self._run.jobs.get(int(number)) if number.isdecimal() else None  # a group has a name of its own
        self._say(f"Tried again: {job_name(job.rule, job.wildcards) if job else 'the jobs of a group'}")

    def _say_as_it_is(self, record: LogRecord) -> None:
        """Let Snakemake put a message; what it says of a job that failed is kept until there is no better word."""
        if self._run is not None and (event(record) == "error" or record.getMessage().startswith(_FAILED)):
            self._held.append(record)
            return
        if self._screen:
            self._screen.clear()
        self._default.handle(record)
        if names_no_target(record) and self._followed:
            print_hints(self._followed[-1], self._stream)

    def _say(self, line: str) -> None:
        if self._screen:
            self._screen.clear()
        elif self._begun is not None:
            self._begun.append(line)
            return
        print(line, file=self._stream, flush=True)
        self._spoken, self._silence = time.time(), _SILENCE

    def _say_first(self, line: str) -> None:
        early, self._begun = self._begun or [], None
        for text in (line, *early):
            self._say(text)

    def _draw(self) -> None:
        if self._run is not None and self._screen is not None:
            known = {} if self._over.is_set() else self._seconds
            self._screen.draw(screen_lines(self._run, known, time.time(), self._screen.height))

    def _watch(self, run: Run, folders: Sequence[Path]) -> None:
        """Draw, or now and then say how far the run is, until it is over; in a thread of its own."""
        try:
            self._tick(run, Durations(_records(folders, run)))
        except Exception as error:  # the next record brings it to where Snakemake's display takes over
            self._broken = error

    def _tick(self, run: Run, durations: Durations) -> None:
        self._estimate(durations, run)
        if self._screen is None:
            with self._lock:
                left = time_left_in_all(run, self._seconds, time.time())
                self._say_first(headline(run) + (f"; by earlier runs {left}" if left else ""))
        due, done, heard = time.time() + _ESTIMATE, len(run.took), 0.0
        while True:
            with self._lock:
                if time.time() > heard + _LOOK:
                    run.listen()
                    heard = time.time()
                if self._screen:
                    self._draw()
                else:
                    self._break_silence(run)
            if self._over.wait(_REDRAW if self._screen else _LOOK):
                return
            if time.time() > due and len(run.took) > done:
                began, done = time.time(), len(run.took)
                self._estimate(durations, run)
                due = time.time() + max(_ESTIMATE, _REST * (time.time() - began))

    def _break_silence(self, run: Run) -> None:
        now = time.time()
        if now - self._spoken < self._silence:
            return
        print("; ".join([overall(run, self._seconds, now), *running_lines(run)]), file=self._stream, flush=True)
        self._spoken, self._silence = now, min(2 * self._silence, _LONGEST_SILENCE)

    def _estimate(self, durations: Durations, run: Run) -> None:
        with self._lock:
            for number in run.took.keys() - self._learnt:
                job: Job = run.jobs[number]
                took = _recorded_seconds(job) if job.rule in run.queued else None
                durations.add(job.rule, job.wildcards, job.outputs, run.took[number] if took is None else took)
            self._learnt = set(run.took)
            waiting = run.waiting()
            found = {number: durations.seconds(run.jobs[number]) for number in waiting}
            self._seconds.update({number: seconds for number, seconds in found.items() if seconds is not None})


def _records(folders: Sequence[Path], run: Run) -> Sequence[dict]:
    """What earlier runs recorded; nothing where a record is damaged, which the job that reads it will say."""
    try:
        return list(all_records(folders, run.jobs.values()).values())
    except DataError:
        return []


def _recorded_seconds(job: Job) -> float | None:
    """How long a job took by its own record, without the time in the queue; None without any."""
    try:
        record = read_record(job.outputs[0])
    except DataError:  # which the job that reads it will say
        return None
    return record["seconds"] if record else None


def _says_less(record: LogRecord) -> bool:
    """Whether a message only says that some script failed, where the log of the job says why."""
    kinds = ("RuleException", "CalledProcessError")
    return getattr(record, "exception", "") in kinds or any(map(record.getMessage().__contains__, _FAILED))

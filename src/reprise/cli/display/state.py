"""What has happened in a run so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reprise.cli.display.logs import written_since
from reprise.cli.jobs import Job, Reason


@dataclass(frozen=True)
class Failure:
    """A job that failed.

    Attributes:
        name: what it makes, in words
        message: what Snakemake, or a cluster, says about it; empty where it says nothing
        logs: its log files
        on_cluster: whether it was submitted to a cluster
    """

    name: str
    message: str
    logs: list[str]
    on_cluster: bool = False


@dataclass
class Run:
    """The jobs of a run, by Snakemake's identifiers.

    Attributes:
        target: what was asked for
        cores: number of cores; on a cluster the number of jobs at once
        local: whether the jobs run on this machine
        queued: rules whose jobs are submitted to a cluster
        jobs: all that will run, as far as they are known before; in an order in which they could run
        totals: number of jobs of each rule
        started: when each running job was started, or submitted, in seconds
        heard: submitted jobs that wrote something into their logs since, so that they have begun
        took: seconds of each job that is done
        failures: jobs that failed, and were not done by a later attempt
        began: when the run began, in seconds
    """

    target: str
    cores: int
    local: bool = True
    queued: frozenset[str] = frozenset()
    jobs: dict[int, Job] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    started: dict[int, float] = field(default_factory=dict)
    heard: set[int] = field(default_factory=set)
    took: dict[int, float] = field(default_factory=dict)
    failures: dict[int, Failure] = field(default_factory=dict)
    began: float = 0.0
    _done: dict[str, int] = field(default_factory=dict)

    def expect(self, jobs: Mapping[int, Job]) -> None:
        """Take the jobs that will run."""
        self.jobs = dict(jobs)
        self.totals = {}
        for job in jobs.values():
            self.totals[job.rule] = self.totals.get(job.rule, 0) + 1

    def count(self, stats: Mapping[str, int]) -> None:
        """Take the number of jobs of each rule, where the jobs themselves are not known before."""
        if not self.jobs:
            self.totals = {rule: count for rule, count in stats.items() if rule != "total"}

    def start(self, number: int, rule: str, wildcards: Mapping[str, str], files: Mapping[str, Sequence[str]],
              threads: int, now: float) -> None:  # fmt: skip
        """Note that a job was started, or submitted.

        Args:
            number: Snakemake's identifier
            rule: its rule
            wildcards: its wildcards
            files: its ``inputs``, ``outputs`` and ``logs``
            threads: number of threads
            now: the time, in seconds
        """
        if number not in self.jobs and files["outputs"]:
            inputs, outputs, logs = (list(files[key]) for key in ("inputs", "outputs", "logs"))
            self.jobs[number] = Job(rule, dict(wildcards), inputs, outputs, logs, threads, Reason(), {})
        if number in self.jobs:
            self.started[number] = now
            self.heard.discard(number)

    def listen(self) -> None:
        """Look which of the submitted jobs have begun: a job writes its log from its first moment on.

        Whether another is in the queue, or being started, nobody tells.
        """
        for number in self.started:
            job = self.jobs[number]
            if job.rule in self.queued and number not in self.heard and any(
                written_since(log, self.started[number]) for log in job.logs[:1]
            ):  # fmt: skip
                self.heard.add(number)

    def finish(self, number: int, now: float) -> None:
        """Note that a job is done."""
        self.failures.pop(number, None)
        if number in self.jobs and number not in self.took:
            self.took[number] = now - self.started.pop(number, now)
            rule = self.jobs[number].rule
            self._done[rule] = self._done.get(rule, 0) + 1

    def fail(self, number: int, failure: Failure) -> None:
        """Note that a job failed; it may be started again."""
        self.started.pop(number, None)
        self.failures[number] = failure

    @property
    def total(self) -> int:
        """The number of all jobs."""
        return sum(self.totals.values())

    def done(self, rule: str) -> int:
        """The number of jobs of a rule that are done."""
        return self._done.get(rule, 0)

    def running(self, rule: str | None = None) -> list[int]:
        """The running jobs, of one rule or of all; of submitted ones those that are known to have begun."""
        return [
            number for number in self._of(rule) if number in self.heard or self.jobs[number].rule not in self.queued
        ]

    def submitted(self, rule: str | None = None) -> list[int]:
        """The jobs, of one rule or of all, that were submitted and of which nothing was heard yet."""
        return [
            number for number in self._of(rule) if number not in self.heard and self.jobs[number].rule in self.queued
        ]

    def _of(self, rule: str | None) -> list[int]:
        return [number for number in self.started if rule is None or self.jobs[number].rule == rule]

    def waiting(self, rule: str | None = None) -> list[int]:
        """The jobs, of one rule or of all, that are not done; running ones are among them."""
        return [
            number
            for number, job in self.jobs.items()
            if number not in self.took and (rule is None or job.rule == rule)
        ]

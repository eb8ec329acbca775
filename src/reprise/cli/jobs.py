"""Jobs of Snakemake, with its reasons to run them."""

from dataclasses import dataclass, field

# The rules of the Snakefile that make nothing: the list of targets, and all tables.
TARGETS, EVERYTHING = "targets", "everything"


@dataclass(frozen=True)
class Reason:
    """Why Snakemake would run a job.

    forced: because it was told to, whatever else there is
    missing_output, incomplete_output: files that do not exist, or were being written when their job ended
    updated_input: files that are newer than the output and differ from what the job read; none that a job would make
    input_changed: the job has other inputs than when it ran
    params_before, params_now: the params that differ, each as Snakemake keeps it, which is by its repr
    """

    forced: bool = False
    missing_output: list[str] = field(default_factory=list)
    incomplete_output: list[str] = field(default_factory=list)
    updated_input: list[str] = field(default_factory=list)
    input_changed: bool = False
    params_before: list[str] = field(default_factory=list)
    params_now: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """A job of Snakemake.

    Attributes:
        rule: the rule
        wildcards: wildcard -> value
        inputs: paths, as the rules write them
        outputs: paths, as the rules write them
        logs: paths, as the rules write them
        threads: number of threads
        reason: Snakemake's reason to run it
        resources: resource -> value
        recipe: what the result depends on, as JSON; None of a job without one
        without_metadata: whether Snakemake has no record of how the outputs were made, and takes them for current
    """

    rule: str
    wildcards: dict[str, str]
    inputs: list[str]
    outputs: list[str]
    logs: list[str]
    threads: int
    reason: Reason
    resources: dict[str, int | str] = field(repr=False)
    recipe: str | None = field(default=None, repr=False)
    without_metadata: bool = False

    def __hash__(self) -> int:
        return hash((self.rule, *self.outputs))


@dataclass(frozen=True)
class DryRun:
    """The jobs that would run.

    Attributes:
        jobs: those that would run, in an order in which they could run
        every: all that lead to the targets, whether they would run or not, in such an order, too
        output: the output folder of the configuration
        data: the data folder of the configuration
    """

    jobs: list[Job]
    every: list[Job]
    output: str
    data: str

    @property
    def kept(self) -> list[Job]:
        """The jobs that would not run, because their outputs are taken for current."""
        running = set(self.jobs)
        return [job for job in self.every if job not in running]

"""How long jobs take together."""

from collections.abc import Mapping, Sequence

from reprise.cli.jobs import Job


def estimated(jobs: Sequence[Job], seconds: Mapping[Job, float], cores: int) -> float:
    """Estimate the time of jobs: their work divided by the cores, at least the longest chain of those that wait.

    Args:
        jobs: all jobs
        seconds: how long each takes; one that is not in it counts as none
        cores: number of cores

    Returns:
        seconds
    """
    work = sum(seconds.get(job, 0.0) * min(job.threads, cores) for job in jobs) / cores
    makers = {output: job for job in jobs for output in job.outputs}
    ends: dict[Job, float] = {}

    def end(job: Job) -> float:
        if job not in ends:
            before = {makers[file] for file in job.inputs if file in makers}
            ends[job] = seconds.get(job, 0.0) + max(map(end, before), default=0.0)
        return ends[job]

    return max([work, *map(end, jobs)])

"""What is known of the files that a run would keep, in sentences."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from reprise.cli.jobs import DryRun, Job
from reprise.cli.words import counted, noun
from reprise.pipeline.kept import made_otherwise
from reprise.pipeline.records import record_file

_SHOWN = 5


def kept_lines(plan: DryRun) -> list[str]:
    """Warn of files that were made otherwise than the configuration says, or nobody knows how; empty of none.

    Where Snakemake has no metadata it takes any existing output for current. The records beside the outputs tell.
    """
    kept = plan.kept
    wrong = made_otherwise((job.outputs, job.recipe) for job in kept if job.recipe)
    lines = []
    if wrong:
        more = [f"  ... and {len(wrong) - _SHOWN:,} more"] if len(wrong) > _SHOWN else []
        lines.append(
            "WARNING: Snakemake would keep files that were made otherwise than the configuration says, and the run "
            "will be refused; bring back its metadata (.snakemake/metadata) or delete them:"
        )
        lines += [f"  {text}" for text in wrong[:_SHOWN]] + more
    unknown = [job for job in kept if job.without_metadata and not any(map(record_file, job.outputs))]
    if unknown:
        lines.append(_unknown(unknown))
    recorded = sum(job.without_metadata for job in kept) - len(unknown)
    if recorded and not wrong:
        lines.append(
            f"Snakemake has no metadata of {counted(recorded, 'job')}; by their own records, their outputs were made "
            "as the configuration says."
        )
    return lines


def existing(jobs: Sequence[Job]) -> str:
    """Say of how many jobs the outputs exist, by looking."""
    there = sum(all(Path(output).exists() for output in job.outputs) for job in jobs)
    if there == len(jobs):
        return f"the outputs of all {counted(len(jobs), 'job')} exist"
    return f"the outputs of {there:,} of {counted(len(jobs), 'job')} exist, and the others are not needed any more"


def _unknown(jobs: Iterable[Job]) -> str:
    rules = sorted({job.rule for job in jobs})
    return (
        f"WARNING: the outputs of {counted(len(list(jobs)), 'job')} exist without Snakemake's metadata "
        f"(.snakemake/metadata) and without a record: {', '.join(noun(rule)[1] for rule in rules)}. They are taken for "
        "current whatever settings or code made them. Bring the metadata back, or make these files again: "
        f"snakemake --forcerun {' '.join(rules)} --cores ... <target>"
    )

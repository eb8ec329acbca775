"""Records that earlier runs wrote beside their outputs."""

import os
import statistics
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reprise.cli.jobs import Job
from reprise.pipeline.records import load_record, record_file

_RECORD = ".job.json"


def read_record(output: str) -> dict | None:
    """Read the record of a file: the one beside it or, for the files of a table, its provenance; None without any."""
    path = record_file(output)
    if path is None:
        return None
    content = load_record(path)
    return {key: content[key] for key in content if key not in ("jobs", "downloads", "files")}


def recorded_outputs(folders: Iterable[Path]) -> Iterator[tuple[str, dict]]:
    """Iterate over all outputs with a record in ``folders``, and that record; links to elsewhere are not followed."""
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                if name.endswith(_RECORD):
                    output = str(Path(parent) / name.removesuffix(_RECORD))
                    record = read_record(output)
                    if record and output in record["outputs"]:
                        yield output, record


def all_records(folders: Iterable[Path], jobs: Iterable[Job]) -> dict[str, dict]:
    """Read the records of all outputs in ``folders``, and of the tables among ``jobs``, which are stored elsewhere."""
    records = dict(recorded_outputs(folders))
    for output in (output for job in jobs for output in job.outputs if output not in records):
        record = read_record(output) if Path(output).exists() else None
        if record:
            records[output] = record
    return records


# Wildcards that name what computes; the time of one says nothing about that of another.
_METHODS = ("extractor", "detector", "training", "codebook", "neighbors", "matching", "reranker", "calibration")


class Durations:
    """Durations of jobs, by the records of earlier ones.

    Args:
        records: the records
    """

    def __init__(self, records: Iterable[dict]):
        self._of_output: dict[str, float] = {}
        self._of_rule: dict[tuple[str, ...], dict[tuple[str, ...], tuple[dict, float]]] = {}
        for record in records:
            self.add(record["rule"], record["wildcards"], record["outputs"], record["seconds"])

    def add(self, rule: str, wildcards: Mapping[str, str], outputs: Iterable[str], seconds: float) -> None:
        """Add one job that ran."""
        made = tuple(sorted(outputs))
        self._of_output.update(dict.fromkeys(made, seconds))
        self._of_rule.setdefault(_method(rule, wildcards), {})[made] = dict(wildcards), seconds

    def seconds(self, job: Job) -> float | None:
        """Return the duration of the job when it ran before, else the median of the most similar jobs.

        Similar jobs are those of the same rule and method (the extractor, the codebook) that share most of the other
        wildcards, such as the dataset, but not the chunk. None if no such job ran.
        """
        known = [self._of_output[output] for output in job.outputs if output in self._of_output]
        if known:
            return known[0]
        shared = [
            (sum(wildcards.get(name) == value for name, value in job.wildcards.items()), seconds)
            for wildcards, seconds in self._of_rule.get(_method(job.rule, job.wildcards), {}).values()
        ]
        if not shared:
            return None
        most = max(number for number, _ in shared)
        return statistics.median(seconds for number, seconds in shared if number == most)


def _method(rule: str, wildcards: Mapping[str, str]) -> tuple[str, ...]:
    """The rule, and what computes; what is made for a seed study (``name.seed7``) takes as long as without it."""
    return (rule, *(wildcards[name].partition(".seed")[0] for name in _METHODS if name in wildcards))

"""The time that a ranking took, from the records of the jobs that made it: a column of tables that ask for it.

It is that of the jobs whose rankings are in the table, and in no recipe: a search that is as fast as it may be makes
nothing stale.
"""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reprise.evaluation.scores import ALL, Evaluation, Score
from reprise.pipeline.records import load_record, record_path

METRIC, UNIT = "search time", "ms"
PART = "search"
#: The rules that compare queries with a database, each of which measures how long.
_SEARCHING = (
    "search", "search_bow", "search_hamming", "find_neighbors", "score_pairs",
    "expand_asmk", "expand_bow", "expand_global", "expand_hamming",
)  # fmt: skip


def with_search_times(
    evaluations: Mapping[tuple[str, str], Evaluation],
    paths: Iterable[str | os.PathLike],
    columns: Sequence[Sequence[str]],
) -> tuple[dict[tuple[str, str], Evaluation], list[str]]:
    """Add the milliseconds per query to evaluations, where a column of a table is ``search time``.

    Args:
        evaluations: (experiment, dataset) -> its evaluation
        paths: their files, beside the records of the jobs that wrote them
        columns: the metric and the group of each column

    Returns:
        evaluations, and notes on how the times were measured; without such a column, those given and no notes
    """
    found = dict(evaluations)
    if METRIC not in {metric for metric, _ in columns}:
        return found, []
    machines: dict[str, None] = {}
    for path in map(Path, paths):
        jobs = list(searching_jobs(path))
        key = path.parent.name, path.stem
        queries = max((len(row) for groups in found[key].per_query.values() for row in groups.values()), default=0)
        if jobs and queries and all(PART in job.get("measured", {}) for job in jobs):
            seconds = sum(job["measured"][PART] for job in jobs)
            score = Score(METRIC, ALL, 1e3 * seconds / queries, UNIT, False, queries)
            found[key] = dataclasses.replace(found[key], scores=[*found[key].scores, score])
            machines |= dict.fromkeys(map(_machine, jobs))
    note = (
        f"{METRIC}: milliseconds per query by the clock, in the jobs that made the rankings: assignment, search, and "
        "the comparison of short lists; without extraction, and without opening the index"
    )
    return found, [f"{note}. Measured on: {'; '.join(machines) or 'nothing'}"]


def searching_jobs(path: str | os.PathLike) -> Iterator[dict[str, Any]]:
    """Iterate over the records of the jobs that compared queries with a database, before a file.

    Args:
        path: an evaluation, or any other file with a record
    """
    waiting, seen = [str(path)], set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen or not record_path(file).is_file():
            continue
        record = load_record(record_path(file))
        seen |= {file, *record["outputs"]}
        if record["rule"] in _SEARCHING:
            yield record
        waiting += record["inputs"]


def _machine(record: Mapping[str, Any]) -> str:
    hardware, threads = record.get("hardware", {}), record.get("threads", "unknown")
    processor, gpu = hardware.get("processor", "an unknown processor"), hardware.get("gpu")
    return ", ".join(filter(None, (f"{threads} threads of {processor}", gpu)))

"""Jobs that failed, at the end of a run: why, where the whole log is, and what to do."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reprise.cli.display.logs import last_words, words_of_cluster
from reprise.cli.display.state import Failure
from reprise.cli.words import counted, noun

_SHOWN = 5
_RULE = 78
# What Snakemake adds to each message of a cluster.
_FURTHER = "For further error details"
_BY_CLUSTER = (
    "The cluster ended the job. Where memory or time was too little, ask for more of it under set-resources in the "
    "profile, and run the same command again; what is finished is kept."
)
_CORRECT = "Correct what the message names and run the same command again; what is finished is kept."
_REPORT = (
    "No message of reprise's own: this is a fault of the program, of a library or of the machine. Look into the log "
    "above; the same command goes on with what is not finished."
)
_KILLED = (
    "The job ended without a word: it was killed, most often for lack of memory. Run the same command again with fewer "
    "--cores, or with --resources mem_mb=<memory of the machine in MiB>."
)


def job_name(rule: str, wildcards: Mapping[str, str]) -> str:
    """Name a job: 'extraction (how_r18, roxford5k, database, 2 of 4)'."""
    values = [value for name, value in wildcards.items() if name not in ("chunk", "chunks")]
    if "chunk" in wildcards:
        values.append(f"{wildcards['chunk']} of {wildcards.get('chunks', '?')}")
    return f"{noun(rule)[0]} ({', '.join(values)})" if values else noun(rule)[0]


def failure_lines(failures: Mapping[int, Failure]) -> list[str]:
    """Describe the jobs that failed, with the end of the log of each; empty of none."""
    if not failures:
        return []
    lines = ["", "-" * _RULE]
    alike: dict[tuple[str, ...], list[Failure]] = {}
    for failure in failures.values():
        alike.setdefault((failure.message, *_said(failure)), []).append(failure)
    for group in list(alike.values())[:_SHOWN]:
        lines += _one(group)
    if len(alike) > _SHOWN:
        lines += ["", f"... and {counted(len(alike) - _SHOWN, 'other reason')}; see the logs"]
    return [*lines, "-" * _RULE]


def reason_of_cluster(failure: Failure) -> list[str]:
    """What is said of a job of a cluster that failed: its state, the job's own message, and the cluster's words.

    Empty of a job of this machine, and where nothing is said.
    """
    if not failure.on_cluster:
        return []
    state = failure.message.partition(_FURTHER)[0].strip().rstrip(".")
    own = [line for line in _said(failure)[:1] if line.startswith("ERROR:")]
    return [*([state] if state else []), *own, *_in_logs_of_cluster(failure)]


def _in_logs_of_cluster(failure: Failure) -> list[str]:
    return [word for log in failure.logs[1:] for word in words_of_cluster(log)]


def _said(failure: Failure) -> list[str]:
    return last_words(failure.logs[0]) if failure.logs else []


def _one(group: Sequence[Failure]) -> list[str]:
    """Describe jobs that failed for one reason."""
    failure, said = group[0], _said(group[0])
    logs = [log for log in failure.logs if Path(log).is_file()]
    others = f", and {counted(len(group) - 1, 'job')} more, for the same reason" if len(group) > 1 else ""
    lines = ["", f"FAILED: {failure.name}{others}", ""]
    lines += [f"    {line}" for line in failure.message.splitlines()]
    lines += said if said and said[0].startswith("ERROR:") else [f"    {line}" for line in said]
    by_cluster = _in_logs_of_cluster(failure)
    lines += [f"    {word}" for word in by_cluster]
    if said or failure.message:
        lines.append("")
    lines += [f"  Log: {log}" for log in logs] or [f"  No log was written{_where(failure)}."]
    return [*lines, f"  What to do: {_remedy(said, failure.on_cluster)}"]


def _remedy(said: Sequence[str], on_cluster: bool) -> str:
    if said:
        return _CORRECT if said[0].startswith("ERROR:") else _REPORT
    return _BY_CLUSTER if on_cluster else _KILLED


def _where(failure: Failure) -> str:
    return f"; it would be {failure.logs[0]}" if failure.logs else ""

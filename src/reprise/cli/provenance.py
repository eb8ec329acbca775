"""The provenance of a table in words: when and where it was made, with what, and from which files."""

from collections.abc import Iterable, Mapping

from reprise.cli.words import counted, duration, jobs_in_words, noun, size
from reprise.pipeline.overlays import overlays_of

_SHORT = 12


def provenance_lines(provenance: Mapping, found: Mapping[str, str]) -> list[str]:
    """Describe a provenance.

    Args:
        provenance: as the table's job wrote it
        found: file -> the hash that it has now; files that are not there are absent
    """
    jobs = _jobs(provenance)
    took = duration(sum(job["seconds"] for job in [*jobs, provenance]))
    stages = jobs_in_words(job["rule"] for job in jobs)
    lines = [
        f"Made at {_time(provenance['started'])} by {_software(provenance)}.",
        f"It and the {counted(len(jobs), 'job')} before took {took} in all: {stages}.",
    ]
    overlays = overlays_of(provenance)
    if overlays and overlays.options:
        lines.append(f"Beside the configuration of the project: {overlays.options}.")
    lines += _several("Machine", (_machine(job) for job in [*jobs, provenance]))
    lines += _several("Versions", (_versions(job["versions"]) for job in [*jobs, provenance]))
    lines += ["", "Read by the table:", *_files(provenance["inputs"], found)]
    if provenance["files"]:
        lines += ["Files that no job made:", *_files(provenance["files"], found)]
    if provenance["downloads"]:
        receipts = {receipt["path"]: receipt["sha256"] for receipt in provenance["downloads"].values()}
        lines += ["Downloads:", *_files(receipts, found)]
    return [*lines, "Made on the way:", *_stages(provenance, found)]


def _jobs(provenance: Mapping) -> list[Mapping]:
    """Each job once; a provenance has it for each of its outputs."""
    return list({tuple(sorted(job["outputs"])): job for job in provenance["jobs"].values()}.values())


def _files(recorded: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    return [f"  {_state(sha256, found.get(file)):<8}  {sha256[:_SHORT]}  {file}" for file, sha256 in recorded.items()]


def _state(recorded: str, found: str | None) -> str:
    return "missing" if found is None else "ok" if found == recorded else "changed"


def _stages(provenance: Mapping, found: Mapping[str, str]) -> list[str]:
    """One line per rule: how many of its outputs are what they were."""
    states: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    for job in _jobs(provenance):
        for file, state in job["outputs"].items():
            states.setdefault(job["rule"], []).append(_state(state["sha256"], found.get(file)))
            sizes[job["rule"]] = sizes.get(job["rule"], 0) + state["bytes"]
    lines = []
    for rule, of in states.items():
        counts = {name: of.count(name) for name in ("ok", "changed", "missing") if name in of}
        text = "ok" if set(counts) == {"ok"} else ", ".join(f"{count} {name}" for name, count in counts.items())
        lines.append(f"  {text:<8}  {counted(len(of), 'file')} of {noun(rule)[1]}, {size(sizes[rule])}")
    return lines


def _several(label: str, texts: Iterable[str]) -> list[str]:
    """One line for each different text, with the number of jobs where there are several."""
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    if len(counts) == 1:
        return [f"{label}: {next(iter(counts))}."]
    return [f"{label} of {counted(count, 'job')}: {text}." for text, count in counts.items()]


def _time(stamp: str) -> str:
    return stamp.replace("T", " ").replace("+00:00", " UTC")


def _software(provenance: Mapping) -> str:
    commit = provenance.get("commit")
    return f"reprise {provenance['versions'].get('reprise', '?')}" + (f", commit {commit}" if commit else "")


def _machine(job: Mapping) -> str:
    hardware = job["hardware"]
    memory = f", {size(hardware['memory_bytes'])} of memory" if hardware.get("memory_bytes") else ""
    gpu = hardware.get("gpu") or "no GPU"
    return (
        f"{hardware.get('processor')}, {counted(hardware.get('cores') or 0, 'core')}{memory}, {gpu}; {job['platform']}"
    )


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if name != "reprise")

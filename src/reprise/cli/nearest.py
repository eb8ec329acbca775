"""The nearest target to one that no rule makes."""

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reprise.pipeline.overlays import overlays_of
from reprise.pipeline.records import load_record, record_file

_WILDCARD = re.compile(r"\{\s*(\w+)\s*(?:,((?:[^{}]|\{\d+(?:,\d+)?\})*))?\}")
_CHUNKS = {"chunk", "chunks", "pairs"}
_LEAST = 0.6
_MOST_NAMES = 4000  # of one part of a path


def unknown_targets(workflow: Any) -> dict[str, str | None]:
    """The targets that are no rule, and no file that a rule of the configuration makes; each with the nearest that is.

    Args:
        workflow: Snakemake's
    """
    targets = workflow.dag_settings.targets if workflow.dag_settings else ()
    unknown = [
        target
        for target in sorted(map(str, targets))
        if not workflow.is_rule(target) and not any(rule.is_producer(target) for rule in workflow.rules)
    ]
    patterns = [_pattern(output) for rule in workflow.rules for output in rule.output] if unknown else []
    made = [pattern for pattern in patterns if pattern is not None]
    return {target: nearest(target, made) for target in unknown}


def did_you_mean(target: str, close: str | None) -> str:
    """Format the hint for a target that no rule makes; of one that exists, by which configuration it was made."""
    if Path(target).exists():
        return f"{target}: exists, but no rule of this configuration makes it; {made_with(target)}"
    hint = f"did you mean {close}?" if close else "`snakemake -n` lists what can be asked for"
    return f"{target}: no rule makes this; {hint}"


def made_with(target: str) -> str:
    """Say which overlays a file needs that the configuration alone does not make."""
    path = record_file(target)
    overlays = overlays_of(load_record(path)) if path else None
    if overlays and overlays.options:
        return f"it was made with {overlays.options}"
    return "where an overlay made it, give that one: --configfile FILE"


def nearest(target: str, patterns: Iterable[tuple[str, Mapping[str, list[str]]]]) -> str | None:
    """Find the file most like ``target`` that one of ``patterns`` gives; None if none is like it.

    The parts of a path are compared one by one, with all names that may stand there.

    Args:
        target: a path
        patterns: path with {wildcards}, and the names that each wildcard may take
    """
    wanted = target.split("/")
    best, best_ratio = None, _LEAST
    for pattern, names in patterns:
        parts = pattern.split("/")
        if len(parts) != len(wanted) and len(wanted) != 1:
            continue
        wanted_here = [*parts[:-1], wanted[0]] if len(wanted) == 1 else wanted
        if len(wanted) == 1 and any("{" in part for part in parts[:-1]):
            continue
        chosen: dict[str, str] = {}
        for part, like in zip(parts, wanted_here, strict=True):
            _choose(part, like, names, chosen)
        found = pattern.format(**chosen)
        ratio = difflib.SequenceMatcher(None, found.rpartition("/")[2] if len(wanted) == 1 else found, target).ratio()
        if ratio > best_ratio:
            best, best_ratio = found, ratio
    return best


def _choose(part: str, like: str, names: Mapping[str, list[str]], chosen: dict[str, str]) -> None:
    """Give the wildcards of one part of a path, in ``chosen``, the names with which it is most like another."""
    own = [name for name in dict.fromkeys(re.findall(r"\{(\w+)\}", part)) if name not in chosen]
    combinations = itertools.islice(itertools.product(*(names[name] for name in own)), _MOST_NAMES)
    texts = {part.format(**chosen, **dict(zip(own, values, strict=True))): values for values in combinations}
    close = difflib.get_close_matches(like, texts, n=1, cutoff=0.0)
    if close:
        chosen.update(zip(own, texts[close[0]], strict=True))


def _pattern(output: Any) -> tuple[str, dict[str, list[str]]] | None:
    """The path of an output and the names of its wildcards; None where a wildcard takes more than certain names."""
    names: dict[str, list[str]] = {}
    for name, constraint in _WILDCARD.findall(str(output)):
        options = re.sub(r"\\(.)", r"\1", constraint).split("|")
        if name in _CHUNKS or (constraint and not all(re.fullmatch(r"[\w.+@-]+", option) for option in options)):
            return None
        if constraint:
            names[name] = options
    plain = _WILDCARD.sub(lambda match: f"{{{match[1]}}}", str(output))
    return (plain, names) if set(re.findall(r"\{(\w+)\}", plain)) <= names.keys() else None

"""The notes below a table: what a reader has to know beside the numbers."""

from collections.abc import Mapping, Sequence

from reprise.evaluation.scores import Evaluation
from reprise.reporting.cells import MAIN, Column

_PROTOCOLS = ("easy", "medium", "hard")


def table_notes(published: Mapping | None, miniature: bool) -> list[str]:
    """List what a reader has to know beside the numbers."""
    notes = []
    if miniature:
        notes.append("Measured on the built-in miniature: no published number compares with these.")
    if published:
        notes.append(f"Published: {published['citation']}")
        notes.append(_tolerance_note(published["tolerance"]))
        notes += [f"{name}: {entry['source']}" for name, entry in published["values"].items() if "source" in entry]
        unknown = [name for name, entry in published["values"].items() if _has_unknown(entry)]
        if unknown:
            notes.append(
                f"Published, but not known here, so that their place is empty: numbers of {', '.join(unknown)}"
            )
        if not miniature:
            notes += [
                f"{name} is not comparable: {', '.join(reasons)}"
                for name, reasons in published["deviations"].items()
                if reasons
            ]
    return notes


def _has_unknown(values: Mapping) -> bool:
    """Tell whether some number of an experiment is published, and not known here."""
    return any(_has_unknown(value) if isinstance(value, Mapping) else value is None for value in values.values())


def _tolerance_note(tolerance: Mapping) -> str:
    of_map = tolerance.get("map")
    named = {} if of_map is None else {"": of_map}
    named |= {f"{metric} ": points for metric, points in tolerance.get("metrics", {}).items()}
    texts = []
    for metric, points in named.items():
        of_groups = points if isinstance(points, Mapping) else {"": points}
        groups = dict.fromkeys([*_PROTOCOLS, *of_groups])  # recipes sort keys
        texts += [metric + f"{group} {of_groups[group]}".strip() for group in groups if group in of_groups]
    return f"Tolerance{' ' if texts else ''}{', '.join(texts)}: {' '.join(tolerance['source'].split())}"


def left_out_notes(
    evaluations: Mapping[tuple[str, str], Evaluation], datasets: Sequence[str], columns: Sequence[Column]
) -> list[str]:
    """List, per dataset and group, how many queries are in no mean because they have no positive, where there are any.

    Args:
        evaluations: (experiment, dataset) -> its evaluation
        datasets: the datasets of the table
        columns: the metric and the group of each column
    """
    notes = []
    for dataset in datasets:
        found = next((entry for (_, name), entry in evaluations.items() if name == dataset), Evaluation(()))
        counts = {group: found.left_out.get(group, 0) for _, group in columns}
        notes += [
            f"{dataset} {group}, queries without a positive, which are left out: {count}"
            for group, count in counts.items()
            if count
        ]
    return notes


def chance_notes(
    evaluations: Mapping[tuple[str, str], Evaluation], datasets: Sequence[str], columns: Sequence[Column]
) -> list[str]:
    """List, per dataset, the mAP of random rankings, where it is known: what says how far from it a number is.

    Args:
        evaluations: (experiment, dataset) -> its evaluation
        datasets: the datasets of the table
        columns: the metric and the group of each column
    """
    notes = []
    for dataset in datasets:
        chance = next(
            (entry.chance for (_, name), entry in evaluations.items() if name == dataset and entry.chance), {}
        )
        shown = [f"{group} {chance[group]:.2f}" for metric, group in columns if metric == MAIN and group in chance]
        notes += [f"{dataset}, mAP of random rankings: {', '.join(shown)}"] if shown else []
    return notes


def damage_notes(evaluations: Mapping[tuple[str, str], Evaluation]) -> list[str]:
    """List, per experiment and dataset, the images that count less than they should, where there are any.

    Args:
        evaluations: (experiment, dataset) -> its evaluation
    """
    return [
        f"{dataset}, {experiment}, images that {matter}: {count}"
        for (experiment, dataset), entry in evaluations.items()
        for matter, count in entry.damaged.items()
    ]

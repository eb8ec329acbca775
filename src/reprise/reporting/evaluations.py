"""The scores of one ranking under every protocol of its dataset, as a JSON file."""

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from reprise.datasets.images import Dataset
from reprise.evaluation.landmarks import evaluate_landmarks
from reprise.evaluation.retrieval import RetrievalScores, evaluate_classic, evaluate_revisited
from reprise.formats.rankings import StoredRankings
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError


def evaluate_rankings(
    rankings: StoredRankings, dataset: Dataset, kappas: Sequence[int]
) -> dict[str, dict[str, object]]:
    """Evaluate ``rankings`` with the ground truth of ``dataset``, after checking that they name the same images.

    Returns:
        protocol (easy, medium, hard; classic; or public, private, combined) -> map in percent, precision_at in
        percent, the number of queries with a positive, and the average precision of each query by name (None without
        a positive, and for queries that are not of the protocol)
    """
    if dataset.queries is None or dataset.ground_truth is None:
        raise DataError("this dataset has no ground truth; rankings on it cannot be evaluated")
    database = rankings.database_names
    if rankings.places is not None:
        database = database[: rankings.places.shape[1]]
    for kind, expected, found in (
        ("query", dataset.queries.names, rankings.query_names),
        ("database", dataset.database.names, database),
    ):
        if expected != found:
            raise DataError(
                f"the {kind} images of the rankings are not those of the ground truth "
                f"({len(found)} and {len(expected)} names); delete the rankings and run the search again"
            )
    ranks, size = rankings.complete(), len(dataset.database)
    if "easy" in dataset.ground_truth[0]:
        scores = evaluate_revisited(ranks, dataset.ground_truth, kappas, database_size=size)
    elif "junk" not in dataset.ground_truth[0]:
        private = dataset.private_queries
        scores = evaluate_landmarks(ranks, dataset.ground_truth, kappas, private_queries=private, database_size=size)
    else:
        scores = {"classic": evaluate_classic(ranks, dataset.ground_truth, kappas, database_size=size)}
    return {protocol: summarise(result, rankings.query_names) for protocol, result in scores.items()}


def write_evaluation(
    path: str | os.PathLike, scores: Mapping[str, object], index_bytes: int | None, recipe: str
) -> None:
    """Write what ``evaluate_rankings`` returned, and the size of the index that was searched."""
    content = {"protocols": scores, "index_bytes": index_bytes, "recipe": json.loads(recipe)}
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_evaluations(paths: Iterable[str | os.PathLike]) -> dict[tuple[str, str], dict]:
    """The content of several evaluations, by (experiment, dataset): the folder and the stem of each file."""
    return {(path.parent.name, path.stem): json.loads(path.read_text(encoding="utf-8")) for path in map(Path, paths)}


def summarise(scores: RetrievalScores, queries: list[str]) -> dict[str, object]:
    """The scores of one protocol in percent, as ``evaluate_rankings`` describes; ``queries`` are their names."""
    precisions = scores.average_precisions
    return {
        "map": _percent(scores.map),
        "precision_at": {str(k): _percent(value) for k, value in scores.precision_at.items()},
        "queries": int(np.isfinite(precisions).sum()),
        "average_precisions": {name: _percent(value) for name, value in zip(queries, precisions, strict=True)},
    }


def _percent(value: float) -> float | None:
    """A share as percent; None where no query had a positive, because JSON has no NaN."""
    return None if math.isnan(value) else 100.0 * float(value)

"""The evaluation of one ranking on one dataset, as a JSON file: a list of scores, and values per query."""

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from reprise.datasets.images import Dataset
from reprise.evaluation.scores import ALL, Evaluation, Score
from reprise.formats.rankings import Ranking
from reprise.reporting.chance import chance_level
from reprise.reporting.metrics import load_metric
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError
from reprise.storage.json_files import interpreting, load_json

_VERSION = 2
_REMEDY = "delete it and run again"


class _StoredScore(BaseModel, strict=True):
    """A :class:`Score` whose value is null where it is nan."""

    metric: str
    group: str
    value: float | None
    unit: str
    higher_is_better: bool
    count: int


class _Stored(BaseModel, strict=True):
    """What a file says of an :class:`Evaluation`."""

    scores: list[_StoredScore]
    per_query: dict[str, dict[str, list[float | None]]]
    left_out: dict[str, int]
    damaged: dict[str, int] = {}
    chance: dict[str, float] = {}


def evaluate_ranking(ranking: Ranking, dataset: Dataset, metrics: Sequence[str], kappas: Sequence[int]) -> Evaluation:
    """Evaluate a ranking, whatever steps made it, with the ground truth of its dataset.

    Every protocol is evaluated on its own list. The memory that the database takes is scored, too.

    Args:
        ranking: a ranking of the images of the dataset, and distractors if any
        dataset: a dataset with ground truth
        metrics: names of metrics that take its kind of ground truth (:mod:`reprise.reporting.metrics`)
        kappas: cut-offs of metrics that have some

    Returns:
        all scores, in the order of ``metrics``, then the sizes

    Raises:
        DataError: a dataset without ground truth, a metric that takes another kind, or a ranking of other images
    """
    if dataset.queries is None or dataset.ground_truth is None:
        raise DataError("this dataset has no ground truth; rankings on it cannot be evaluated")
    _check_images(ranking, dataset)
    ranks = {name: ranked.complete() for name, ranked in ranking.lists.items()}
    scores: list[Score] = []
    per_query: dict[str, Mapping[str, np.ndarray]] = {}
    left_out: dict[str, int] = {}
    for name in metrics:
        metric = load_metric(name)
        if dataset.truth != metric.TAKES:
            raise DataError(f"metric {name}: takes ground truth of the kind {metric.TAKES}, this is {dataset.truth}")
        found = metric.evaluate(
            ranks,
            dataset.ground_truth,
            groups=dataset.groups,
            kappas=kappas,
            database_size=len(ranking.database_names),
        )
        scores += found.scores
        per_query |= found.per_query
        left_out |= found.left_out
    chance = chance_level(dataset, metrics, ranking.searched)
    return Evaluation([*scores, *size_scores(ranking)], per_query, left_out, chance=chance)


def size_scores(ranking: Ranking) -> list[Score]:
    """Return the memory that the database takes, in bytes, and the same per image."""
    images, scores = ranking.searched, []
    for kind, parts in ranking.sizes.items():
        total = float(sum(parts.values()))
        scores.append(Score(kind, ALL, total, "bytes", False, images))
        scores.append(Score(f"{kind} per image", ALL, total / images, "bytes", False, images))
    return scores


def write_evaluation(
    path: str | os.PathLike, evaluation: Evaluation, queries: Sequence[str], attributes: Mapping[str, object]
) -> None:
    """Write an evaluation as JSON.

    Args:
        path: the file
        evaluation: the evaluation
        queries: names of the Q queries of ``per_query``
        attributes: further entries of the file, such as the recipe
    """
    content = {
        "version": _VERSION,
        "scores": [{**vars(score), "value": _or_null(score.value)} for score in evaluation.scores],
        "left_out": dict(evaluation.left_out),
        "damaged": dict(evaluation.damaged),
        "chance": dict(evaluation.chance),
        "queries": list(queries),
        "per_query": {
            metric: {group: [_or_null(value) for value in values] for group, values in groups.items()}
            for metric, groups in evaluation.per_query.items()
        },
        **attributes,
    }
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_evaluation(path: str | os.PathLike) -> Evaluation:
    """Read an evaluation.

    Args:
        path: the file

    Raises:
        DataError: a file that was written before evaluations were lists of scores, or another file
    """
    content = load_json(path, _REMEDY)
    version = content.get("version", 1) if isinstance(content, Mapping) else 1
    if version != _VERSION:
        raise DataError(
            f"{path}: was written by another version of reprise (layout {version}, this one reads {_VERSION}); delete "
            "it, or the results folder that it is in, and run again"
        )
    with interpreting(path, _REMEDY):
        stored = _Stored.model_validate(content)
    return Evaluation(
        [Score(**{**vars(score), "value": _or_nan(score.value)}) for score in stored.scores],
        {
            metric: {group: np.array([_or_nan(value) for value in values]) for group, values in groups.items()}
            for metric, groups in stored.per_query.items()
        },
        stored.left_out,
        stored.damaged,
        stored.chance,
    )


def read_evaluations(paths: Iterable[str | os.PathLike]) -> dict[tuple[str, str], Evaluation]:
    """Read several evaluations, by (experiment, dataset): the folder and the stem of each file."""
    return {(path.parent.name, path.stem): read_evaluation(path) for path in map(Path, paths)}


def _check_images(ranking: Ranking, dataset: Dataset) -> None:
    own = ranking.database_names[: len(ranking.database_names) - ranking.distractors]
    for kind, expected, found in (
        ("query", dataset.split("queries").names, ranking.query_names),
        ("database", dataset.database.names, own),
    ):
        if expected != found:
            raise DataError(
                f"the {kind} images of the rankings are not those of the ground truth "
                f"({len(found)} and {len(expected)} names); delete the rankings and run the search again"
            )


def _or_null(value: float) -> float | None:
    """Return None for NaN, which JSON does not have."""
    return None if math.isnan(value) else float(value)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value

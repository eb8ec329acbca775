"""What a gallery shows, as plain values: the first images of every query, with their scores and ground truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reprise.datasets.images import Dataset, ImageList
from reprise.evaluation.scores import Evaluation
from reprise.formats.rankings import RankedList, Ranking
from reprise.reporting.precision_curves import precision_curves
from reprise.storage.errors import DataError

#: What an image is that is in no list of the ground truth, and what all images are without ground truth.
WRONG, PLAIN = "wrong", ""
Content = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """One of the methods that a gallery shows.

    Attributes:
        name: its name in tables
        ranking: what it found
        evaluation: its scores; None for a dataset without ground truth
    """

    name: str
    ranking: Ranking
    evaluation: Evaluation | None = None


@dataclass
class _Shown:
    """The database images of a gallery, numbered in the order in which they are first shown.

    Attributes:
        paths: of the images of the dataset
        others: name -> path, of distractors
        names: of those that are shown, in the order of their numbers
        numbers: path -> number
        of_dataset: number -> place in the dataset, of those that are no distractors
    """

    paths: Sequence[Path]
    others: Mapping[str, Path]
    names: list[str] = field(default_factory=list)
    numbers: dict[Path, int] = field(default_factory=dict)
    of_dataset: dict[int, int] = field(default_factory=dict)

    def path(self, image: int, name: str) -> Path:
        return self.paths[image] if image < len(self.paths) else self.others[name]

    def number(self, image: int, name: str) -> int:
        path = self.path(image, name)
        if path not in self.numbers:
            self.numbers[path] = len(self.names)
            self.names.append(name)
        if image < len(self.paths):
            self.of_dataset.setdefault(self.numbers[path], image)
        return self.numbers[path]


@dataclass(frozen=True)
class Pictures:
    """The images whose previews a gallery needs.

    Attributes:
        queries: all queries
        results: the database images that are shown
        of_dataset: number of a result -> its place in the dataset, of those that are no distractors
    """

    queries: ImageList
    results: ImageList
    of_dataset: Mapping[int, int] = field(default_factory=dict)


def gallery_content(
    title: str,
    methods: Sequence[Method],
    dataset: Dataset,
    distractors: Dataset | None = None,
    *,
    topk: int = 20,
) -> tuple[Content, Pictures]:
    """Collect what a gallery shows.

    A database image that is the same file as the query is left out: everything finds itself.

    Args:
        title: of the page
        methods: one, or two that are compared
        dataset: the images, and what is true of them
        distractors: images that were searched together with those of ``dataset``
        topk: images per query

    Returns:
        the content of the page, values of JSON only, in which images are numbered as the pictures are; and the pictures

    Raises:
        DataError: a dataset without queries, or rankings of other images than those of the dataset
    """
    if dataset.queries is None:
        raise DataError(f"{title}: the dataset has no queries; a gallery shows what queries find")
    others = distractors.database if distractors else ImageList([], [])
    shown = _Shown(dataset.database.paths, dict(zip(others.names, others.paths, strict=True)))
    for method in methods:
        _check_images(method, dataset, shown)
    levels = _levels(dataset)
    content = {
        "title": title,
        "levels": levels if dataset.ground_truth is None else [*levels, WRONG],
        "chance": dict(methods[0].evaluation.chance) if methods[0].evaluation else {},
        "methods": [_method(method, dataset) for method in methods],
        "queries": [_query(row, methods, dataset, shown, topk) for row in range(len(dataset.queries))],
        "results": shown.names,
    }
    return content, Pictures(dataset.queries, ImageList(shown.names, list(shown.numbers)), shown.of_dataset)


def _method(method: Method, dataset: Dataset) -> Content:
    """The name, the scores and the curves of a method."""
    scores = method.evaluation.scores if method.evaluation else ()
    return {
        "name": method.name,
        "lists": list(method.ranking.lists),
        "reranked": method.ranking.reranked,
        "searched": method.ranking.searched,
        "scores": {score.group: _finite(score.value) for score in scores if score.metric == "mAP"},
        "curves": precision_curves(method.ranking, dataset) if scores else {},
    }


def _query(row: int, methods: Sequence[Method], dataset: Dataset, shown: _Shown, topk: int) -> Content:
    """What was found for a query."""
    queries = dataset.split("queries")
    truth = dataset.ground_truth[row] if dataset.ground_truth is not None else None
    box = queries.boxes[row] if queries.boxes else None
    return {
        "name": queries.names[row],
        "box": None if box is None else [float(side) for side in box],
        "found": [
            {
                "ap": _average_precisions(method.evaluation, row),
                "lists": {
                    name: _results(method.ranking.database_names, ranked, row, queries.paths[row], truth, shown, topk)
                    for name, ranked in method.ranking.lists.items()
                },
            }
            for method in methods
        ],
    }


def _results(
    names: Sequence[str],
    ranked: RankedList,
    row: int,
    query: Path,
    truth: Mapping | None,
    shown: _Shown,
    topk: int,
) -> list[list[Any]]:
    """The first images of a list: number, score and level of each."""
    found: list[list[Any]] = []
    # One more, because one of them may be the query.
    for image, score in zip(ranked.ranks[row, : topk + 1].tolist(), ranked.scores[row].tolist(), strict=False):
        if image < 0 or len(found) == topk:
            break
        path = shown.path(image, names[image])
        if path != query:
            found.append([shown.number(image, names[image]), _finite(score), _level(image, truth)])
    return found


def _level(image: int, truth: Mapping | None) -> str:
    if truth is None:
        return PLAIN
    return next((level for level, images in truth.items() if _lists_images(images) and image in images), WRONG)


def _lists_images(value: Any) -> bool:
    """Whether an entry of ground truth is a list of images; others are numbers, or settings of the metric."""
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.integer))


def _levels(dataset: Dataset) -> list[str]:
    """What the ground truth distinguishes, in its order."""
    truth = dataset.ground_truth if dataset.ground_truth is not None else ()
    return list(dict.fromkeys(level for entry in truth for level, images in entry.items() if _lists_images(images)))


def _average_precisions(evaluation: Evaluation | None, row: int) -> dict[str, float | None]:
    groups = evaluation.per_query.get("mAP", {}) if evaluation else {}
    return {group: _finite(float(values[row])) for group, values in groups.items()}


def _finite(value: float) -> float | None:
    """A number with as many digits as are looked at; None for what is no number."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _check_images(method: Method, dataset: Dataset, shown: _Shown) -> None:
    """Refuse rankings of other images; distractors that are in no list may be missing."""
    names = method.ranking.database_names
    own = len(names) - method.ranking.distractors
    fits = (
        method.ranking.query_names == dataset.split("queries").names
        and names[:own] == dataset.database.names
        and all(name in shown.others for name in names[own:])
    )
    if not fits:
        raise DataError(
            f"{method.name}: the images of its ranking are not those of the dataset; delete the ranking, and run again"
        )

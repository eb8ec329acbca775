"""What a gallery draws matches of an experiment from: the search or the step that compared the images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reprise.reranking.matched_points import VERIFYING

#: Of the searches with visual words: the settings by which a score is made of words.
_SEARCHES = {
    "asmk": ("query_assignments", "database_assignments", "alpha", "threshold"),
    "bow": ("query_assignments",),
    "hamming": ("query_assignments", "votes"),
}
_AMES = "AMES compares all local descriptors of two images together, so that there are no matches of keypoints to draw."
_SCORER = "What re-ranked these images gives no matches of keypoints to draw."
_GLOBAL = "The search compares one global descriptor of each image, so that there are no matches of keypoints to draw."
_DELETED = "The features of this dataset are deleted after use, so that no matches can be drawn."
_EXPANDED = (
    "The ranking is that of an expanded query; what is drawn, and the score that it makes, are of the query itself, as "
    "in the ranking before."
)


@dataclass(frozen=True)
class DrawnFrom:
    """Where the matches of an experiment come from.

    Attributes:
        experiment: the experiment whose search or step compared the images: itself, or one before it
        by: the search or the scorer; None where there is nothing to draw
        note: a sentence about it; empty where matches are those of the ranking itself
    """

    experiment: str
    by: str | None
    note: str = ""


def drawn_from(config: Mapping[str, Any], experiment: str, dataset: str) -> DrawnFrom:
    """Find what matches of an experiment are drawn from.

    Args:
        config: the checked configuration
        experiment: its name
        dataset: the name of the dataset, without distractors
    """
    entry, note = config["experiments"][experiment], ""
    while "expand" in entry:
        experiment, note = entry["ranking"], _EXPANDED
        entry = config["experiments"][experiment]
    if "rerank" in entry:
        scorer = config["rerankers"][entry["rerank"]]["scorer"]
        by, without = scorer if scorer in VERIFYING else None, _AMES if scorer == "ames" else _SCORER
    else:
        by, without = entry["search"] if entry["search"] in _SEARCHES else None, _GLOBAL
        if by == "hamming" and entry["hamming"]["expansion"]:
            note = _EXPANDED
    if by and not config["datasets"][dataset]["keep_features"]:
        by, without = None, _DELETED
    return DrawnFrom(experiment, by, note if by else without)


def explained_settings(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by which the score of a search with visual words is explained, of the entry of its experiment."""
    engine = entry["search"]
    own = {key: entry[engine][key] for key in _SEARCHES[engine]}
    return {"num_features": entry["num_features"], **own}

"""The result of an evaluation: a list of scores, whatever the metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from reprise.evaluation.retrieval import RetrievalScores

#: The key of the one list of a ranking that is the same for all groups, in files of rankings as well.
ALL = "all"
PERCENT = "%"
#: Metrics of the memory that a database takes, in bytes.
SIZES = ("index bytes", "token bytes", "region bytes")


@dataclass(frozen=True)
class Score:
    """One number of a result.

    Attributes:
        metric: such as "mAP", "mP@10" or "index bytes"
        group: the part of the data or the protocol, such as "medium"; "all" where there is only one
        value: in ``unit``; nan where there is nothing to measure
        unit: "%", "bytes", "px" ...
        higher_is_better: whether a larger value is a better one
        count: number of queries, pairs or images that the value is computed from; those without a positive are not
            counted
    """

    metric: str
    group: str
    value: float
    unit: str
    higher_is_better: bool
    count: int


@dataclass(frozen=True)
class Evaluation:
    """All scores of one result.

    Attributes:
        scores: in the order in which they are printed
        per_query: metric -> group -> (Q,) floats in the unit of the metric, nan for queries that are not in the group
            or have no positive
        left_out: group -> number of its queries that have no positive and are in no mean
        damaged: what is the matter with images -> number of them; empty where all are whole
        chance: group -> mAP of random rankings in percent; empty where that was not computed
    """

    scores: Sequence[Score]
    per_query: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    damaged: Mapping[str, int] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)

    def score(self, metric: str, group: str) -> Score | None:
        """Return the score of a metric and a group; None where there is none."""
        return next((score for score in self.scores if (score.metric, score.group) == (metric, group)), None)


def ranks_of(ranks: Mapping[str, np.ndarray], group: str) -> np.ndarray:
    """Return the list of a group, which is the one for ``ALL`` where the lists do not differ.

    Args:
        ranks: group, or ``ALL`` -> (Q, M) integers
        group: the group

    Returns:
        (Q, M) integers

    Raises:
        ValueError: no such list
    """
    found = ranks.get(group, ranks.get(ALL))
    if found is None:
        raise ValueError(f"ranks: there is no list for {group!r}, only for {', '.join(ranks)}")
    return found


def retrieval_evaluation(found: Mapping[str, RetrievalScores], groups: Mapping[str, np.ndarray]) -> Evaluation:
    """Collect mAP and mean precision at k of every group, in percent.

    Args:
        found: group -> its scores, as fractions
        groups: group -> (Q,) bool, the queries that belong to it

    Returns:
        the scores of every group, with the average precision of every query
    """
    scores = []
    for group, result in found.items():
        count = int(np.isfinite(result.average_precisions).sum())
        scores.append(Score("mAP", group, 100.0 * result.map, PERCENT, True, count))
        scores += [
            Score(f"mP@{k}", group, 100.0 * value, PERCENT, True, count) for k, value in result.precision_at.items()
        ]
    return Evaluation(
        scores,
        {"mAP": {group: 100.0 * result.average_precisions for group, result in found.items()}},
        {
            group: int(groups[group].sum() - np.isfinite(result.average_precisions).sum())
            for group, result in found.items()
        },
    )

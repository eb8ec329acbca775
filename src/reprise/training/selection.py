"""Which epoch of a training is the best."""

from collections.abc import Sequence
from dataclasses import dataclass

from reprise.storage.errors import DataError
from reprise.training.curves import Rows


@dataclass(frozen=True)
class Criterion:
    """A column of the history by which epochs are compared.

    Attributes:
        metric: the column
        highest: the highest value is the best one, otherwise the lowest
    """

    metric: str
    highest: bool


def best_epoch(history: Rows, criteria: Sequence[Criterion]) -> int:
    """The number of the best epoch so far.

    The first criterion decides of which any epoch has a value, so that the first epoch with a validation score replaces
    all before it, whatever the score. Of equals the first epoch wins.

    Args:
        history: a row per epoch, with its number in the column ``epoch``
        criteria: none takes the last epoch

    Raises:
        DataError: no epoch, or none that has a value
    """
    if history and not criteria:
        return int(history[-1]["epoch"] or 0)
    for criterion in criteria:
        sign = -1 if criterion.highest else 1
        found = [(sign * value, row["epoch"]) for row in history if (value := row.get(criterion.metric)) is not None]
        if found:
            return int(min(found)[1] or 0)
    metrics = ", ".join(criterion.metric for criterion in criteria) or "anything"
    raise DataError(f"history: no epoch of {len(history)} has a value of {metrics}, so that none is the best; train on")

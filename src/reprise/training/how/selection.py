"""What happened in each epoch, and which epoch is the best."""

from collections.abc import Sequence
from dataclasses import dataclass

from reprise.storage.errors import DataError


@dataclass(frozen=True)
class Epoch:
    """One epoch.

    epoch               from 1
    loss                mean over the tuples
    avg_neg_dist        mean distance of queries and their mined negatives, before the epoch's first step
    learning_rate       of the trunk
    validation_map      in [0, 1]; None where the epoch was not validated
    seconds             wall-clock time, validation included
    """

    epoch: int
    loss: float
    avg_neg_dist: float
    learning_rate: float
    validation_map: float | None
    seconds: float


def best_epoch(history: Sequence[Epoch]) -> int:
    """The number of the best epoch so far, by the rule of the published training.

    Once there is a validation, the highest validation score wins, else the lowest loss; of equals the first. So the
    epochs before the first validation replace each other as the loss falls, and the first validated epoch replaces
    them all, whatever its score. DataError: no epoch.
    """
    if not history:
        raise DataError("history: holds no epoch, so that none is the best; train for at least one")
    validated = [(-entry.validation_map, entry.epoch) for entry in history if entry.validation_map is not None]
    return min(validated or [(entry.loss, entry.epoch) for entry in history])[1]

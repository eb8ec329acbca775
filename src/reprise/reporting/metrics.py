"""Metrics, loaded by name: those of :mod:`reprise.evaluation.metrics`, or any module by its full name."""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np

from reprise.evaluation.scores import Evaluation
from reprise.storage.modules import NamedModules

METRICS = NamedModules("reprise.evaluation.metrics", "evaluate")


class Metric(Protocol):
    """The interface of a metric module; see :mod:`reprise.evaluation.metrics`."""

    TAKES: str

    def evaluate(
        self,
        ranks: Mapping[str, np.ndarray],
        ground_truth: Sequence[Mapping],
        *,
        groups: Mapping[str, np.ndarray],
        kappas: Sequence[int],
        database_size: int | None = None,
    ) -> Evaluation:
        """Compute all scores of a ranking; the arguments are described in :mod:`reprise.evaluation.metrics`."""
        ...


def load_metric(name: str) -> Metric:
    """Load a metric: a module of the package of metrics, or any other module by its full name.

    Raises:
        DataError: a name that no module has
    """
    return cast(Metric, METRICS.load(name, "metric"))


def metrics_for(truth: str | None) -> list[str]:
    """List the metrics of the package that take a kind of ground truth."""
    return [name for name in METRICS.names() if truth == load_metric(name).TAKES]

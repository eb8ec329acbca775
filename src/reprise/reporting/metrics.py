"""Metrics, loaded by name: those of :mod:`reprise.evaluation.metrics`, or any module by its full name."""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np

from reprise.evaluation.scores import Evaluation
from reprise.storage.modules import available, load_module, module_of

_PACKAGE = "reprise.evaluation.metrics"
_MARK = "evaluate"


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


def metric_module(name: str) -> str:
    """Return the full name of the module of a metric, for the recipes of the stages that load it."""
    return module_of(_PACKAGE, name)


def load_metric(name: str) -> Metric:
    """Load a metric: a module of the package of metrics, or any other module by its full name.

    Raises:
        DataError: a name that no module has
    """
    return cast(Metric, load_module(_PACKAGE, name, _MARK, "metric"))


def metric_names() -> list[str]:
    """List the metrics of the package."""
    return list(available(_PACKAGE, _MARK))


def metrics_for(truth: str | None) -> list[str]:
    """List the metrics of the package that take a kind of ground truth."""
    return [name for name in metric_names() if truth == load_metric(name).TAKES]

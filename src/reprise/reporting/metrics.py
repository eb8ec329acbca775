"""Metrics, loaded by name: those of :mod:`reprise.evaluation.metrics`, or any module by its whole name."""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np

from reprise.evaluation.scores import Evaluation
from reprise.storage.modules import available, load_module, module_of

_PACKAGE = "reprise.evaluation.metrics"
_MARK = "evaluate"


class Metric(Protocol):
    """What a metric module gives; see :mod:`reprise.evaluation.metrics`."""

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
        """All scores of a ranking."""
        ...


def metric_module(name: str) -> str:
    """The whole name of the module of a metric, for the recipes of the stages that load it."""
    return module_of(_PACKAGE, name)


def load_metric(name: str) -> Metric:
    """The metric of a name: a module of the package of metrics, or the whole name of any other module.

    Raises:
        DataError: a name that no module has
    """
    return cast(Metric, load_module(_PACKAGE, name, _MARK, "metric"))


def metric_names() -> list[str]:
    """The metrics of the package, by listing it."""
    return list(available(_PACKAGE, _MARK))


def metrics_for(truth: str | None) -> list[str]:
    """The metrics of the package that take a kind of ground truth."""
    return [name for name in metric_names() if truth == load_metric(name).TAKES]

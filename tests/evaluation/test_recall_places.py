"""The metric of place recognition in the workflow, against the published evaluation of Tokyo 24/7."""

import json

import numpy as np
import pytest

from reprise.evaluation import positives_within
from reprise.evaluation.metrics import recall_places
from reprise.evaluation.recall import CUT_OFFS
from reprise.evaluation.scores import ALL
from reprise.reporting.metrics import metrics_for


@pytest.fixture(scope="module")
def tokyo(golden):
    return dict(golden("tokyo_recall"))


@pytest.fixture(scope="module")
def evaluated(tokyo):
    distances = np.square(tokyo["query_features"][:, None] - tokyo["database_features"]).sum(axis=2)
    near = positives_within(tokyo["utm_queries"], tokyo["utm_database"])
    truth = [{"ok": np.flatnonzero(row), "cutouts": 12} for row in near]
    times = np.arange(len(near)) % 3
    groups = {"all": times >= 0, "day": times == 0, "sunset": times == 1, "night": times == 2}
    ranks = {ALL: np.argsort(distances, axis=1, kind="stable")}
    return recall_places.evaluate(ranks, truth, groups={**groups, "sunset_and_night": times > 0}, kappas=[1])


@pytest.mark.parametrize(("kind", "key"), [("recall", "recall"), ("panorama recall", "recall_suppressed")])
def test_published_recall_of_every_time_of_day(tokyo, evaluated, kind, key):
    expected = json.loads(str(tokyo[key]))
    for group, values in expected.items():
        for n, value in zip(CUT_OFFS, values, strict=True):
            assert evaluated.score(f"{kind}@{n}", group).value == pytest.approx(100 * value, abs=1e-9)
    assert evaluated.score(f"{kind}@1", "all").count == len(tokyo["utm_queries"])


def test_per_query_values_are_those_of_the_group(evaluated):
    values = evaluated.per_query["recall@1"]
    assert set(np.unique(values["all"])) <= {0.0, 100.0}
    assert np.isnan(values["day"][1]) and values["day"][0] == values["all"][0]
    assert not evaluated.left_out  # a query without an image near it counts as not found


def test_without_panoramas_there_is_one_recall():
    truth = [{"ok": np.array([1]), "cutouts": 1}, {"ok": np.array([0])}]
    found = recall_places.evaluate({ALL: np.array([[1, 0], [1, 0]])}, truth, groups={}, kappas=[])
    assert {score.metric for score in found.scores} == {f"recall@{n}" for n in CUT_OFFS}
    assert (found.score("recall@1", "all").value, found.score("recall@2", "all").value) == (50.0, 100.0)


def test_it_takes_the_truth_of_places():
    assert metrics_for("places") == ["recall_places"]

"""Recall of place recognition, against the published evaluation of Tokyo 24/7."""

import json

import numpy as np
import pytest

from reprise.evaluation import first_of_groups, positives_within, recall_at
from reprise.evaluation.recall import CUT_OFFS, found_at


@pytest.fixture(scope="module")
def tokyo(golden):
    return dict(golden("tokyo_recall"))


@pytest.fixture(scope="module")
def positives(tokyo):
    return positives_within(tokyo["utm_queries"], tokyo["utm_database"])


def test_golden_positives(tokyo, positives):
    expected = np.unpackbits(tokyo["positives"], axis=1, count=len(tokyo["utm_database"])).astype(bool)
    np.testing.assert_array_equal(positives, expected)
    assert not positives[-1].any()


def test_golden_suppression_of_panoramas(tokyo):
    distances = np.square(tokyo["query_features"][:, None] - tokyo["database_features"]).sum(axis=2)
    rankings = np.argsort(distances, axis=1, kind="stable")
    np.testing.assert_array_equal(rankings[:, :100], tokyo["ranks"])
    panoramas = np.arange(len(tokyo["database_features"])) // 12
    np.testing.assert_array_equal(first_of_groups(rankings[:, : 12 * 100], panoramas, 100), tokyo["ranks_suppressed"])


@pytest.mark.parametrize("suffix", ["", "_suppressed"])
def test_golden_recall(tokyo, positives, suffix):
    ranks, expected = tokyo[f"ranks{suffix}"], json.loads(str(tokyo[f"recall{suffix}"]))
    assert tuple(tokyo["ns"]) == CUT_OFFS
    np.testing.assert_array_equal(found_at(ranks, positives), tokyo[f"recall_per_query{suffix}"])
    time = np.arange(len(ranks)) % 3
    groups = {"all": time >= 0, "day": time == 0, "sunset": time == 1, "night": time == 2, "sunset_and_night": time > 0}
    assert expected.keys() == groups.keys()
    for name, rows in groups.items():
        np.testing.assert_allclose(recall_at(ranks[rows], positives[rows]), expected[name], rtol=0, atol=1e-12)


def test_lists_of_positives_are_the_same(tokyo, positives):
    lists = [np.flatnonzero(row).tolist() for row in positives]
    np.testing.assert_array_equal(recall_at(tokyo["ranks"], lists, [7]), recall_at(tokyo["ranks"], positives, [7]))


def test_short_and_empty_rankings():
    ranks = np.array([[3, -1], [1, 0]])
    assert recall_at(ranks, [[3], []], [1, 2, 50]).tolist() == [0.5, 0.5, 0.5]
    assert recall_at(np.zeros((2, 0), np.int64), [[3], [1]], [1]).tolist() == [0]
    assert np.isnan(recall_at(np.zeros((0, 4), np.int64), [], [1])).all()
    assert recall_at(np.array([[-1, -1]]), [[-1]], [1]).tolist() == [0]
    assert first_of_groups(np.array([[2, 3, -1, 0]]), np.array([7, 7, 5, 5]), 3).tolist() == [[2, 0, -1]]


def test_a_distance_that_is_equal_counts():
    assert positives_within(np.zeros((1, 2)), np.array([[15, 20], [15, 20.001]])).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("ranks", "positives", "n", "message"),
    [
        (np.zeros((2, 3)), [[1], [2]], [1], r"rankings: expected integers"),
        (np.zeros((2, 3), int), [[1]], [1], "2 rows for 1 queries of positives"),
        (np.zeros((1, 3), int), [[1]], [0], "n: expected an integer of at least 1"),
        (np.zeros((1, 3), int), [[0.5]], [1], "positives: of query 0 are float64"),
        (np.full((1, 3), 9), np.ones((1, 4), bool), [1], "row 0 holds image 9, and positives has 4 images"),
    ],
)
def test_unfit_arguments(ranks, positives, n, message):
    with pytest.raises(ValueError, match=message):
        recall_at(ranks, positives, n)


def test_unfit_positions():
    for unfit in (np.zeros((2, 3)), np.array([[0, np.nan]])):
        with pytest.raises(ValueError, match="give .* finite positions in metres"):
            positives_within(unfit, np.zeros((1, 2)))
    with pytest.raises(ValueError, match="hold image 4, and groups has 2 images"):
        first_of_groups(np.array([[4]]), np.zeros(2, int), 1)

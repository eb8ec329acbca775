"""FPR95, against the published evaluation and a count by hand."""

import json

import numpy as np
import pytest

from reprise.evaluation import fpr95


def test_golden_values(golden):
    losses, tour = golden("hardnet_losses"), golden("phototour")
    expected = json.loads(str(losses["results"]))["fpr95"]
    assert fpr95(losses["fpr_labels"], losses["fpr_distances"]) == pytest.approx(expected, abs=1e-12)
    assert fpr95(tour["fpr_labels"], tour["fpr_distances"]) == pytest.approx(float(tour["fpr95"]), abs=1e-12)


def test_counted_by_hand():
    labels = np.array([1] * 20 + [0] * 10)
    distances = np.concatenate([np.arange(20.0), np.arange(10) * 2 + 0.5])
    assert fpr95(labels, distances) == 0.9  # the 19th match has the distance 18, and nine others are closer
    assert fpr95(labels, np.where(labels, 0, 1)) == 0
    assert fpr95(labels.astype(bool), -distances) == pytest.approx(1 - 0.1)


@pytest.mark.parametrize(
    ("labels", "distances", "message"),
    [
        ([1, 0], [1.0], "labels: "),
        ([1, 0], [1.0, np.nan], "distances: "),
        ([1, 2], [1.0, 2.0], "neither 0 nor 1"),
        ([1, 1], [1.0, 2.0], "2 matching pairs and 0 others"),
        ([0], [1.0], "0 matching pairs"),
    ],
)
def test_unfit_pairs(labels, distances, message):
    with pytest.raises(ValueError, match=message):
        fpr95(labels, distances)

"""Average precision of the original Oxford and Paris protocol."""

import json

import numpy as np
import pytest

from reprise.evaluation import evaluate_classic, evaluate_oxford
from reprise.evaluation.metrics import map_oxford


@pytest.fixture(scope="module")
def published(golden):
    """Rankings that are cut at different lengths, their ground truth, and what the program of the benchmark gives."""
    archive = golden("oxford_compute_ap")
    return archive["ranks"], json.loads(str(archive["ground_truth"])), archive


def test_golden(published):
    ranks, truth, archive = published
    found = evaluate_oxford(ranks, truth)
    np.testing.assert_allclose(found, archive["average_precisions"], atol=1e-6)
    assert found.mean() == pytest.approx(float(archive["map"]), abs=1e-6)


def test_rows_of_different_lengths_are_those_filled_with_minus_one(published):
    ranks, truth, archive = published
    rows = [row[:length] for row, length in zip(ranks, archive["lengths"], strict=True)]
    np.testing.assert_array_equal(evaluate_oxford(rows, truth), evaluate_oxford(ranks, truth))
    assert len(set(map(len, rows))) > 1


def test_hand_made():
    everything = np.arange(10)[None]
    assert evaluate_oxford(everything, [{"good": [0], "ok": [1, 2], "junk": []}]) == 1
    assert evaluate_oxford([[4]], [{"good": [4], "ok": [5, 6, 7]}]) == 1 / 4
    for rank in range(1, 6):
        assert evaluate_oxford(everything, [{"good": [rank], "ok": []}]) == pytest.approx(1 / (2 * (rank + 1)))


def test_without_images_of_both_kinds_it_is_the_classic_protocol(published):
    ranks, truth, _ = published
    full = np.stack([np.concatenate([row[row >= 0], np.setdiff1d(np.arange(60), row)]) for row in ranks])
    merged = [{"ok": one["good"] + one["ok"], "junk": one["junk"]} for one in truth]
    expected = evaluate_classic(full, merged).average_precisions
    np.testing.assert_allclose(evaluate_oxford(full, truth), expected, atol=1e-12)
    np.testing.assert_allclose(evaluate_oxford(full, merged), expected, atol=1e-12)


def test_an_image_of_both_kinds_is_junk_that_is_missed():
    assert evaluate_oxford([[0, 1, 2]], [{"good": [0], "ok": [1], "junk": [1]}]) == 1 / 2


def test_queries_without_positives_are_counted_and_in_no_mean():
    truth = [{"good": [1], "ok": []}, {"good": [], "ok": [], "junk": [0]}]
    result = map_oxford.evaluate({"all": np.array([[1, 0], [1, 0]])}, truth, groups={}, kappas=(1,))
    (score,) = result.scores
    assert (score.metric, score.group, score.value, score.count) == ("mAP", "classic", 100.0, 1)
    assert result.left_out == {"classic": 1}
    np.testing.assert_array_equal(result.per_query["mAP"]["classic"], [100, np.nan])


@pytest.mark.parametrize(
    ("rankings", "truth", "message"),
    [
        ([[0, 0]], [{"ok": [0]}], "more than once"),
        ([[0.5]], [{"ok": [0]}], "integers"),
        ([[0]], [{"good": [0]}], "no list 'ok'"),
        ([[0]], [{"ok": [9]}], "outside the database"),
        ([[0], [1]], [{"ok": [0]}], "one row per query"),
    ],
)
def test_bad_input(rankings, truth, message):
    with pytest.raises(ValueError, match=message):
        evaluate_oxford(rankings, truth, database_size=5)

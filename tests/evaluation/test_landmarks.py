"""mAP@100 of Google Landmarks v2."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.datasets.gldv2 import query_groups
from reprise.evaluation import evaluate_landmarks


def plain(ranking, ok, cutoff):
    """Average precision of one query, written down plainly."""
    ok, hits, total = set(ok), 0, 0.0
    for place, image in enumerate(list(ranking)[:cutoff], start=1):
        if image in ok:
            hits += 1
            total += hits / place
    return total / min(len(ok), cutoff)


def test_hand_made():
    # positives at ranks 0, 2 and 5, a fourth one is never found: (1 + 2/3 + 3/6) / 4
    scores = evaluate_landmarks(np.arange(10)[None], [{"ok": [0, 2, 5, 99]}])
    assert list(scores) == ["combined"]
    assert scores["combined"].map == pytest.approx(0.541667, abs=1e-6)
    assert scores["combined"].precision_at == {1: 1.0, 5: 0.4, 10: 0.3}


def test_denominator_is_the_cutoff_where_there_are_more_positives():
    scores = evaluate_landmarks(np.arange(150)[None], [{"ok": np.arange(150)}])
    assert scores["combined"].map == 1
    scores = evaluate_landmarks(np.arange(150)[None], [{"ok": np.arange(50, 200)}])
    assert scores["combined"].map == pytest.approx(sum(i / (50 + i) for i in range(1, 51)) / 100)


def test_what_lies_behind_the_cutoff_does_not_count():
    assert evaluate_landmarks(np.arange(150)[None], [{"ok": [100]}])["combined"].map == 0
    assert evaluate_landmarks(np.arange(150)[None], [{"ok": [99]}])["combined"].map == pytest.approx(0.01)


def test_the_last_queries_are_private():
    rankings, truth = np.tile(np.arange(5), (1129, 1)), [{"ok": [0]}] * 379 + [{"ok": [1]}] * 749 + [{"ok": []}]
    scores = evaluate_landmarks(rankings, truth, groups=query_groups(1129, 750))
    assert {name: score.map for name, score in scores.items()} == {
        "public": 1.0, "private": 0.5, "combined": pytest.approx((379 + 749 / 2) / 1128),
    }  # fmt: skip
    counted = {name: int(np.isfinite(score.average_precisions).sum()) for name, score in scores.items()}
    assert counted == {"public": 379, "private": 749, "combined": 1128}
    assert all(len(score.average_precisions) == 1129 for score in scores.values())


@pytest.mark.parametrize("private", [0, 3, 750])
def test_without_two_parts_all_queries_are_public(private):
    groups = query_groups(3, private)
    assert list(evaluate_landmarks(np.zeros((3, 1), int), [{"ok": [0]}] * 3, groups=groups)) == ["public"]


def test_no_positive_at_all_is_not_a_number():
    scores = evaluate_landmarks(np.zeros((1, 1), int), [{"ok": []}])["combined"]
    assert np.isnan(scores.map) and np.isnan(scores.precision_at[1])


@given(st.data())
def test_against_the_plain_definition(data):
    size = data.draw(st.integers(1, 30))
    rankings = [data.draw(st.permutations(range(size))) for _ in range(3)]
    truth = [{"ok": data.draw(st.lists(st.integers(0, size - 1), unique=True, min_size=1))} for _ in rankings]
    cutoff = data.draw(st.integers(1, 40))
    scores = evaluate_landmarks(np.array(rankings), truth, cutoff=cutoff)["combined"]
    expected = [plain(ranking, entry["ok"], cutoff) for ranking, entry in zip(rankings, truth, strict=True)]
    np.testing.assert_allclose(scores.average_precisions, expected, atol=1e-12)
    assert scores.map == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    "rankings, truth, options, message",
    [
        (np.zeros((1, 2), int), [{"ok": [0]}], {}, "more than once"),
        (np.zeros((1, 1)), [{"ok": [0]}], {}, "expected integers"),
        (np.zeros((2, 1), int), [{"ok": [0]}], {}, "2 rows for 1 queries"),
        (np.zeros((1, 1), int), [{"easy": [0]}], {}, "no list 'ok'"),
        (np.zeros((1, 1), int), [{"ok": [0], "junk": [1]}], {}, "no junk"),
        (np.zeros((1, 1), int), [{"ok": [7]}], {"database_size": 3}, "outside the database"),
        (np.zeros((1, 1), int), [{"ok": [0]}], {"cutoff": 0}, "cutoff"),
        (np.zeros((1, 1), int), [{"ok": [0]}], {"groups": {"a": np.ones(2, bool)}}, r"'a' is bool \(2,\), expected"),
    ],
)
def test_bad_input_is_refused(rankings, truth, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate_landmarks(rankings, truth, **options)


@pytest.mark.parametrize("cutoff", [2.5, 0, -1, "100", None, True, np.nan, [100]])
def test_bad_cutoff(cutoff):
    with pytest.raises(ValueError, match="cutoff: expected an integer"):
        evaluate_landmarks(np.arange(9)[None], [{"ok": [1]}], cutoff=cutoff)


@pytest.mark.parametrize("cutoff", [3, 3.0, np.int16(3), np.array(3)])
def test_cutoffs_as_people_have_them(cutoff):
    assert evaluate_landmarks(np.arange(9)[None], [{"ok": [0, 3]}], cutoff=cutoff)["combined"].map == 0.5


def test_padding_is_no_image():
    padded = np.array([[4, -1, 1, -1], [1, 2, 3, 4]])
    scores = evaluate_landmarks(padded, [{"ok": [1]}, {"ok": [1]}], cutoff=2, groups={"first": [True, False]})
    assert scores["first"].map == 0.5

"""Mean average precision and precision at k of Oxford and Paris."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.evaluation import evaluate

from reprise.evaluation import RetrievalScores, evaluate_classic, evaluate_revisited


def golden_cases(archive):
    for case in sorted({key.split("/")[0] for key in archive.files}, key=int):
        rankings = archive[f"{case}/ranks"]
        truth = [
            {key: archive[f"{case}/gnd/{query}/{key}"] for key in ("easy", "hard", "junk")}
            for query in range(len(rankings))
        ]
        yield case, rankings, truth


def test_golden(golden):
    archive = golden("evaluation_revisited")
    cases = list(golden_cases(archive))
    assert len(cases) == 12
    for case, rankings, truth in cases:
        for name, scores in evaluate_revisited(rankings, truth).items():
            np.testing.assert_allclose(scores.map, archive[f"{case}/{name}/map"], atol=1e-9)
            np.testing.assert_allclose(scores.average_precisions, archive[f"{case}/{name}/aps"], atol=1e-9)
            np.testing.assert_allclose(list(scores.precision_at.values()), archive[f"{case}/{name}/mpk"], atol=1e-9)


def test_hand_made():
    ranking = np.arange(10)[None]
    scores = evaluate_classic(ranking, [{"ok": [0, 4]}])
    assert isinstance(scores, RetrievalScores)
    # positives at ranks 1 and 5: (1 + (1/4 + 2/5) / 2) / 2; the last one is found at 5, so that P@10 is P@5
    assert scores.map == pytest.approx((1 + (1 / 4 + 2 / 5) / 2) / 2)
    assert scores.precision_at == {1: 1.0, 5: 0.4, 10: 0.4}


def test_image_that_is_positive_and_junk():
    scores = evaluate_classic(np.arange(10)[None], [{"ok": [3], "junk": [1, 3]}], kappas=(1, 5))
    assert scores.map == pytest.approx(1 / 6)
    assert scores.precision_at == {1: 0.0, 5: pytest.approx(1 / 3)}


def test_junk_is_subtracted_only_in_front():
    without = evaluate_classic(np.array([[5, 1, 2, 3]]), [{"ok": [1, 3], "junk": []}])
    behind = evaluate_classic(np.array([[5, 1, 2, 3, 9]]), [{"ok": [1, 3], "junk": [9]}])
    front = evaluate_classic(np.array([[9, 5, 1, 2, 3]]), [{"ok": [1, 3], "junk": [9]}])
    assert without.map == behind.map == front.map
    assert without.precision_at == behind.precision_at == front.precision_at


def test_query_without_positives_is_left_out_of_the_means():
    truth = [{"easy": [0], "hard": []}, {"easy": [], "hard": [1], "junk": [2]}]
    scores = evaluate_revisited(np.array([[0, 1, 2], [0, 1, 2]]), truth)
    np.testing.assert_array_equal(scores["easy"].average_precisions, [1, np.nan])
    assert scores["easy"].map == 1
    assert scores["medium"].map == pytest.approx((1 + 0.25) / 2)
    np.testing.assert_array_equal(np.isnan(scores["hard"].average_precisions), [True, False])


def test_no_query_has_positives():
    scores = evaluate_classic(np.array([[0, 1]]), [{"ok": []}])
    assert np.isnan(scores.map)
    assert np.isnan(list(scores.precision_at.values())).all()


def test_positives_that_were_not_retrieved_count():
    scores = evaluate_classic(np.array([[4, 2], [7, 1]]), [{"ok": [9, 11]}, {"ok": [7, 12]}])
    np.testing.assert_array_equal(scores.average_precisions, [0, 0.5])
    assert scores.precision_at == {1: 0.5, 5: 0.5, 10: 0.5}
    nothing = evaluate_classic(np.empty((1, 0), np.int64), [{"ok": [3]}])
    assert (nothing.map, nothing.precision_at[1]) == (0, 0)


def test_distractors_are_negative_and_never_positive():
    scores = evaluate_classic(np.array([[-1, 3, -7, 0]]), [{"ok": [0, 3], "junk": []}])
    reference = evaluate_classic(np.array([[8, 3, 9, 0]]), [{"ok": [0, 3], "junk": []}])
    assert scores.map == reference.map


@given(st.data())
def test_equals_the_reference(data):
    n_images = data.draw(st.integers(1, 30))
    n_queries = data.draw(st.integers(1, 4))
    lists = st.lists(st.integers(0, n_images - 1), unique=True, max_size=8)
    cut = data.draw(st.integers(0, n_images))
    rankings = np.array([data.draw(st.permutations(range(n_images)))[:cut] for _ in range(n_queries)], dtype=np.int32)
    rankings = rankings.reshape(n_queries, cut)
    truth = [{"easy": data.draw(lists), "hard": data.draw(lists), "junk": data.draw(lists)} for _ in rankings]
    protocols = {
        "easy": (lambda t: t["easy"], lambda t: t["junk"] + t["hard"]),
        "medium": (lambda t: t["easy"] + t["hard"], lambda t: t["junk"]),
        "hard": (lambda t: t["hard"], lambda t: t["junk"] + t["easy"]),
    }
    scores = evaluate_revisited(rankings, truth, kappas=(1, 3, 10))
    for name, (positives, junk) in protocols.items():
        expected = evaluate(rankings, map(positives, truth), map(junk, truth), (1, 3, 10))
        np.testing.assert_allclose(scores[name].map, expected[0])
        np.testing.assert_allclose(scores[name].average_precisions, expected[1])
        np.testing.assert_allclose(list(scores[name].precision_at.values()), expected[2])


RANKING = np.array([[0, 1, 2]])
TRUTH = {"easy": [0], "hard": [1], "junk": []}


@pytest.mark.parametrize(
    ("rankings", "truth", "message"),
    [
        (np.array([[0, 1, 1]]), TRUTH, "row 0 holds an image more than once"),
        (np.array([[-2, 0, -2]]), TRUTH, "row 0 holds an image more than once"),
        (np.array([[-1, -1, 0, 0]]), TRUTH, "row 0 holds an image more than once"),
        ([[0, 1], [1]], TRUTH, "rows of different lengths"),
        (np.ma.array([[0.0, 1.0]], mask=[[0, 1]]), TRUTH, "float64"),
        (RANKING, [0], "query 0 is a list, expected a mapping"),
        (RANKING, {**TRUTH, "easy": [[0], [0, 1]]}, "'easy' of query 0 is no list of integers"),
        (RANKING, {**TRUTH, "easy": [2**70]}, "'easy' of query 0 is no list of integers"),
        (RANKING, {**TRUTH, "easy": np.ma.array([0, 1], mask=[0, 1])}, "'easy' of query 0 has masked"),
        (RANKING, {**TRUTH, "hard": np.array([1j])}, "'hard' of query 0 is no list of integers"),
        (np.array([0, 1]), TRUTH, "shape"),
        (RANKING.astype(float), TRUTH, "float64"),
        (np.array([[0, 1], [1, 0]]), TRUTH, "2 rows for 1 queries"),
        (np.array([[0, 1, 5]]), TRUTH, "row 0 holds index 5"),
        (RANKING, {"ok": [0]}, "query 0 has no list 'easy'"),
        (RANKING, {**TRUTH, "hard": [-1]}, "'hard' of query 0 holds -1"),
        (RANKING, {**TRUTH, "junk": [3]}, "'junk' of query 0 holds 3"),
        (RANKING, {**TRUTH, "easy": [0.5]}, "'easy' of query 0"),
        (RANKING, {**TRUTH, "easy": [[0]]}, "'easy' of query 0"),
    ],
)
def test_bad_input(rankings, truth, message):
    with pytest.raises(ValueError, match=message):
        evaluate_revisited(rankings, [truth], database_size=3)


@pytest.mark.parametrize("kappa", [0, -3, 2.5, "5", None, True, np.nan, 1j, np.float32(0.5)])
def test_bad_kappa(kappa):
    for kappas in ((kappa,), (1, kappa)):
        with pytest.raises(ValueError, match="kappas: expected an integer"):
            evaluate_classic(RANKING, [{"ok": [0]}], kappas=kappas)


@pytest.mark.parametrize("kappas", [(5,), 5, np.int64(5), [5.0], np.array([5]), np.array(5), (np.uint8(5),)])
def test_kappas_as_people_have_them(kappas):
    assert evaluate_classic(RANKING, [{"ok": [2]}], kappas=kappas).precision_at == {5: pytest.approx(1 / 3)}


PADDED = st.lists(st.permutations(range(9)).flatmap(lambda row: st.integers(0, 9).map(lambda n: row[:n])), min_size=1)


@given(
    PADDED, st.lists(st.integers(0, 8), unique=True, min_size=1), st.lists(st.integers(0, 8), unique=True), st.data()
)
def test_padding_is_no_image(rows, positives, junk, data):
    """Rows of different lengths, padded at their ends or anywhere, by -1 or by a mask."""
    truth = [{"ok": positives, "junk": junk}] * len(rows)
    alone = [evaluate_classic(np.array([row], np.int64), truth[:1]) for row in rows]
    width = 2 + max(map(len, rows))
    padded = np.full((len(rows), width), -1)
    for row, images in enumerate(rows):
        places = data.draw(st.permutations(range(width))) if data.draw(st.booleans()) else range(width)
        padded[row, sorted(places[: len(images)])] = images
    masked = np.ma.array(np.where(padded < 0, 77, padded), mask=padded < 0)
    for rankings in (padded, masked, padded.astype(np.int16)):
        scores = evaluate_classic(rankings, truth)
        np.testing.assert_array_equal(scores.average_precisions, [one.map for one in alone])
        for kappa, value in scores.precision_at.items():
            assert value == pytest.approx(np.mean([one.precision_at[kappa] for one in alone]))
        easy = [{"easy": positives, "hard": [], "junk": junk}] * len(rows)
        revisited = evaluate_revisited(rankings, easy)["easy"]
        np.testing.assert_array_equal(revisited.average_precisions, scores.average_precisions)


def test_only_the_protocols_that_are_wanted():
    every = evaluate_revisited(RANKING, [TRUTH])
    (hard,) = evaluate_revisited(RANKING, [TRUTH], protocols=["hard"]).items()
    assert hard[0] == "hard" and hard[1].map == every["hard"].map and list(every) == ["easy", "medium", "hard"]
    with pytest.raises(ValueError, match="protocols: 'midium' is unknown; known are easy, medium, hard"):
        evaluate_revisited(RANKING, [TRUTH], protocols=["midium"])

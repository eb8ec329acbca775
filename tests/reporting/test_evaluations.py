"""From stored rankings to scores, with the names checked."""

import json

import numpy as np
import pytest

from reprise.datasets.images import Dataset, ImageList
from reprise.formats.rankings import StoredRankings
from reprise.reporting.evaluations import evaluate_rankings, read_evaluations, write_evaluation
from reprise.storage.errors import DataError


def image_list(names):
    return ImageList(list(names), [None] * len(names))


def dataset(truth, database="abc", queries="qr"):
    return Dataset(image_list(database), image_list(queries), truth)


RANKINGS = StoredRankings(np.array([[0, 1, 2], [2, 1, 0]]), np.zeros((2, 3)), ["q", "r"], ["a", "b", "c"])
TRUTH = [{"easy": [0], "hard": [], "junk": []}, {"easy": [], "hard": [1], "junk": [2]}]


def test_scores_by_protocol_with_names_and_numbers_of_queries():
    scores = evaluate_rankings(RANKINGS, dataset(TRUTH), [1, 2])
    assert scores["easy"]["map"] == 100.0
    assert scores["easy"]["queries"] == 1
    assert scores["easy"]["average_precisions"] == {"q": 100.0, "r": None}
    assert scores["hard"]["average_precisions"] == {"q": None, "r": 100.0}
    assert scores["medium"]["queries"] == 2


def test_classic_ground_truth_has_one_protocol():
    scores = evaluate_rankings(RANKINGS, dataset([{"ok": [1], "junk": [0]}, {"ok": [0], "junk": []}]), [1])
    assert list(scores) == ["classic"]
    assert scores["classic"]["average_precisions"]["q"] == 100.0


def test_ground_truth_without_junk_has_public_and_private_queries():
    landmarks = Dataset(image_list("abc"), image_list("qr"), [{"ok": [1]}, {"ok": [2]}], private_queries=1)
    scores = evaluate_rankings(RANKINGS, landmarks, [1])
    assert {name: score["map"] for name, score in scores.items()} == {"public": 50, "private": 100, "combined": 75}
    assert scores["private"]["queries"] == 1
    assert scores["private"]["average_precisions"] == {"q": None, "r": 100.0}


def test_no_query_with_a_positive_is_not_a_number_but_nothing(tmp_path):
    truth = [{"easy": [], "hard": [0], "junk": []}, {"easy": [], "hard": [1], "junk": []}]
    scores = evaluate_rankings(RANKINGS, dataset(truth), [1])
    assert scores["easy"]["map"] is None and scores["easy"]["queries"] == 0
    write_evaluation(tmp_path / "exp" / "set.json", scores, 20, '{"stage": "evaluate"}')
    read = read_evaluations([tmp_path / "exp" / "set.json"])["exp", "set"]
    assert read["protocols"]["easy"]["map"] is None and read["index_bytes"] == 20
    assert json.loads((tmp_path / "exp" / "set.json").read_text())["recipe"] == {"stage": "evaluate"}


@pytest.mark.parametrize("change, kind", [({"database": "abd"}, "database"), ({"queries": "qs"}, "query")])
def test_rankings_of_other_images_are_refused(change, kind):
    with pytest.raises(DataError, match=f"the {kind} images of the rankings are not those"):
        evaluate_rankings(RANKINGS, dataset(TRUTH, **change), [1])


def test_a_dataset_without_ground_truth_is_refused():
    with pytest.raises(DataError, match="no ground truth"):
        evaluate_rankings(RANKINGS, Dataset(image_list("abc")), [1])


def test_with_distractors_the_places_of_all_images_give_the_exact_scores():
    everything = np.array([[3, 0, 4, 1, 5, 2], [1, 2, 0, 3, 4, 5]])  # 3, 4 and 5 are distractors
    places = np.argsort(everything, axis=1)[:, :3].astype(np.int32)
    cut = StoredRankings(everything[:, :2], np.zeros((2, 2)), ["q", "r"], list("abcxyz"), places)
    exact = StoredRankings(
        np.where(everything < 3, everything, 2 - everything), np.zeros((2, 6)), ["q", "r"], list("abc")
    )
    truth = [{"easy": [0, 2], "hard": [], "junk": [1]}, {"easy": [0], "hard": [1], "junk": [2]}]
    assert evaluate_rankings(cut.without_unranked(), dataset(truth), [1, 3]) == evaluate_rankings(
        exact, dataset(truth), [1, 3]
    )
    assert cut.without_unranked().database_names == ["a", "b", "c", "x"]
    assert cut.without_unranked().of("q")[0][0] == "x"

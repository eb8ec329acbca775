"""From stored rankings to scores, with the names checked."""

import json

import numpy as np
import pytest

from reprise.datasets.images import Dataset, ImageList
from reprise.evaluation.metrics import map_revisited
from reprise.formats.rankings import ALL, RankedList, Ranking
from reprise.reporting.evaluations import evaluate_ranking, read_evaluation, read_evaluations, write_evaluation
from reprise.reporting.metrics import METRICS, load_metric, metrics_for
from reprise.storage.errors import DataError


def image_list(names):
    return ImageList(list(names), [None] * len(names))


def dataset(truth, database="abc", queries="qr", kind="revisited", groups=None):
    return Dataset(image_list(database), image_list(queries), truth, kind, groups or {})


def ranking(ranks, queries="qr", database="abc", **options):
    ranks = np.array(ranks)
    return Ranking(list(queries), list(database), {ALL: RankedList(ranks, np.zeros(ranks.shape))}, **options)


def evaluate(ranking, dataset, kappas):
    return evaluate_ranking(ranking, dataset, metrics_for(dataset.truth), kappas)


RANKING = ranking([[0, 1, 2], [2, 1, 0]])
TRUTH = [{"easy": [0], "hard": [], "junk": []}, {"easy": [], "hard": [1], "junk": [2]}]


def test_scores_by_protocol_with_numbers_of_queries():
    found = evaluate(RANKING, dataset(TRUTH), [1, 2])
    easy = found.score("mAP", "easy")
    assert (easy.value, easy.unit, easy.higher_is_better, easy.count) == (100.0, "%", True, 1)
    np.testing.assert_array_equal(found.per_query["mAP"]["easy"], [100.0, np.nan])
    np.testing.assert_array_equal(found.per_query["mAP"]["hard"], [np.nan, 100.0])
    assert found.score("mAP", "medium").count == 2
    assert found.left_out == {"easy": 1, "medium": 0, "hard": 1}
    assert [score.metric for score in found.scores[:3]] == ["mAP", "mP@1", "mP@2"]
    assert found.score("mAP", "classic") is None and found.score("recall", "easy") is None


def test_every_protocol_is_evaluated_on_its_own_list():
    good, bad = np.array([[0, 1, 2], [1, 0, 2]]), np.array([[2, 1, 0], [0, 2, 1]])
    zeros = np.zeros((2, 3))
    lists = {"easy": RankedList(good, zeros), "medium": RankedList(bad, zeros), "hard": RankedList(good, zeros)}
    own = evaluate(Ranking(["q", "r"], list("abc"), lists), dataset(TRUTH), [1])
    for group, ranks in (("easy", good), ("medium", bad), ("hard", good)):
        assert own.score("mAP", group) == evaluate(ranking(ranks), dataset(TRUTH), [1]).score("mAP", group)
    assert own.score("mAP", "medium").value < own.score("mAP", "easy").value
    # Lists of some protocols are scores of those.
    some = evaluate(Ranking(["q", "r"], list("abc"), {"hard": lists["hard"]}), dataset(TRUTH), [1])
    assert {score.group for score in some.scores} == {"hard"}
    with pytest.raises(ValueError, match="no list for 'all', only for hard"):
        load_metric("map_landmarks").evaluate({"hard": good}, [{"ok": [0]}] * 2, groups={}, kappas=[1])
    with pytest.raises(ValueError, match="there are lists for public, expected easy, medium, hard or all"):
        load_metric("map_revisited").evaluate({"public": good}, TRUTH, groups={}, kappas=[1])


def test_classic_ground_truth_has_one_protocol():
    truth = [{"ok": [1], "junk": [0]}, {"ok": [0], "junk": []}]
    found = evaluate(RANKING, dataset(truth, kind="classic"), [1])
    assert {score.group for score in found.scores} == {"classic"}
    assert found.per_query["mAP"]["classic"][0] == 100.0


def test_groups_of_queries_have_scores_of_their_own():
    groups = {"public": np.array([True, False]), "private": np.array([False, True]), "combined": np.ones(2, bool)}
    landmarks = dataset([{"ok": [1]}, {"ok": [2]}], kind="landmarks", groups=groups)
    found = evaluate(RANKING, landmarks, [1])
    values = {score.group: score.value for score in found.scores if score.metric == "mAP"}
    assert values == {"public": 50, "private": 100, "combined": 75}
    assert found.score("mAP", "private").count == 1
    np.testing.assert_array_equal(found.per_query["mAP"]["private"], [np.nan, 100.0])
    assert found.left_out == {"public": 0, "private": 0, "combined": 0}


def test_what_is_kept_of_the_database_is_scored_too():
    sizes = {"index bytes": {"exp": 300}, "token bytes": {"net": 20, "other": 10}}
    found = evaluate(ranking([[0, 1, 2], [2, 1, 0]], sizes=sizes, num_images=6), dataset(TRUTH), [1])
    values = {score.metric: score.value for score in found.scores if score.unit == "bytes"}
    assert values == {
        "index bytes": 300, "index bytes per image": 50, "token bytes": 30, "token bytes per image": 5,
    }  # fmt: skip
    index = found.score("index bytes", "all")
    assert not index.higher_is_better and index.count == 6


def test_no_query_with_a_positive_is_not_a_number_but_nothing(tmp_path):
    truth = [{"easy": [], "hard": [0], "junk": []}, {"easy": [], "hard": [1], "junk": []}]
    found = evaluate(ranking([[0, 1, 2], [2, 1, 0]], sizes={"index bytes": {"e": 20}}), dataset(truth), [1])
    assert np.isnan(found.score("mAP", "easy").value) and found.score("mAP", "easy").count == 0
    path = tmp_path / "exp" / "set.json"
    write_evaluation(path, found, ["q", "r"], {"recipe": {"stage": "evaluate"}})
    read = read_evaluations([path])["exp", "set"]
    assert np.isnan(read.score("mAP", "easy").value) and read.score("index bytes", "all").value == 20
    assert [score for score in read.scores if score.count] == [score for score in found.scores if score.count]
    np.testing.assert_array_equal(read.per_query["mAP"]["hard"], found.per_query["mAP"]["hard"])
    assert read.left_out == {"easy": 2, "medium": 0, "hard": 0}
    content = json.loads(path.read_text())
    assert content["recipe"] == {"stage": "evaluate"} and content["queries"] == ["q", "r"]
    assert content["scores"][0]["value"] is None and content["per_query"]["mAP"]["easy"] == [None, None]


def test_an_evaluation_of_before_is_named_as_such(tmp_path):
    (tmp_path / "old.json").write_text(json.dumps({"protocols": {"easy": {"map": 1.0}}, "index_bytes": 5}))
    with pytest.raises(DataError, match=r"old\.json: was written by another version.*delete it.*run again"):
        read_evaluation(tmp_path / "old.json")


def test_metrics_are_found_by_listing_them():
    assert METRICS.names() == ("map_classic", "map_landmarks", "map_oxford", "map_revisited", "recall_places")
    assert metrics_for("revisited") == ["map_revisited"] and metrics_for(None) == []
    assert load_metric("map_revisited") is load_metric("reprise.evaluation.metrics.map_revisited") is map_revisited
    with pytest.raises(DataError, match="metric: unknown name 'map_revisted'; did you mean 'map_revisited'"):
        load_metric("map_revisted")
    with pytest.raises(
        DataError, match="metric map_classic: takes ground truth of the kind classic, this is revisited"
    ):
        evaluate_ranking(RANKING, dataset(TRUTH), ["map_classic"], [1])


def test_a_metric_of_ones_own_is_a_module_and_nothing_else(tmp_path, monkeypatch):
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "success.py").write_text(
        "from reprise.evaluation import Evaluation, Score\n"
        "TAKES = 'revisited'\n"
        "def evaluate(ranks, ground_truth, *, groups, kappas, database_size=None):\n"
        "    first = [row[0] in truth['easy'] for row, truth in zip(ranks['all'], ground_truth)]\n"
        "    return Evaluation([Score('first is easy', 'all', 100 * sum(first) / len(first), '%', True, len(first))])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = evaluate_ranking(RANKING, dataset(TRUTH), ["map_revisited", "mine.success"], [1])
    assert found.score("first is easy", "all").value == 50 and found.score("mAP", "easy").value == 100


@pytest.mark.parametrize("change, kind", [({"database": "abd"}, "database"), ({"queries": "qs"}, "query")])
def test_rankings_of_other_images_are_refused(change, kind):
    with pytest.raises(DataError, match=f"the {kind} images of the rankings are not those"):
        evaluate(RANKING, dataset(TRUTH, **change), [1])


def test_a_dataset_without_ground_truth_is_refused():
    with pytest.raises(DataError, match="no ground truth"):
        evaluate(RANKING, Dataset(image_list("abc")), [1])


def test_with_distractors_the_places_of_all_images_give_the_exact_scores():
    everything = np.array([[3, 0, 4, 1, 5, 2], [1, 2, 0, 3, 4, 5]])  # 3, 4 and 5 are distractors
    places = np.argsort(everything, axis=1)[:, :3].astype(np.int32)
    cut = Ranking(["q", "r"], list("abcxyz"), {ALL: RankedList(everything[:, :2], np.zeros((2, 2)), places)}, 3)
    exact = ranking(np.where(everything < 3, everything, 2 - everything))
    whole = ranking(everything, database="abcxyz", distractors=3)
    truth = [{"easy": [0, 2], "hard": [], "junk": [1]}, {"easy": [0], "hard": [1], "junk": [2]}]
    small = cut.without_unranked()
    expected = evaluate(exact, dataset(truth), [1, 3]).scores
    assert expected == evaluate(small, dataset(truth), [1, 3]).scores == evaluate(whole, dataset(truth), [1, 3]).scores
    assert small.database_names == ["a", "b", "c", "x"] and small.distractors == 1 and small.searched == 6
    assert small.of("q")[0][0] == "x"
    # Without being told which they are, other images than those of the ground truth are refused.
    with pytest.raises(DataError, match="the database images of the rankings are not those"):
        evaluate(ranking(everything, database="abcxyz"), dataset(truth), [1])

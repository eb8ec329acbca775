"""The evaluation of located queries, and the file that the server takes."""

import numpy as np
import pytest

from reprise.datasets.posed import Scene
from reprise.formats.colmap_models import ModelCamera, ModelImage
from reprise.formats.located import Located, read_located, write_located
from reprise.localization.scores import evaluate_located
from reprise.localization.submission import submission, write_submission
from reprise.storage.errors import DataError

CAMERA = ModelCamera("PINHOLE", 64, 48, (50.0, 50.0, 32.0, 24.0))
UNIT = np.array([1.0, 0, 0, 0])


def at(x):
    return Located(np.array([1.0, 0, 0, 0, x, 0, 0]), 20, 30, 2)


LOST = Located(None, 3, 9, 2)


def scene(*names, truth=True):
    images = {name: ModelImage(name, 1, UNIT, np.zeros(3)) for name in names}
    return Scene({}, list(names), dict.fromkeys(names, CAMERA), images if truth else {}, {"group": list(names)})


def values(evaluation):
    return {score.metric: score.value for score in evaluation.scores}


def test_shares_count_queries_without_a_pose_as_wrong():
    located = {"a": at(0.1), "b": at(0.4), "c": at(3.0), "d": LOST}
    evaluation = evaluate_located(located, scene(*"abcd"), "x")
    found = values(evaluation)
    assert found["localized within 0.25 m, 2 deg"] == 25
    assert found["localized within 0.5 m, 5 deg"] == 50
    assert found["localized within 5 m, 10 deg"] == 75 == found["pose found"]
    assert found["median position error"] == pytest.approx(1.7)
    assert {score.count for score in evaluation.scores} == {4}
    assert evaluation.damaged == {"have no pose": 1}
    assert np.isnan(evaluation.per_query["position error"]["group"][3])


def test_a_median_over_queries_that_mostly_have_no_pose_is_none():
    found = values(evaluate_located({"a": at(0.1), "b": LOST, "c": LOST}, scene(*"abc"), "x"))
    assert np.isnan(found["median position error"]) and found["pose found"] == pytest.approx(100 / 3)


def test_without_truth_only_the_share_with_a_pose_is_measured():
    found = values(evaluate_located({"a": at(0.1), "b": LOST}, scene("a", "b", truth=False), "x"))
    assert found["pose found"] == 50
    assert all(np.isnan(found[metric]) for metric in found if "within" in metric or "error" in metric)


def test_other_queries_are_refused():
    with pytest.raises(DataError, match="x: 1 queries were located, which are not the 2 of the dataset"):
        evaluate_located({"a": LOST}, scene("a", "b"), "x")


def test_poses_are_written_and_read_back(tmp_path):
    write_located(tmp_path / "x.json", {"b": at(0.1), "a": LOST}, {"recipe": {"stage": "localize"}})
    found = read_located(tmp_path / "x.json")
    assert list(found) == ["b", "a"] and found["a"] == LOST
    assert found["b"].pose.tolist() == at(0.1).pose.tolist()


def test_a_submission_has_a_line_for_each_query_with_a_pose_w_first_and_names_without_folders(tmp_path):
    pose = np.array([0.5, -0.5, 0.5, 0.5, 1.25, -2, 1e-7])
    located = {"query/night/b.jpg": Located(pose, 20, 30, 2), "query/day/c.jpg": LOST, "query/day/a.jpg": at(1.0)}
    write_submission(tmp_path / "x.txt", located, "x")
    assert (tmp_path / "x.txt").read_text() == (
        "a.jpg 1.0 0.0 0.0 0.0 1.0 0.0 0.0\nb.jpg 0.5 -0.5 0.5 0.5 1.25 -2.0 1e-07\n"
    )


def test_submissions_that_the_server_could_not_read_are_refused():
    with pytest.raises(DataError, match=r"x: two queries are called a.jpg, which a submission cannot tell apart"):
        submission({"day/a.jpg": at(0), "night/a.jpg": at(1)}, "x")
    with pytest.raises(DataError, match="x: none of 1 queries has a pose"):
        submission({"a.jpg": LOST}, "x")

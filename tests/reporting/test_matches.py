"""What is drawn on pairs of images, and the files that hold it."""

import json
import re

import numpy as np
import pytest
from gallery_data import Inliers, Words, gallery, landmarks, method

from reprise.reporting.gallery import gallery_content, write_gallery
from reprise.reporting.gallery.match_files import write_matches
from reprise.reporting.gallery.matches import inlier_lines
from reprise.reranking.matched_points import MatchedPoints


def drawn_of(folder, row):
    """The values of a file of matches, one for each method."""
    text = (folder / f"m{row}.js").read_text(encoding="utf-8")
    return json.loads(re.fullmatch(rf"addMatches\({row},(.*)\);\n", text)[1])


def test_lines_of_words_are_shares_of_the_score():
    (drawn,) = Words().match(0, [0])
    assert drawn["words"] == [[77, 0.6, 2, 1], [5, 0.1, 1, 1]] and drawn["score"] == 0.7 and drawn["count"] == 2
    assert [line[2:] for line in drawn["lines"]] == [[0.4, 0], [0.2, 0], [0.1, 1]]
    assert sum(value for _, _, value, _ in drawn["lines"]) == pytest.approx(drawn["score"])
    points = np.reshape(drawn["image"], (-1, 2)).tolist()
    assert [points[second] for _, second, _, _ in drawn["lines"]] == [[50, 60], [50, 60], [10, 10]]


def test_of_many_inliers_some_are_drawn_and_all_are_counted():
    points = np.arange(1000, dtype=np.float32).reshape(-1, 2)
    drawn = inlier_lines(MatchedPoints(points, points + 1, 900, np.eye(3)))
    assert drawn["inliers"] == 500 and drawn["tentative"] == 900 and len(drawn["query"]) == len(drawn["image"]) == 200
    assert drawn["query"][:2] == [0, 1] and drawn["query"][-2:] == [998, 999] and len(drawn["transform"]) == 9


def test_matches_are_drawn_on_the_first_images_that_are_no_distractors(tmp_path):
    page = gallery(tmp_path)
    first, second = drawn_of(tmp_path / "page", 0)
    assert len(first) == len(second) == 5  # of six
    assert second[next(iter(first))]["inliers"] == 3
    assert '"drawn":{"first":5,"kinds":["words","inliers"]}' in page.read_text(encoding="utf-8")
    dataset = landmarks(tmp_path / "more")
    content, pictures = gallery_content("t", [method("m", [[0, 1, 2, 3, 4, 5]] * 2, dataset)], dataset)
    write_matches(tmp_path, content, {0: 0, 3: 3}, [Inliers()], 3)
    assert list(drawn_of(tmp_path, 1)[0]) == ["0"]
    write_gallery(tmp_path / "none.html", tmp_path / "none", content, pictures, matchers=[None])
    assert not list((tmp_path / "none").glob("*.js"))

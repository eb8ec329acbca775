"""What is drawn on pairs of images, and the files that hold it."""

import json
import re

import numpy as np
import pytest
from dense_data import flat, random_features
from gallery_data import Inliers, Words, gallery, landmarks, method

from reprise.asmk import Codebook, InvertedFile, aggregate
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.reporting.gallery import Drawn, gallery_content, open_drawn, write_gallery
from reprise.reporting.gallery.match_files import write_matches
from reprise.reporting.gallery.match_lines import inlier_lines
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
    shown = '"drawn":{"first":5,"kinds":["words","inliers"],"notes":["","of the query \\u0026 \\u003citself\\u003e"]}'
    assert shown in page.read_text(encoding="utf-8")
    dataset = landmarks(tmp_path / "more")
    content, pictures = gallery_content("t", [method("m", [[0, 1, 2, 3, 4, 5]] * 2, dataset)], dataset)
    write_matches(tmp_path, content, {0: 0, 3: 3}, [Inliers()], 3)
    assert list(drawn_of(tmp_path, 1)[0]) == ["0"]
    write_gallery(tmp_path / "none.html", tmp_path / "none", content, pictures, drawn=[Drawn(note="no")])
    assert not list((tmp_path / "none").glob("*.js"))


@pytest.fixture
def files(tmp_path):
    """Features of a query, and of two images: one where its points are twice as far from each other, and others."""
    random = np.random.default_rng(0)
    descriptors = random.standard_normal((2, 40, 8)).astype(np.float32)
    points = random.uniform(10, 90, (40, 2)).astype(np.float32)
    images = {
        "queries": [(descriptors[0], points)],
        "database": [(descriptors[1], points), (descriptors[0], 2 * points)],
    }
    for name, features in images.items():
        with feature_writer(tmp_path / f"{name}.h5", 8, {}) as writer:
            for number, (values, places) in enumerate(features):
                writer.append(f"{name}{number}", LocalFeatures(values, np.ones(40, "f4"), places, np.ones(40, "f4")))
    return {name: str(tmp_path / f"{name}.h5") for name in images}


def test_inliers_are_those_of_the_step(files):
    settings = {"num_features": None, "max_distance": None, "threshold": 5.0}
    matcher = open_drawn("homography", files=files, settings=settings, threads=2).matcher
    assert matcher.kind == "inliers"
    other, same = matcher.match(0, [0, 1])
    assert same["inliers"] == same["tentative"] == 40 and other["inliers"] < 20
    np.testing.assert_allclose(same["transform"], [2, 0, 0, 0, 2, 0, 0, 0, 1], atol=1e-3)
    np.testing.assert_allclose(2 * np.array(same["query"]), same["image"], atol=0.15)


def test_words_are_those_of_the_index(files, tmp_path):
    with open_features(files["database"]) as features:
        descriptors, image_ids = features.read_rows(0, 2)
    codebook = Codebook(descriptors[::5])
    index = InvertedFile.build(aggregate(descriptors, codebook.assign(descriptors), image_ids, codebook), 16)
    codebook.save(tmp_path / "codebook.h5")
    index.save(tmp_path / "index")
    given = {**files, "codebook": str(tmp_path / "codebook.h5"), "index": str(tmp_path / "index")}
    settings = {"num_features": 1000, "query_assignments": 1, "database_assignments": 1, "alpha": 3.0, "threshold": 0.0}
    drawn = open_drawn("asmk", files=given, settings=settings).matcher.match(0, [0, 1])
    query = aggregate(descriptors[40:], codebook.assign(descriptors[40:]), np.zeros(40, int), codebook)
    for pair, score in zip(drawn, index.scores(query)[0], strict=True):
        assert pair["score"] == pytest.approx(score, rel=1e-3)
        assert sum(value for _, _, value, _ in pair["lines"]) <= score * 1.01
    assert drawn[1]["score"] == pytest.approx(1) and drawn[1]["count"] == len(query)


def test_nothing_is_drawn_of_keypoints_in_another_convention(files, tmp_path):
    flat(tmp_path / "dense.h5", [random_features(np.random.default_rng(0), 3)], np.float32)
    given = {**files, "database": str(tmp_path / "dense.h5")}
    found = open_drawn("homography", files=given, settings={}, note="of the step")
    assert found.matcher is None and "not in pixels" in found.note
    assert open_drawn(None, note="why") == Drawn(None, "why")

"""Homographies: counts of inliers, against the published re-ranking, and what has none."""

import cv2
import numpy as np
import pytest

from reprise.geometry import estimate_homography, homography_inliers, project, resized_homography
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hndesc_rerank"))


def test_golden_inliers(arrays):
    counts = arrays["match_counts"].ravel()
    ends = np.cumsum(counts)
    for number, (stop, count) in enumerate(zip(ends, counts, strict=True)):
        rows = slice(stop - count, stop)
        points = arrays["matched_query"][rows], arrays["matched_database"][rows]
        found, homography, mask = homography_inliers(*points)
        expected = arrays["homographies"].reshape(-1, 3, 3)[number]
        assert found == mask.sum() == arrays["inliers_own_rule"].ravel()[number]
        np.testing.assert_allclose(project(homography, points[0]), project(expected, points[0]), rtol=1e-3, atol=1e-3)
        if cv2.__version__.split(".")[0] == str(arrays["opencv"]).split(".")[0]:
            assert found == arrays["inliers_mask"].ravel()[number]


def test_the_mask_follows_the_homography_that_is_returned():
    random = np.random.default_rng(3)
    a = random.uniform(0, 800, (300, 2))
    true = np.array([[1.1, 0.05, 4], [-0.1, 0.9, 30], [1e-4, -5e-5, 1]])
    b = project(true, a) + random.normal(0, 3, (300, 2))
    b[:100] = random.uniform(0, 800, (100, 2))
    count, homography, mask = homography_inliers(a, b, 4)
    distances = np.linalg.norm(project(homography, a.astype("f4")) - b.astype("f4"), axis=1)
    np.testing.assert_array_equal(mask, distances <= 4)
    assert count == mask.sum() > 80
    again = homography_inliers(a, b, 4)
    assert again[0] == count
    np.testing.assert_array_equal(again[1], homography)


LINE, SQUARE = np.arange(8.0)[:, None] * [9, 9], np.array([[0, 0], [90, 0], [0, 90], [90, 90.0]])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2))),
        (SQUARE[:3], SQUARE[:3]),
        (LINE, np.random.default_rng(0).uniform(0, 90, (8, 2))),
        (SQUARE, LINE[:4]),
        (LINE[:4], SQUARE),
        (SQUARE, np.full((4, 2), 7.0)),
        (np.full((20, 2), 7.0), np.random.default_rng(0).uniform(0, 90, (20, 2))),
    ],
    ids=["none", "three", "line", "to a line", "from a line", "to a point", "from a point"],
)
def test_what_has_no_homography(a, b):
    count, homography, mask = homography_inliers(a, b)
    assert (count, homography) == (0, None)
    assert mask.shape == (len(a),)
    assert mask.dtype == bool
    assert not mask.any()


def test_four_points_have_one():
    count, homography, mask = homography_inliers(SQUARE, SQUARE * 2 + 5)
    assert count == 4
    assert mask.all()
    np.testing.assert_allclose(project(homography, [[10, 20]]), [[25, 45]], atol=1e-6)
    # Far from the origin they have one, too: only their own extent counts.
    assert homography_inliers(SQUARE + 40_000, SQUARE * 2 + 50_000)[0] == 4


def test_homography_of_resized_images():
    true = np.array([[1.1, 0.05, 4], [-0.1, 0.9, 30], [1e-4, -5e-5, 1]])
    points = np.array([[10.0, 20], [300, 200]])
    resized = resized_homography(true, (0.5, 2), (3, 0.25))
    np.testing.assert_allclose(project(resized, points * [0.5, 2]), project(true, points) * [3, 0.25])


def test_points_at_infinity_are_not_finite():
    assert not np.isfinite(project(np.array([[1, 0, 0], [0, 1, 0], [1, 0, -5.0]]), [[5, 1]])).any()


@pytest.mark.parametrize(
    ("a", "b", "threshold", "message"),
    [
        (np.zeros((4, 3)), np.zeros((4, 2)), 5, r"points_a: have the shape \(4, 3\)"),
        (np.zeros((4, 2)), np.zeros((5, 2)), 5, "give pairs of points"),
        (np.full((4, 2), np.nan), np.zeros((4, 2)), 5, "points_a: are not all finite"),
        (np.zeros((4, 2)), np.full((4, 2), np.inf), 5, "points_b: are not all finite"),
        (np.zeros((4, 2)), np.zeros((4, 2)), 0, "threshold: is 0"),
    ],
)
def test_unfit_arguments(a, b, threshold, message):
    with pytest.raises(DataError, match=message):
        homography_inliers(a, b, threshold)
    with pytest.raises(DataError, match=message):
        estimate_homography(a, b, threshold)

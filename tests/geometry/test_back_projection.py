"""Which features of verified images expand a query."""

import numpy as np

from reprise.geometry.back_projection import select_features
from reprise.geometry.verification import Regions, Verifications

#: Maps (x, y) of the query to (2 x + 10, 2 y).
DOUBLED = np.array([[2.0, 0, 10], [0, 2, 0]])
SAME = np.array([[1.0, 0, 0], [0, 1, 0]])


def regions(points, offsets=None):
    return Regions(np.asarray(points, float), np.tile(np.eye(2), (len(points), 1, 1)), offsets)


DATABASE = regions([[10, 0], [30, 20], [32, 0], [5, 5], [50, 5], [7, 7]], np.array([0, 3, 5, 6]))
QUERY = regions([[0, 0], [10, 10]])


def test_features_inside_of_the_box_by_descending_inliers():
    found = Verifications(np.array([16, 15, 20], np.int32), np.stack([SAME, DOUBLED, DOUBLED]))
    chosen = select_features(QUERY, (0, 0, 10, 10), DATABASE, np.array([1, 0, 2]), found)
    # Image 2 has its only feature left of the box, image 1 has one of two inside, image 0 two of three.
    assert chosen.images.tolist() == [2, 1, 0]
    assert chosen.rows.tolist() == [3, 0, 1]
    assert chosen.image_of.tolist() == [1, 2, 2]


def test_least_and_most():
    found = Verifications(np.array([16, 14, 20], np.int32), np.stack([SAME, SAME, SAME]))
    images = np.array([1, 0, 2])
    assert select_features(QUERY, None, DATABASE, images, found).images.tolist() == [2, 1]
    assert select_features(QUERY, None, DATABASE, images, found, most=1).images.tolist() == [2]
    none = select_features(QUERY, None, DATABASE, images, found, least=21)
    assert len(none.images) == len(none.rows) == len(none.image_of) == 0


def test_without_a_box_the_keypoints_have_one():
    found = Verifications(np.array([15], np.int32), SAME[None])
    chosen = select_features(QUERY, None, DATABASE, np.array([1]), found)
    assert chosen.rows.tolist() == [3]
    nothing = regions(np.zeros((0, 2)))
    assert not len(select_features(nothing, None, DATABASE, np.array([1]), found).rows)

"""Spatial verification: as a plain implementation, right on known transforms, defined where it degenerates."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import verification as plain

from reprise.geometry import frames_from_scales, verify_affine
from reprise.geometry.tentatives import Tentatives, Words, nearest_tentatives, word_tentatives
from reprise.geometry.verification import Regions, back_projected, verify_images
from reprise.storage.errors import DataError


def some_regions(random, n):
    frames = random.uniform(3, 12, n)[:, None, None] * (np.eye(2) + random.uniform(-0.3, 0.3, (n, 2, 2)))
    return random.uniform(0, 300, (n, 2)), frames


def moved(regions, transform, random, noise=1.0):
    """The same regions in another image."""
    points = regions[0] @ transform[:, :2].T + transform[:, 2] + random.normal(0, noise, regions[0].shape)
    frames = transform[:, :2] @ regions[1] @ (np.eye(2) + random.normal(0, 0.03, regions[1].shape))
    return points, frames


def some_transform(random):
    matrix = np.eye(2) * random.uniform(0.6, 1.6) + random.uniform(-0.2, 0.2, (2, 2))
    return np.column_stack([matrix, random.uniform(-40, 40, 2)])


def scene(random, n=40, wrong=25):
    """Two images with a known transform, and tentative correspondences: true, wrong, and of repeated features."""
    query, transform = some_regions(random, n), some_transform(random)
    database = moved(query, transform, random)
    true = np.stack([np.arange(n), np.arange(n)], axis=1)
    pairs = np.concatenate([true[: n // 2], random.integers(0, n, (wrong, 2))])
    return query, database, random.permutation(np.unique(pairs, axis=0)), transform


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_equal_to_the_plain_implementation(seed):
    random = np.random.default_rng(seed)
    query, database, pairs, _ = scene(random, int(random.integers(2, 30)), int(random.integers(0, 40)))
    options = {
        "threshold": float(random.choice([2.0, 8.0, 30.0])), "scale_ratio": random.choice([None, 1.1, 2.0]),
        "optimised": int(random.integers(0, 7)), "iterations": int(random.integers(0, 4)),
    }  # fmt: skip
    count, transform, inliers = plain.verify(query, database, pairs, **options)
    found = verify_affine(*query, *database, pairs, **options)
    assert found.count == count == len(found.inliers)
    np.testing.assert_array_equal(found.inliers, inliers)
    if count:
        np.testing.assert_allclose(found.transform, transform, atol=1e-6)


def test_a_known_transform_is_found_among_wrong_correspondences():
    random = np.random.default_rng(0)
    query, database, pairs, transform = scene(random, 100, 100)
    found = verify_affine(*query, *database, pairs)
    true = pairs[:, 0] == pairs[:, 1]
    assert true[found.inliers].sum() >= 48
    corners = np.array([[0, 0], [300, 0], [0, 300], [300, 300]])
    error = corners @ (found.transform[:, :2] - transform[:, :2]).T + found.transform[:, 2] - transform[:, 2]
    assert np.linalg.norm(error, axis=1).max() < 4
    unrefined = verify_affine(*query, *database, pairs, optimised=0)
    assert unrefined.count <= found.count
    points = corners @ found.transform[:, :2].T + found.transform[:, 2]
    np.testing.assert_allclose(back_projected(points, found.transform), corners, atol=1e-9)


def test_inliers_are_one_to_one():
    query = np.array([[0.0, 0], [50, 0], [0, 50], [50, 50]])
    frames = np.tile(np.eye(2) * 5, (5, 1, 1))
    database = np.concatenate([query, [[1.0, 0]]])  # the first feature has two places
    pairs = np.array([[1, 1], [0, 4], [0, 0], [2, 2], [3, 3], [1, 4], [2, 4]])
    found = verify_affine(query, frames[:4], database, frames, pairs, iterations=0)
    assert found.count == 4
    assert found.inliers.tolist() == [0, 2, 3, 4]


def test_scales_that_do_not_fit_are_no_inliers():
    query = np.array([[0.0, 0], [50, 0], [0, 50], [50, 50]])
    frames = np.tile(np.eye(2) * 5, (4, 1, 1))
    others = frames.copy()
    others[3] *= 2.5
    pairs = np.stack([np.arange(4)] * 2, axis=1)
    assert verify_affine(query, frames, query, others, pairs, scale_ratio=None).count == 4
    assert verify_affine(query, frames, query, others, pairs).inliers.tolist() == [0, 1, 2]


def test_no_correspondences():
    query = some_regions(np.random.default_rng(1), 3)
    for pairs in (np.zeros((0, 2), int), [], np.zeros((0, 2))):
        found = verify_affine(*query, *query, pairs)
        assert (found.count, found.transform, found.inliers.tolist()) == (0, None, [])
    nothing = np.zeros((0, 2)), np.zeros((0, 2, 2))
    assert verify_affine(*nothing, *nothing, []).count == 0


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_features(n):
    random = np.random.default_rng(2)
    query, transform = some_regions(random, n), some_transform(random)
    found = verify_affine(*query, *moved(query, transform, random, 0.0), np.stack([np.arange(n)] * 2, axis=1))
    assert found.count >= 1
    exact = query[0] @ transform[:, :2].T + transform[:, 2], transform[:, :2] @ query[1]
    found = verify_affine(*query, *exact, np.stack([np.arange(n)] * 2, axis=1))
    assert found.count == n
    np.testing.assert_allclose(found.transform, transform, atol=1e-6)


def test_correspondences_on_a_line_keep_the_transform_of_their_frames():
    line = np.stack([np.arange(10.0) * 20, np.arange(10.0) * 10], axis=1)
    frames = frames_from_scales(np.full(10, 6.0))
    pairs = np.stack([np.arange(10)] * 2, axis=1)
    found = verify_affine(line, frames, line + np.array([3.0, 4.0]), frames, pairs)
    assert found.count == 10
    np.testing.assert_allclose(found.transform, [[1, 0, 3], [0, 1, 4]], atol=1e-12)


def test_identical_points():
    points, frames = np.zeros((6, 2)), frames_from_scales(np.full(6, 2.0))
    pairs = np.array([[i, j] for i in range(6) for j in range(6)])
    found = verify_affine(points, frames, points, frames, pairs)
    assert found.count == 6 and np.isfinite(found.transform).all()


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_many_images_are_each_alone(seed):
    random = np.random.default_rng(seed)
    query = some_regions(random, 25)
    parts = [moved(query, some_transform(random), random) for _ in range(3)] + [some_regions(random, 0)]
    offsets = np.cumsum([0, *(len(part[0]) for part in parts)])
    database = Regions(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), offsets)
    words = random.integers(0, 12, 25), random.integers(0, 12, offsets[-1])
    images = np.array([2, 3, 0, 2])
    tentatives = word_tentatives(Words.of(words[0]), Words.of(words[1], offsets), images, most=6, limit=30)
    with mock.patch("reprise.geometry.verification._TRIALS_PER_THREAD", 1):
        results = [verify_images(Regions(*query), database, tentatives, images, threads=n) for n in (1, 3)]
    with mock.patch("reprise.geometry.tentatives._WORDS_PER_THREAD", 1):
        again = word_tentatives(Words.of(words[0]), Words.of(words[1], offsets), images, most=6, limit=30, threads=3)
    np.testing.assert_array_equal(again.pairs, tentatives.pairs)
    np.testing.assert_array_equal(results[0].counts, results[1].counts)
    np.testing.assert_array_equal(results[0].transforms, results[1].transforms)
    for row, image in enumerate(images):
        pairs = tentatives.pairs[tentatives.starts[row] : tentatives.starts[row + 1]]
        own = words[1][offsets[image] : offsets[image + 1]]
        assert list(map(tuple, pairs)) == plain.word_pairs(words[0], own, 6, 30)
        alone = verify_affine(*query, *parts[image], pairs)
        assert results[0].counts[row] == alone.count
        transform = np.full((2, 3), np.nan) if alone.transform is None else alone.transform
        np.testing.assert_array_equal(results[0].transforms[row], transform)


def test_nearest_tentatives_are_mutual_and_sorted():
    random = np.random.default_rng(3)
    a, b = random.standard_normal((30, 8)).astype("f4"), random.standard_normal((40, 8)).astype("f4")
    distances = np.linalg.norm(a[:, None] - b, axis=2)
    expected = [
        (i, j) for i, j in enumerate(distances.argmin(axis=1)) if distances[:, j].argmin() == i
    ]  # fmt: skip
    expected.sort(key=lambda pair: distances[pair])
    assert list(map(tuple, nearest_tentatives(a, b))) == expected
    assert list(map(tuple, nearest_tentatives(a, b, limit=3))) == expected[:3]
    assert nearest_tentatives(a[:0], b).shape == (0, 2)
    second = np.sort(distances, axis=1)[:, 1]
    distinct = [(i, j) for i, j in expected if distances[i, j] <= 0.9 * second[i]]
    assert list(map(tuple, nearest_tentatives(a, b, ratio=0.9))) == distinct and 0 < len(distinct) < len(expected)
    assert nearest_tentatives(a[:1], b[:1], ratio=0.1).tolist() == [[0, 0]]


REGIONS = some_regions(np.random.default_rng(4), 5)
PAIRS = np.stack([np.arange(5)] * 2, axis=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": [[0, 5]]}, r"row 0 is \[0, 5\]"),
        ({"pairs": [[0, 1], [-1, 0]]}, r"row 1 is \[-1, 0\]"),
        ({"pairs": [[0.5, 1.0]]}, "expected integers"),
        ({"frames": REGIONS[1][:4]}, "expected keypoints"),
        ({"frames": -REGIONS[1] * [[1], [-1]]}, "number 0 is not finite, or its frame mirrors"),
        ({"frames": REGIONS[1] * [[[1.0]]] * np.array([1, 1, 0, 1, 1])[:, None, None]}, "number 2"),
        ({"points": REGIONS[0] * [np.nan, 1]}, "number 0 is not finite"),
        ({"threshold": 0.0}, "threshold"),
        ({"scale_ratio": 0.5}, "scale_ratio"),
        ({"optimised": 65}, "optimised"),
    ],
)
def test_bad_input(changes, message):
    given_ = {"points": REGIONS[0], "frames": REGIONS[1], "pairs": PAIRS, **changes}
    points, frames, pairs = (given_.pop(key) for key in ("points", "frames", "pairs"))
    with pytest.raises(DataError, match=message):
        verify_affine(points, frames, *REGIONS, pairs, **given_)


def test_bad_images():
    regions, words = Regions(*REGIONS), Words.of(np.arange(5))
    with pytest.raises(DataError, match="images: 1 to 1, but there are 1"):
        word_tentatives(words, words, np.array([1]))
    with pytest.raises(DataError, match="starts do not divide"):
        verify_images(regions, regions, Tentatives(PAIRS, np.array([0, 3])))
    with pytest.raises(DataError, match="offsets: do not ascend"):
        Regions(*REGIONS, np.array([0, 4]))
    with pytest.raises(DataError, match="offsets: do not ascend"):
        Words.of(np.arange(5), [0, 6])
    with pytest.raises(DataError, match="one integer for each feature"):
        Words.of(np.zeros((5, 2), int))

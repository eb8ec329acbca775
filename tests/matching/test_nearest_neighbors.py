"""Mutual nearest neighbours, against the plain matrix of distances."""

import numpy as np
import pytest

from reprise.matching import mutual_nearest_neighbors, nearest_neighbors
from reprise.storage.errors import DataError


def plain(a, b, max_distance=None):
    """As published: all distances, then the nearest of each row and of each column."""
    a, b = (values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12) for values in (a, b))
    distances = np.sqrt(np.maximum(2 - 2 * a.astype(np.float64) @ b.T.astype(np.float64), 0))
    columns, rows = distances.argmin(axis=1), distances.argmin(axis=0)
    pairs = [(i, j) for i, j in enumerate(columns) if rows[j] == i]
    return [(i, j) for i, j in pairs if max_distance is None or distances[i, j] <= max_distance]


@pytest.fixture(params=[1 << 20, 700, 1], ids=["whole", "blocks", "rows"])
def block(request, monkeypatch):
    for name in ("_BLOCK", "_SHARED_BLOCK"):
        monkeypatch.setattr(nearest_neighbors, name, request.param)


@pytest.mark.parametrize("shape", [(300, 200), (7, 400), (400, 7), (1, 1), (1, 5), (5, 1)])
@pytest.mark.parametrize("max_distance", [None, 0.6, 1.2])
def test_as_the_plain_matrix(block, shape, max_distance):
    random = np.random.default_rng(shape)
    a, b = (random.normal(size=(count, 16)).astype(np.float32) for count in shape)
    shared = min(shape) // 2
    b[:shared] = 2 * a[random.permutation(len(a))[:shared]] + random.normal(0, 0.3, (shared, 16))
    found = mutual_nearest_neighbors(a, b, max_distance)
    assert found.dtype == np.int64
    assert list(map(tuple, found)) == plain(a, b, max_distance)


def test_of_equal_descriptors_the_first_counts(block):
    random = np.random.default_rng(1)
    # Few different vectors of whole numbers, whose products are exact, so that there are ties everywhere.
    a, b = (np.eye(8, dtype=np.float32)[random.integers(0, 8, count)] for count in (60, 50))
    found = mutual_nearest_neighbors(a, b)
    assert list(map(tuple, found)) == plain(a, b)
    assert 1 < len(found) <= 8


def test_published_example():
    a, b = np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([[0.0, 2], [3, 0]])
    assert mutual_nearest_neighbors(a, b).tolist() == [[0, 1], [1, 0]]


def test_images_without_descriptors():
    some, none = np.ones((3, 8), np.float32), np.zeros((0, 8), np.float32)
    for a, b in ((some, none), (none, some), (none, none)):
        assert mutual_nearest_neighbors(a, b).shape == (0, 2)


def test_half_precision_is_computed_in_single():
    a = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float16)
    np.testing.assert_array_equal(
        mutual_nearest_neighbors(a, a[::-1]), np.stack([np.arange(40), 39 - np.arange(40)], 1)
    )


@pytest.mark.parametrize(
    ("a", "b", "limit", "message"),
    [
        (np.ones(4), np.ones((2, 4)), None, r"a: have the shape \(4,\)"),
        (np.ones((2, 4)), np.ones((2, 5)), None, "have 4 and 5 dimensions"),
        (np.ones((2, 4)), np.full((2, 4), np.nan), None, "b: are not all finite"),
        (np.ones((2, 4)), np.ones((2, 4)), "near", "max_distance: 'near' is no number"),
    ],
)
def test_unfit_arguments(a, b, limit, message):
    with pytest.raises(DataError, match=message):
        mutual_nearest_neighbors(a, b, limit)

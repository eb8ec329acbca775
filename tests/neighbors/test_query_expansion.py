"""Query expansion of global descriptors."""

import numpy as np
import pytest

from reprise.neighbors.query_expansion import expand_queries
from reprise.storage.errors import DataError


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def given():
    random = np.random.default_rng(0)
    queries, database = unit(random.standard_normal((3, 8))), unit(random.standard_normal((10, 8)))
    similarities = queries @ database.T
    ranks = np.argsort(-similarities, axis=1)[:, :4]
    return queries, database, ranks, np.take_along_axis(similarities, ranks, axis=1)


def test_the_mean_of_query_and_images(given):
    queries, database, ranks, _ = given
    found = expand_queries(*given)
    np.testing.assert_allclose(found, unit(queries + database[ranks].sum(axis=1)), atol=1e-6)
    assert found.dtype == np.float32


def test_weights_are_powers_of_similarities(given):
    queries, database, ranks, similarities = given
    similarities[1, 3] = -0.5
    expected = np.stack([
        queries[q] + sum(max(similarities[q, k], 0) ** 3 * database[ranks[q, k]] for k in range(4)) for q in range(3)
    ])  # fmt: skip
    np.testing.assert_allclose(expand_queries(*given, alpha=3.0), unit(expected), atol=1e-6)


def test_negative_ranks_are_left_out(given):
    queries, database, ranks, _ = given
    ranks[0] = -1
    ranks[1, 2:] = -1
    found = expand_queries(*given)
    np.testing.assert_allclose(found[0], queries[0], atol=1e-6)
    np.testing.assert_allclose(found[1:2], unit(queries[1:2] + database[ranks[1, :2]].sum(axis=0)), atol=1e-6)


def test_opposite_vectors_have_no_direction():
    found = expand_queries(np.array([[1.0, 0]]), np.array([[-1.0, 0]]), np.array([[0]]), np.array([[1.0]]))
    np.testing.assert_array_equal(found, [[0, 0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ranks": np.full((3, 4), 10)}, "below the 10 images"),
        ({"ranks": np.zeros((3, 4))}, "expected integers"),
        ({"ranks": np.zeros((2, 4), int)}, "expected \\(Q, D\\)"),
        ({"similarities": np.full((3, 4), np.nan), "alpha": 3.0}, "similarities"),
        ({"database": np.full((10, 8), np.inf)}, "descriptors hold"),
        ({"alpha": -1.0}, "alpha"),
    ],
)
def test_bad_input(given, changes, message):
    names = dict(zip(("queries", "database", "ranks", "similarities"), given, strict=True))
    with pytest.raises(DataError, match=message):
        expand_queries(**{**names, **changes})

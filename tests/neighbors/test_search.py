"""Blocked nearest neighbours against sorting all similarities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.neighbors.search import _block_shape, compute_neighbors
from reprise.storage.errors import DataError


def plain(queries, database, size, exclude_self):
    similarities = queries @ database.T
    rows = [np.argsort(-row, kind="stable") for row in similarities]
    rows = [row[row != query] if exclude_self else row for query, row in enumerate(rows)]
    indices = np.array([row[:size] for row in rows])
    return np.take_along_axis(similarities, indices, axis=1), indices


@settings(max_examples=60)
@given(data=st.data(), exclude_self=st.booleans())
def test_equals_sorting_everything(data, exclude_self):
    # Small whole numbers: products are exact, and there are many ties.
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    database = rng.integers(-2, 3, (data.draw(st.integers(2, 40)), 3)).astype(np.float32)
    queries = database if exclude_self else database[: data.draw(st.integers(1, 5))]
    limit = len(database) - exclude_self
    size = data.draw(st.one_of(st.none(), st.integers(1, limit)))
    blocks = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reprise.neighbors.search._block_shape", lambda *_: blocks)
        found = compute_neighbors(queries, database, size, exclude_self=exclude_self)
    similarities, indices = plain(queries, database, size, exclude_self)
    assert np.array_equal(found.ranks, indices)
    assert np.array_equal(found.scores, similarities)
    assert found.scores.dtype == np.float32 and found.ranks.dtype == np.int64


def test_the_blocks_change_rounding_alone():
    rng = np.random.default_rng(0)
    database = rng.standard_normal((9000, 8)).astype(np.float32)
    few, many = (compute_neighbors(database[:50], database, 20, block_mib=mib) for mib in (1, 512))
    assert np.array_equal(few.ranks, many.ranks)
    np.testing.assert_allclose(few.scores, many.scores, rtol=1e-6)
    _, expected = plain(database[:50].astype(np.float64), database.astype(np.float64), 20, False)
    assert np.array_equal(few.ranks, expected)


def test_self_is_removed_by_identity_and_copies_stay():
    copies = np.array([[1, 0], [0, 1], [1, 0], [1, 0]], np.float32)
    found = compute_neighbors(copies, copies, exclude_self=True)
    assert found.ranks.tolist() == [[2, 3, 1], [0, 2, 3], [0, 3, 1], [0, 2, 1]]
    assert found.scores[0].tolist() == [1, 1, 0]


def test_similarities_of_any_sign_and_size_are_ordered():
    database = np.array([[-1e30], [-0.0], [1e-40], [3], [-2e-42], [0.0], [1e30], [-5]], np.float32)
    found = compute_neighbors(np.ones((1, 1), np.float32), database)
    assert found.ranks.tolist() == [[6, 3, 2, 1, 5, 4, 7, 0]]


@pytest.mark.parametrize("blocks", [(1, 1), (3, 4), (7, 9)])
def test_images_without_a_descriptor_come_after_all_others(monkeypatch, blocks):
    """Their zeros are more similar than an opposite vector, and stand for nothing."""
    monkeypatch.setattr("reprise.neighbors.search._block_shape", lambda *_: blocks)
    database = np.array([[-1, 0], [0, 0], [1, 0], [0, 1], [0, 0], [-1, 0]], np.float32)
    skipped = ~database.any(axis=1)
    found = compute_neighbors(np.array([[1, 0]], np.float32), database, skipped_images=skipped)
    assert found.ranks.tolist() == [[2, 3, 0, 5, 1, 4]]
    assert found.scores.tolist() == [[1, 0, -1, -1, -np.inf, -np.inf]]
    assert compute_neighbors(database[2:3], database, 5, skipped_images=skipped).ranks.tolist() == [[2, 3, 0, 5, 1]]
    among = compute_neighbors(database, database, exclude_self=True, skipped_queries=skipped, skipped_images=skipped)
    assert among.ranks[0].tolist() == [5, 3, 2, 1, 4] and np.isneginf(among.scores[skipped]).all()
    assert (np.sort(among.ranks) == [[j for j in range(6) if j != i] for i in range(6)]).all()
    with pytest.raises(DataError, match="skipped_images: expected 6 bool"):
        compute_neighbors(database, database, skipped_images=skipped[:5])


def test_nothing_changes_where_every_image_has_a_descriptor():
    database = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)
    none = np.zeros(60, bool)
    before, after = (
        compute_neighbors(database[:5], database, 9),
        compute_neighbors(database[:5], database, 9, skipped_queries=none[:5], skipped_images=none),
    )
    assert before.ranks.tobytes() == after.ranks.tobytes() and before.scores.tobytes() == after.scores.tobytes()


@pytest.mark.parametrize(
    "queries, images, size", [(1, 1, 1), (70, 4993, 4993), (1129, 761757, 1600), (750000, 750000, 1600)]
)
def test_blocks_stay_within_their_memory(queries, images, size):
    for mib in (64, 1024):
        rows, columns = _block_shape(queries, images, size, mib)
        assert 1 <= rows <= queries and 1 <= columns <= images
        assert rows == 1 or rows * (columns + size) * 32 <= mib << 20


@pytest.mark.parametrize(
    "queries, database, options, message",
    [
        (np.ones((2, 3)), np.ones((4, 5)), {}, "queries have 3 dimensions, the database 5"),
        (np.ones((2, 3)), np.ones((4, 3)), {"exclude_self": True}, "2 queries are not the 4 images"),
        (np.ones((2, 3)), np.ones((4, 3)), {"num_neighbors": 5}, "num_neighbors is 5; expected 1 to 4"),
        (np.ones((4, 3)), np.ones((4, 3)), {"num_neighbors": 4, "exclude_self": True}, "expected 1 to 3"),
        (np.ones((2, 3)), np.full((4, 3), np.nan), {}, "database, rows 0 to 4: .*NaN"),
        (np.diag([1, np.inf, 1]), np.ones((4, 3)), {}, "queries, rows 0 to 3: .*image 1 contains"),
        (np.diag([1, 1e30, 1]), np.eye(3) * 1e30, {}, "similarity of query 1 and image 1 is inf"),
        (np.ones((2, 3)), np.ones((4, 3)), {"num_neighbors": 2.5}, "num_neighbors: 2.5 is no whole number"),
        (np.ones((2, 3)), np.ones((4, 3)), {"num_neighbors": "2"}, "num_neighbors: '2' is no whole number"),
        (np.ones((2, 3), int), np.ones((4, 3)), {}, "queries: expected floats"),
        (np.ones((0, 3)), np.ones((4, 3)), {}, "queries: expected floats"),
    ],
)
def test_bad_input_is_refused(queries, database, options, message):
    with pytest.raises(DataError, match=message):
        compute_neighbors(queries, database, **options)

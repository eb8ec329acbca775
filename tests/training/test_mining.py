"""What an epoch draws, and its hard negatives, against plain references."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.mining import mine
from torch.utils.data import DataLoader

from reprise.datasets.images import ImageList
from reprise.datasets.sfm120k import TrainingSet
from reprise.storage.errors import DataError
from reprise.training.how import mining
from reprise.training.how.mining import draw_epoch, mine_negatives, negative_distance


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 4))
def test_negatives_are_those_of_the_reference(seed, queries, negatives):
    rng = np.random.default_rng(seed)
    # Small integers: ties are frequent, and sums are exact in any order.
    q, p = (rng.integers(-2, 3, (n, 3)).astype(np.float32) for n in (queries, 40))
    query_clusters, pool_clusters = rng.integers(0, 9, queries), np.concatenate([np.arange(9), rng.integers(0, 9, 31)])
    found = mine_negatives(q, p, query_clusters, pool_clusters, negatives)
    np.testing.assert_array_equal(found, mine(q, p, query_clusters, pool_clusters, negatives))
    for row, own in zip(pool_clusters[found], query_clusters, strict=True):
        assert len({*row, own}) == negatives + 1


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    q, p = (rng.integers(-2, 3, (n, 3)).astype(np.float32) for n in (10, 30))
    arguments = q, p, np.zeros(10, int), np.arange(30), 5
    whole = mine_negatives(*arguments)
    monkeypatch.setattr(mining, "_SCORES", 70)
    np.testing.assert_array_equal(mine_negatives(*arguments), whole)


def test_too_few_clusters():
    vectors = np.ones((6, 2), np.float32)
    with pytest.raises(DataError, match="query 1 of the epoch, of cluster 2: the pool has 4 others, and 5 negatives"):
        mine_negatives(vectors[:2], vectors, np.array([9, 2]), np.array([0, 1, 2, 3, 4, 4]), 5)


def test_negative_distance_is_the_mean():
    queries = np.zeros((2, 2), np.float32)
    negatives = np.array([[[3, 4], [0, 1]], [[0, 2], [0, 0]]], np.float32)
    assert negative_distance(queries, negatives) == pytest.approx(2.0, rel=1e-5)


@pytest.mark.parametrize("epoch", [1, 7])
def test_random_numbers_are_consumed_as_by_the_published_training(epoch):
    pairs, images, queries, pool, batch = 50, 40, 12, 30, 5
    names = [str(i) for i in range(images)]
    data = TrainingSet(
        ImageList(names, list(map(Path, names))),
        np.arange(images),
        np.arange(pairs) % images,
        np.arange(pairs) % images,
    )
    draw = draw_epoch(data, queries=queries, pool=pool, seed=epoch)

    torch.manual_seed(epoch)
    expected_pairs = torch.randperm(pairs)[:queries]
    expected_pool = torch.randperm(images)[:pool]
    for count in (queries, pool):
        assert len(list(DataLoader(range(count), batch_size=1, shuffle=False))) == count
    batches = list(DataLoader(range(queries), batch_size=batch, shuffle=True, drop_last=True))

    np.testing.assert_array_equal(draw.pairs, expected_pairs)
    np.testing.assert_array_equal(draw.pool, expected_pool)
    np.testing.assert_array_equal(draw.order[: batch * len(batches)], torch.cat(batches))

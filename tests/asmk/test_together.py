"""Several inverted files searched as one."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from asmk_data import random_aggregated, select
from hypothesis import given
from hypothesis import strategies as st

from reprise.asmk import InvertedFile, search_together
from reprise.storage.errors import DataError


def assert_same(got, expected):
    for key in ("query_ids", "ranks", "scores"):
        np.testing.assert_array_equal(getattr(got, key), getattr(expected, key))
        assert getattr(got, key).dtype == getattr(expected, key).dtype


@given(
    seed=st.integers(0, 2**32),
    binary=st.booleans(),
    places=st.lists(st.integers(0, 70), min_size=0, max_size=3),
    topk=st.sampled_from([None, 0, 1, 9, 1000]),
    threads=st.integers(1, 3),
    options=st.sampled_from([{}, {"alpha": 2.0, "threshold": 0.25}, {"query_ids": np.arange(7)[::-1]}]),
)
def test_the_same_as_one(seed, binary, places, topk, threads, options):
    random = np.random.default_rng(seed)
    database = random_aggregated(random, 70, 30, 4, binary)
    queries = random_aggregated(random, 5, 30, 4, binary)
    edges = [0, *sorted(places), 73]
    indexes = [InvertedFile.build(select(database, range(a, b)), 30, n_images=b - a) for a, b in pairwise(edges)]
    whole = InvertedFile.build(database, 30, n_images=73).search(queries, topk=topk, threads=1, **options)
    assert_same(search_together(indexes, queries, topk=topk, threads=threads, **options), whole)


def test_ties_go_to_the_lower_id():
    random = np.random.default_rng(0)
    database = random_aggregated(random, 20, 30, 4, True)
    index = InvertedFile.build(database, 30)
    rankings = search_together([index, index], select(database, range(19, 20)), topk=2)
    np.testing.assert_array_equal(rankings.ranks, [[19, 39]])
    np.testing.assert_allclose(rankings.scores, [[1, 1]])


def test_two_searches_at_once():
    random = np.random.default_rng(2)
    queries = random_aggregated(random, 9, 50, 4, True, 40)
    indexes = [InvertedFile.build(random_aggregated(random, n, 50, 4, True, 30), 50) for n in (300, 40)]
    expected = search_together(indexes, queries, topk=100, threads=1)
    with ThreadPoolExecutor(2) as pool:
        for rankings in pool.map(lambda _: search_together(indexes, queries, topk=100, threads=2), range(20)):
            assert_same(rankings, expected)


def test_bad_indexes():
    random = np.random.default_rng(1)
    database = random_aggregated(random, 20, 30, 4, True)
    index, weighed = (InvertedFile.build(database, 30, idf=idf) for idf in (False, True))
    with pytest.raises(DataError, match="none given"):
        search_together([], database)
    with pytest.raises(DataError, match=r"inverted file 1 weighs words .* build one inverted file"):
        search_together([index, weighed], database)
    assert_same(search_together([weighed], database), weighed.search(database))
    with pytest.raises(DataError, match="40 words"):
        search_together([index, InvertedFile.build(database, 40)], database)
    with pytest.raises(DataError, match="float32 x 4"):
        search_together([index, InvertedFile.build(random_aggregated(random, 9, 30, 4, False), 30)], database)
    with pytest.raises(DataError, match="topk"):
        search_together([index, index], database, topk=-1)

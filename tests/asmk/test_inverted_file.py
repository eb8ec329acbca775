"""The inverted file: building, searching, saving and opening."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from asmk_data import random_aggregated, split
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import asmk as reference

from reprise.asmk import Aggregated, InvertedFile
from reprise.storage.errors import DataError


@st.composite
def searches(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    binary = draw(st.booleans())
    n_words, width = draw(st.sampled_from([1, 2, 30])), draw(st.sampled_from([1, 2, 3, 4, 16, 33]))
    database = random_aggregated(random, draw(st.integers(1, 80)), n_words, width, binary)
    queries = random_aggregated(random, draw(st.integers(1, 4)), n_words, width, binary)
    options = {"alpha": draw(st.sampled_from([1.0, 1.5, 3.0])), "threshold": draw(st.sampled_from([0.0, 0.25]))}
    return database, queries, n_words, draw(st.booleans()), options


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(searches(), st.integers(0, 3), st.integers(1, 3), st.sampled_from([None, 1, 7]))
def test_equals_the_reference(search, extra_images, threads, topk):
    database, queries, n_words, idf, options = search
    n_images = (int(database.image_ids[-1]) + 1 if len(database) else 0) + extra_images
    index = InvertedFile.build(database, n_words, idf=idf, n_images=n_images)
    query_ids = np.arange(6)
    got = index.search(queries, topk=topk, query_ids=query_ids, threads=threads, undefined="nan", **options)
    weights = reference.idf_weights(database.words.tolist(), n_words, n_images) if idf else np.ones(n_words, np.float32)
    np.testing.assert_array_equal(index.idf, weights)
    postings = (list(database.vectors), database.words.tolist(), database.image_ids.tolist())
    for row, query in enumerate(query_ids):
        own = queries.image_ids == query
        scores = reference.search(
            postings, (list(queries.vectors[own]), queries.words[own].tolist()), weights, n_images, **options
        )
        if database.binary:
            np.testing.assert_array_equal(got.ranks[row], reference.rank(scores, topk))
        assert len(np.unique(got.ranks[row])) == min(n_images, topk or n_images)
        np.testing.assert_allclose(got.scores[row], np.array(scores)[got.ranks[row]], atol=2e-6, equal_nan=True)


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(8)
    queries = random_aggregated(random, 9, 50, 4, True, 40)
    assert len(np.unique(queries.image_ids)) == 9
    return random_aggregated(random, 300, 50, 4, True, 30), queries


@pytest.fixture(autouse=True)
def threads_for_few_postings(monkeypatch):
    monkeypatch.setattr("reprise.asmk.inverted_file._POSTINGS_PER_THREAD", 1)


@pytest.mark.parametrize("binary", [True, False])
def test_threads_do_not_change_the_result(binary):
    random = np.random.default_rng(4)
    database = random_aggregated(random, 500, 50, 40, binary, 30)
    queries = random_aggregated(random, 5, 50, 40, binary, 40)
    index = InvertedFile.build(database, 50, idf=True)
    first = index.search(queries, threads=1)
    for threads in (2, 3, 16):
        other = index.search(queries, threads=threads)
        np.testing.assert_array_equal(other.scores, first.scores)
        np.testing.assert_array_equal(other.ranks, first.ranks)


def test_two_searches_at_once(data):
    database, queries = data
    index = InvertedFile.build(database, 50)
    expected = index.search(queries)
    with ThreadPoolExecutor(2) as pool:
        for rankings in pool.map(lambda _: index.search(queries, threads=2), range(20)):
            np.testing.assert_array_equal(rankings.scores, expected.scores)
            np.testing.assert_array_equal(rankings.ranks, expected.ranks)


def test_queries_in_batches(data, monkeypatch):
    database, queries = data
    index = InvertedFile.build(database, 50)
    expected = index.search(queries, threads=1)
    monkeypatch.setattr("reprise.asmk.inverted_file._SCORES_AT_A_TIME", 700)
    batched = index.search(queries, threads=1)
    np.testing.assert_array_equal(batched.ranks, expected.ranks)
    np.testing.assert_array_equal(batched.scores, expected.scores)


def test_topk_is_the_head_of_the_whole_ranking(data):
    database, queries = data
    index = InvertedFile.build(database, 50, n_images=400)
    whole = index.search(queries)
    assert whole.ranks.shape == (9, 400)
    for topk in (0, 1, 17, 350, 400, 1000):
        head = index.search(queries, topk=topk)
        np.testing.assert_array_equal(head.ranks, whole.ranks[:, :topk])
        np.testing.assert_array_equal(head.scores, whole.scores[:, :topk])


def test_an_image_is_most_similar_to_itself(data):
    database, _ = data
    rankings = InvertedFile.build(database, 50).search(database, topk=1)
    np.testing.assert_allclose(rankings.scores[:, 0], 1)


@pytest.mark.parametrize("idf", [True, False])
def test_sets_in_a_row_make_the_same_index(data, idf):
    database, _ = data
    whole = InvertedFile.build(database, 50, idf=idf)
    parts = split(database, 10, 10, 200)
    for iterable in (parts, iter(parts)):
        index = InvertedFile.build(iterable, 50, idf=idf)
        for key in ("offsets", "image_ids", "vectors", "norms", "idf"):
            np.testing.assert_array_equal(getattr(index, key), getattr(whole, key))


def test_size_per_posting(data):
    index = InvertedFile.build(data[0], 50)
    assert index.image_ids.nbytes + index.vectors.nbytes == 20 * len(data[0])
    assert index.offsets.nbytes == 8 * 51
    assert index.norms.nbytes == 8 * index.n_images
    assert index.weights is None


def test_queries_without_descriptors_keep_their_row(data):
    database, queries = data
    index = InvertedFile.build(database, 50)
    rankings = index.search(queries, query_ids=np.arange(12))
    assert rankings.ranks.shape == (12, index.n_images)
    np.testing.assert_array_equal(rankings.ranks[11], np.arange(index.n_images))
    assert not rankings.scores[11].any()
    backwards = index.search(queries, query_ids=np.arange(12)[::-1])
    np.testing.assert_array_equal(backwards.scores[::-1], rankings.scores)


def test_norm_zero_has_no_score():
    # Word 0 is in every image and weighs nothing; image 1 has no other word.
    codes = np.full((4, 4), 7, np.uint32)
    database = Aggregated(np.full((5, 4), 7, np.uint32), np.array([0, 1, 0, 0, 2]), np.array([0, 0, 1, 2, 2]))
    index = InvertedFile.build(database, 3, idf=True)
    assert index.idf[0] == 0
    assert index.norms[1] == 0
    query = Aggregated(codes[:2], np.array([0, 2]), np.array([5, 5]))
    for undefined, value in (("zero", 0), ("nan", np.nan)):
        rankings = index.search(query, undefined=undefined)
        np.testing.assert_array_equal(rankings.ranks, [[2, 0, 1]])
        np.testing.assert_array_equal(rankings.scores, [[1, 0, value]])
        np.testing.assert_array_equal(index.scores(query, undefined=undefined), [[0, value, 1]])
        bare = index.search(Aggregated(codes[:1], np.array([0]), np.array([0])), undefined=undefined)
        np.testing.assert_array_equal(bare.ranks, [[0, 1, 2]])
        np.testing.assert_array_equal(bare.scores, [[value] * 3])
    np.testing.assert_array_equal(index.search(query).scores, [[1, 0, 0]])
    with pytest.raises(DataError, match="undefined: None"):
        index.search(query, undefined=None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(searches())
def test_scores_without_a_definition_are_zero_and_the_others_the_same(search):
    database, queries, n_words, _, options = search
    index = InvertedFile.build(database, n_words, idf=True)
    published = index.scores(queries, undefined="nan", **options)
    np.testing.assert_array_equal(index.scores(queries, **options), np.nan_to_num(published))


def test_negative_similarities():
    database = Aggregated(np.array([[0], [0xFFFFFFFF]], np.uint32), np.zeros(2, int), np.arange(2))
    query = Aggregated(np.array([[0]], np.uint32), np.zeros(1, int), np.zeros(1, int))
    index = InvertedFile.build(database, 1)
    np.testing.assert_array_equal(index.search(query, threshold=-1).scores, [[1, -1]])
    np.testing.assert_array_equal(index.search(query).scores, [[1, 0]])
    with pytest.raises(DataError, match="threshold"):
        index.search(query, threshold=-1, alpha=1.5)


def test_save_and_open(data, tmp_path):
    database, queries = data
    for idf in (True, False):
        index = InvertedFile.build(database, 50, idf=idf)
        index.save(tmp_path / "index")
        opened = InvertedFile.open(tmp_path / "index")
        assert isinstance(opened.vectors, np.memmap)
        np.testing.assert_array_equal(opened.search(queries).scores, index.search(queries).scores)
        np.testing.assert_array_equal(opened.idf, index.idf)


def test_empty_index(data, tmp_path):
    nothing = Aggregated(np.zeros((0, 4), np.uint32), np.zeros(0, int), np.zeros(0, int))
    InvertedFile.build(nothing, 50, n_images=3).save(tmp_path / "index")
    rankings = InvertedFile.open(tmp_path / "index").search(data[1], topk=2)
    np.testing.assert_array_equal(rankings.ranks, [[0, 1]] * 9)
    assert not rankings.scores.any()
    assert InvertedFile.build(data[0], 50).search(nothing).ranks.shape == (0, 300)


def postings(words, image_ids, width=4):
    return Aggregated(np.zeros((len(words), width), np.uint32), np.array(words), np.array(image_ids))


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ([postings([1, 0], [0, 0])], {}, "posting 1 .*word 0"),
        ([postings([1, 1], [0, 0])], {}, "posting 1"),
        ([postings([1, 1], [1, 0])], {}, "posting 1 .image 0"),
        ([postings([3], [0])], {}, "words 3 to 3"),
        ([postings([-1], [0])], {}, "words -1"),
        ([postings([0], [-1])], {}, "image id -1"),
        ([postings([0], [4]), postings([0], [4])], {}, "starts with image 4, expected at least 5"),
        ([postings([0], [0]), postings([0], [1], 2)], {}, "one codebook"),
        ([postings([0], [4])], {"n_images": 4}, "n_images: 4"),
        ([], {}, "nothing to index"),
    ],
)
def test_bad_postings(parts, options, message):
    with pytest.raises(DataError, match=message):
        InvertedFile.build(parts, 3, **options)


@pytest.mark.parametrize(
    ("queries", "options", "message"),
    [
        (postings([0], [0], 3), {}, "aggregate both alike"),
        (Aggregated(np.zeros((1, 4), np.float32), np.zeros(1, int), np.zeros(1, int)), {}, "aggregate both alike"),
        (postings([1, 0], [0, 0]), {}, "out of order"),
        (postings([50], [0]), {}, "words 50"),
        (postings([0], [0]), {"query_ids": [1]}, "0 is missing"),
        (postings([0], [0]), {"query_ids": [0, 0]}, "more than once"),
        (postings([0], [0]), {"query_ids": [0.5]}, "integers"),
        (postings([0], [0]), {"topk": -1}, "topk"),
        (postings([0], [0]), {"threads": 0}, "threads"),
        (postings([0], [0]), {"alpha": np.nan}, "alpha"),
        (postings([0], [0]), {"alpha": -1.0}, "alpha"),
        (postings([0], [0]), {"threshold": np.inf}, "threshold"),
    ],
)
def test_bad_queries(data, queries, options, message):
    with pytest.raises(DataError, match=message):
        InvertedFile.build(data[0], 50).search(queries, **options)

"""ASMK as a library: indexing step by step, scores of pairs, saving, opening."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from asmk_data import random_aggregated, split
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.asmk import ASMK, Codebook, InvertedFile
from reprise.storage.errors import DataError

KEYS = ("offsets", "image_ids", "vectors", "norms", "idf")


def assert_same_index(got, expected):
    for key in KEYS:
        np.testing.assert_array_equal(getattr(got, key), getattr(expected, key))


def draw_images(seed, counts, dim=16):
    """Descriptors of images with so many each."""
    ids = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).standard_normal((len(ids), dim)).astype(np.float32), ids


@pytest.fixture(scope="module")
def codebook():
    return Codebook(np.random.default_rng(1).standard_normal((12, 16)))


def test_asmk_keeps_images_and_queries_without_descriptors():
    random = np.random.default_rng(5)
    x = random.standard_normal((40, 16)).astype(np.float32)
    asmk = ASMK(Codebook(x[:6]))
    with pytest.raises(DataError, match="nothing is indexed"):
        asmk.search(x, np.zeros(40, int))
    assert asmk.index(x, np.repeat([0, 2], 20), n_images=5) is asmk
    rankings = asmk.search(x[:20], np.full(20, 1), query_ids=[0, 1, 2], topk=4)
    assert rankings.ranks.shape == (3, 4)
    assert rankings.scores[1, 0] > rankings.scores[1, 1] > 0
    assert set(rankings.ranks[1, :2]) == {0, 2}
    np.testing.assert_array_equal(rankings.ranks[[0, 2]], [[0, 1, 2, 3]] * 2)


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=12),
    places=st.lists(st.integers(0, 12), max_size=4),
    idf=st.booleans(),
    binary=st.booleans(),
    searched=st.booleans(),
)
def test_indexing_in_steps(codebook, counts, places, idf, binary, searched):
    """Ragged images, divided into calls anywhere, with searches in between: one and the same index."""
    x, ids = draw_images(2, counts)
    engine = ASMK(codebook, idf=idf, binary=binary)
    edges = [0, *(min(place, len(counts)) for place in sorted(places)), len(counts)]
    for start, stop in pairwise(edges):
        rows = (ids >= start) & (ids < stop)
        engine.index(x[rows], ids[rows], n_images=stop)
        if searched:
            assert engine.search(x[:5], np.zeros(len(x[:5]), int), query_ids=[0]).ranks.shape == (1, stop)
    assert engine.n_images == len(counts)
    assert_same_index(
        engine.inverted_file, ASMK(codebook, idf=idf, binary=binary).index(x, ids, n_images=len(counts)).inverted_file
    )


def test_gaps_are_images_without_descriptors(codebook):
    x, ids = draw_images(3, [10, 0, 10])
    engine = ASMK(codebook).index(x[:10], ids[:10]).index(x[10:], ids[10:] + 3)
    assert engine.n_images == 6
    np.testing.assert_array_equal(engine.inverted_file.norms == 0, [False, True, True, True, True, False])


def test_ids_go_on(codebook):
    x, ids = draw_images(3, [10, 10])
    engine = ASMK(codebook).index(x, ids)
    with pytest.raises(DataError, match="start with 1, but images up to 1 are indexed"):
        engine.index(x[10:], ids[10:])
    with pytest.raises(DataError, match="n_images: 1 given"):
        engine.index(x, ids + 2, n_images=1)
    with pytest.raises(DataError, match="n_images: 1 given"):
        engine.index(x[:0], ids[:0], n_images=1)
    assert engine.n_images == engine.inverted_file.n_images == 2


def test_idf_as_published():
    random = np.random.RandomState(7)
    train, database = (random.randn(n, 40).astype(np.float32) for n in (1200, 600))
    codebook, ids = Codebook.train(train, 16, iterations=10), np.repeat(np.arange(30), 20)

    def weights(idf, *calls):
        engine = ASMK(codebook, idf=idf)
        for images in calls:
            rows = np.isin(ids, images)
            engine.index(database[rows], ids[rows])
        return engine.inverted_file.idf

    # The published code printed these two.
    assert weights("published", range(3), [3])[1] == pytest.approx(0.164402, abs=1e-6)
    assert weights("published", range(4))[1] == pytest.approx(0.480453, abs=1e-6)
    assert weights(True, range(3), [3])[1] == pytest.approx(0.480453, abs=1e-6)
    np.testing.assert_array_equal(weights(True, range(3), [3]), weights("published", range(4)))


def test_published_idf_of_an_extended_index():
    database = random_aggregated(np.random.default_rng(0), 80, 60, 4, True)
    parts = split(database, 30, 60)
    whole = InvertedFile.build(parts, 60, idf="published")
    steps = InvertedFile.build(parts[:1], 60, idf="published").extend(parts[1:], idf="published")
    assert_same_index(steps, whole)
    assert (whole.idf != InvertedFile.build(parts, 60, idf=True).idf).any()
    assert_same_index(
        InvertedFile.build(parts[:1], 60, idf=True).extend(parts[1:]), InvertedFile.build(parts, 60, idf=True)
    )
    for idf in ("Published", None, 1):
        with pytest.raises(DataError, match="idf"):
            InvertedFile.build(parts, 60, idf=idf)
        with pytest.raises(DataError, match="idf"):
            ASMK(Codebook(np.zeros((1, 4))), idf=idf)


def test_scores_of_pairs(codebook):
    x, ids = draw_images(4, [20, 0, 15, 8])
    queries, query_of = draw_images(5, [9, 0, 12])
    engine = ASMK(codebook, idf=True).index(x, ids)
    rankings = engine.search(queries, query_of, query_ids=[0, 1, 2])
    expected = np.empty((3, 4))
    np.put_along_axis(expected, rankings.ranks.astype(int), rankings.scores, axis=1)
    np.testing.assert_array_equal(engine.scores(queries, query_of, query_ids=[0, 1, 2]), expected)
    pairs = engine.scores(queries, query_of, image_ids=[3, 1, 3])
    np.testing.assert_array_equal(pairs, expected[[0, 2]][:, [3, 1, 3]])
    assert engine.scores(queries, query_of, image_ids=[]).shape == (2, 0)
    for wrong in ([4], [-1], [0.5]):
        with pytest.raises(DataError, match="image_ids"):
            engine.scores(queries, query_of, image_ids=wrong)


@pytest.mark.parametrize(
    "options",
    [{}, {"binary": False, "alpha": 2}, {"idf": "published", "database_assignments": 2, "threshold": 0.25}],
)
def test_save_and_open(codebook, tmp_path, options):
    x, ids = draw_images(4, [20, 0, 15, 8])
    engine = ASMK(codebook, **options).index(x, ids)
    engine.save(tmp_path / "engine")
    opened = ASMK.open(tmp_path / "engine", check=True)
    for name in ("binary", "idf", "database_assignments", "query_assignments", "alpha", "threshold", "n_images"):
        assert getattr(opened, name) == getattr(engine, name)
    np.testing.assert_array_equal(opened.scores(x, ids), engine.scores(x, ids))
    for either in (engine, opened):
        either.index(x, ids + 4)
    assert_same_index(opened.inverted_file, engine.inverted_file)
    opened.save(tmp_path / "engine")  # over the files that it reads
    assert_same_index(ASMK.open(tmp_path / "engine").inverted_file, engine.inverted_file)


def test_open_refuses_what_does_not_fit(codebook, tmp_path):
    with pytest.raises(DataError, match="nothing is indexed"):
        ASMK(codebook).save(tmp_path / "engine")
    assert not list(tmp_path.iterdir())
    x, ids = draw_images(4, [20])
    ASMK(codebook).index(x, ids).save(tmp_path / "engine")
    path = tmp_path / "engine" / "asmk.json"
    header = json.loads(path.read_text())
    for change, message in [
        ({"version": 2}, "version"),
        ({"format": "faiss"}, "format"),
        ({"alpha": "3"}, "alpha"),
        ({"binary": False}, "save it again"),
        ({"idf": True}, "save it again"),
        ({"idf": "always"}, "idf"),
    ]:
        path.write_text(json.dumps({**header, **change}))
        with pytest.raises(DataError, match=message):
            ASMK.open(tmp_path / "engine")
    path.write_text("{")
    with pytest.raises(DataError, match="damaged"):
        ASMK.open(tmp_path / "engine")
    path.unlink()
    with pytest.raises(DataError, match=r"asmk.json: no such file"):
        ASMK.open(tmp_path / "engine")
    path.write_text(json.dumps(header))
    Codebook(codebook.centroids[:5]).save(tmp_path / "engine" / "codebook.h5")
    with pytest.raises(DataError, match="save it again"):
        ASMK.open(tmp_path / "engine")


def test_two_threads_right_after_indexing(codebook):
    x, ids = draw_images(6, [30] * 20)
    expected = ASMK(codebook).index(x, ids).search(x, ids)
    for _ in range(10):
        engine = ASMK(codebook).index(x[:300], ids[:300]).index(x[300:], ids[300:])
        with ThreadPoolExecutor(2) as pool:
            for rankings in pool.map(lambda _, engine=engine: engine.search(x, ids), range(2)):
                np.testing.assert_array_equal(rankings.ranks, expected.ranks)
                np.testing.assert_array_equal(rankings.scores, expected.scores)

"""Arguments as people have them: numbers of numpy work as Python's, what is none is named before anything is done."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.asmk import ASMK, Aggregated, Codebook, InvertedFile, aggregate, sample_rows
from reprise.storage.errors import DataError

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((400, 8)).astype(np.float32)
IDS = np.repeat(np.arange(20), 20)
CODEBOOK = Codebook(X[:16])
QUERY = {"descriptors": X[:20], "image_ids": np.zeros(20, int)}
WHOLE = st.sampled_from([int, float, np.int8, np.uint16, np.int64, np.float32, np.array])


@settings(max_examples=20)
@given(
    binary=st.sampled_from([True, False, 1, 0, np.True_, np.False_, np.int64(1), np.array(False)]),
    idf=st.sampled_from([True, False, np.True_, np.False_, "published", np.str_("published")]),
    assignments=st.tuples(WHOLE, st.integers(1, 3)),
    alpha=st.tuples(WHOLE, st.integers(0, 4)),
    threshold=st.sampled_from([0, 0.25, np.float32(0.25), np.float16(0.5), np.int64(0), np.array(0.25)]),
    topk=st.tuples(WHOLE, st.integers(0, 30)),
    undefined=st.sampled_from(["zero", "nan", np.str_("nan")]),
)
def test_what_is_accepted_is_saved_and_opened(
    tmp_path_factory, binary, idf, assignments, alpha, threshold, topk, undefined
):
    kind, number = assignments
    options = {"binary": binary, "idf": idf, "query_assignments": kind(number), "database_assignments": kind(1)}
    options |= {"alpha": alpha[0](alpha[1]), "threshold": threshold, "undefined": undefined}
    engine = ASMK(CODEBOOK, **options).index(X, IDS, n_images=kind(20))
    rankings = engine.search(**QUERY, topk=topk[0](topk[1]))
    plain = {key: value.item() if hasattr(value, "item") else value for key, value in options.items()}
    plain |= {"binary": bool(plain["binary"]), "query_assignments": number, "database_assignments": 1}
    expected = ASMK(CODEBOOK, **plain).index(X, IDS).search(**QUERY, topk=topk[1])
    np.testing.assert_array_equal(rankings.ranks, expected.ranks)
    folder = tmp_path_factory.mktemp("engine") / "engine"
    engine.save(folder)
    opened = ASMK.open(folder, check=True)
    for key in options:
        assert getattr(opened, key) == getattr(engine, key) and type(getattr(opened, key)) in (bool, int, float, str)
    np.testing.assert_array_equal(opened.search(**QUERY, topk=topk[1]).scores, expected.scores)


def test_what_was_changed_since_is_saved_as_it_is_opened(tmp_path):
    engine = ASMK(CODEBOOK).index(X, IDS)
    engine.alpha, engine.query_assignments = np.float32(2), np.int64(3)
    engine.save(tmp_path / "engine")
    assert ASMK.open(tmp_path / "engine").alpha == 2 and ASMK.open(tmp_path / "engine").query_assignments == 3
    engine.alpha = "3"
    with pytest.raises(DataError, match="alpha: '3' is no number"):
        engine.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_engines_of_before_have_undefined_scores_of_zero(tmp_path):
    ASMK(CODEBOOK).index(X, IDS).save(tmp_path / "engine")
    path = tmp_path / "engine" / "asmk.json"
    header = json.loads(path.read_text())
    del header["undefined"]
    path.write_text(json.dumps(header))
    assert ASMK.open(tmp_path / "engine").undefined == "zero"
    del header["alpha"]
    path.write_text(json.dumps(header))
    with pytest.raises(DataError, match=r"asmk\.json: 'alpha' is missing"):
        ASMK.open(tmp_path / "engine")


NO_COUNT = [0, -1, 1.5, "3", None, True, np.nan, [1], np.array([1, 2]), 2j]


@pytest.mark.parametrize("key", ["database_assignments", "query_assignments"])
@pytest.mark.parametrize("value", NO_COUNT, ids=repr)
def test_assignments_that_are_none(key, value):
    with pytest.raises(DataError, match=f"^{key}: "):
        ASMK(CODEBOOK, **{key: value})


@pytest.mark.parametrize(
    "options, message",
    [
        ({"alpha": "3"}, "alpha: '3' is no number"),
        ({"alpha": None}, "alpha: None is no number"),
        ({"alpha": -1}, "alpha: -1.0 is negative"),
        ({"alpha": np.inf}, "alpha: inf is not finite"),
        ({"alpha": True}, "alpha: True is no number"),
        ({"threshold": np.nan}, "threshold: nan is not finite"),
        ({"threshold": "0"}, "threshold: '0' is no number"),
        ({"threshold": -0.5, "alpha": 1.5}, "threshold: -0.5 lets negative"),
        ({"binary": "yes"}, "binary: 'yes' is neither"),
        ({"binary": None}, "binary: None is neither"),
        ({"binary": 2}, "binary: 2 is neither"),
        ({"idf": 1}, "idf: 1 is none of"),
        ({"idf": "always"}, "idf: 'always' is none of"),
        ({"undefined": 0}, "undefined: 0 is neither"),
        ({"codebook": X}, "codebook: ndarray given"),
    ],
)
def test_parameters_that_are_none(options, message):
    with pytest.raises(DataError, match=message):
        ASMK(**{"codebook": CODEBOOK, **options})


@pytest.mark.parametrize(
    "call",
    [
        lambda value: Codebook.train(X, value),
        lambda value: Codebook.train(X, 3, iterations=value if value != 0 else -1),
        lambda value: Codebook.train(X, 3, seed=value if value not in (0, -1) else 2**31),
        lambda value: Codebook.train(X, 3, threads=value if value is not None else 0),
        lambda value: CODEBOOK.assign(X, value),
        lambda value: CODEBOOK.assign(X, threads=value if value is not None else 0),
        lambda value: aggregate(X, CODEBOOK.assign(X), IDS, CODEBOOK, threads=value if value is not None else 0),
        lambda value: aggregate(X, CODEBOOK.assign(X), IDS, CODEBOOK, binary=value if value not in (0, True) else 2),
        lambda value: InvertedFile.build(POSTINGS, value),
        lambda value: InvertedFile.build(POSTINGS, 16, n_images=value if value is not None else -1),
        lambda value: INDEX.search(POSTINGS, topk=value if value not in (None, 0) else -1),
        lambda value: INDEX.search(POSTINGS, threads=value if value is not None else 0),
        lambda value: ASMK(CODEBOOK).index(X, IDS, n_images=value if value is not None else -1),
        lambda value: sample_rows(value if value != 0 else -1, 3),
        lambda value: sample_rows(10, value),
    ],
)
@pytest.mark.parametrize("value", NO_COUNT[:-3] + NO_COUNT[-1:], ids=repr)
def test_numbers_that_are_none(call, value):
    with pytest.raises(DataError):
        call(value)


POSTINGS = aggregate(X, CODEBOOK.assign(X), IDS, CODEBOOK)
INDEX = InvertedFile.build(POSTINGS, 16)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float32, float, np.array])
def test_numbers_of_numpy_are_those_of_python(kind):
    trained = Codebook.train(X, kind(6), iterations=kind(3), seed=kind(9), threads=kind(1))
    np.testing.assert_array_equal(trained.centroids, Codebook.train(X, 6, iterations=3, seed=9).centroids)
    np.testing.assert_array_equal(CODEBOOK.assign(X, kind(2)), CODEBOOK.assign(X, 2))
    built = InvertedFile.build(POSTINGS, kind(16), n_images=kind(25))
    assert built.n_words == 16 and built.n_images == 25
    np.testing.assert_array_equal(built.search(POSTINGS, topk=kind(4)).ranks, INDEX.search(POSTINGS, topk=4).ranks)
    np.testing.assert_array_equal(sample_rows(kind(200), kind(1), kind(5), kind(7)), sample_rows(200, 1, 5, 7))


@pytest.mark.parametrize("seed", [2**31, -(2**40), 2**31 - 1])
def test_seeds_that_faiss_cannot_take(seed):
    with pytest.raises(DataError, match="seed: "):
        Codebook.train(X, 3, seed=seed)


def test_no_iterations_are_the_first_centroids():
    rows = {row.tobytes() for row in X}
    assert all(row.tobytes() in rows for row in Codebook.train(X, 5, iterations=0).centroids)


def test_a_codebook_keeps_its_words_when_the_array_changes():
    array = X[:5].copy()
    codebook = Codebook(array)
    array[:] = 0
    np.testing.assert_array_equal(codebook.centroids, X[:5])
    assert not np.shares_memory(codebook.centroids, array)


LARGE = [1e19, -1e19, 3e38, 1e20]


@pytest.mark.parametrize("value", [*LARGE, np.nan, np.inf])
@pytest.mark.parametrize("index", ["exact", "approximate"])
def test_descriptors_of_which_no_distance_exists(value, index, monkeypatch):
    monkeypatch.setattr("reprise.codebooks.codebook.SMALLEST", 16)
    bad = X.copy()
    bad[317, 3] = value
    codebook = Codebook(X[:16], index=index)
    for call in (
        lambda: Codebook.train(bad, 16, index=index),
        lambda: codebook.assign(bad),
        lambda: aggregate(bad, np.zeros(400, int), IDS, codebook),
        lambda: ASMK(codebook).index(bad, IDS),
    ):
        with pytest.raises(DataError, match=r"descriptors: row 317 "):
            call()
    if np.isfinite(value):
        with pytest.raises(DataError, match="centroids: row 3 has the L2 norm"):
            Codebook(bad[314:334], index=index).assign(X)


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1.0, 1e15, 2e18])
def test_descriptors_of_which_distances_exist_are_assigned(scale):
    scaled = (X / np.linalg.norm(X, axis=1).max() * scale).astype(np.float32)
    codebook = Codebook.train(scaled, 6)
    words = codebook.assign(scaled)
    assert words.min() >= 0 and np.isfinite(codebook.centroids).all()
    if scale > 1e-10:  # below, squares are 0
        distances = ((scaled[:, None].astype(float) - codebook.centroids[None].astype(float)) ** 2).sum(axis=2)
        chosen = np.take_along_axis(distances, words, axis=1)[:, 0]
        assert (chosen <= distances.min(axis=1) * (1 + 1e-4)).all()


@pytest.mark.parametrize(
    "descriptors, message",
    [
        (np.zeros((5, 0), np.float32), "expected numbers of shape"),
        ([X[:20], X[20:]], "concatenate the arrays of several images"),
        ([[1.0] * 8, [1.0] * 7], "concatenate the arrays of several images"),
        (X.astype(complex), "complex"),
        (X.astype(str), "<U"),
        (np.ma.masked_less(X, 0), "entries are masked"),
        (5, "expected numbers of shape"),
        (None, "got objects such as None"),
        ({"a": X}, "got objects such as {"),
        (X[0], "expected numbers of shape"),
        (X[None], "expected numbers of shape"),
    ],
)
def test_descriptors_that_are_none(descriptors, message):
    for call in (
        lambda: Codebook.train(descriptors, 4),
        lambda: Codebook(descriptors),
        lambda: CODEBOOK.assign(descriptors),
        lambda: aggregate(descriptors, np.zeros(400, int), IDS, CODEBOOK),
    ):
        with pytest.raises(DataError, match=message):
            call()


@pytest.mark.parametrize("convert", [np.ndarray.tolist, np.ma.array, np.asfortranarray, lambda x: x.astype(">f4")])
def test_descriptors_of_every_type(convert):
    words = CODEBOOK.assign(X, 2)
    np.testing.assert_array_equal(CODEBOOK.assign(convert(X), 2), words)
    np.testing.assert_array_equal(Codebook(convert(X[:16])).centroids, CODEBOOK.centroids)
    for kind in (list, np.ma.array, lambda ids: ids.astype(np.uint64), lambda ids: ids.astype(">i2")):
        got = aggregate(convert(X), words, kind(IDS), CODEBOOK)
        np.testing.assert_array_equal(got.vectors, aggregate(X, words, IDS, CODEBOOK).vectors)


@pytest.mark.parametrize(
    "ids",
    [
        np.full(400, 2**63, np.uint64),
        [2**70] * 400,
        np.ma.array(IDS, mask=IDS == 7),
        IDS.astype(float),
        [[0]] * 399 + [[0, 1]],
        np.full(400, -(2**63)),
        IDS.astype(str),
        None,
    ],
    ids=lambda value: str(value)[:12],
)
def test_image_ids_that_are_none(ids):
    for call in (
        lambda: aggregate(X, np.zeros(400, int), ids, CODEBOOK),
        lambda: ASMK(CODEBOOK).index(X, ids),
        lambda: ASMK(CODEBOOK).index(X, IDS).search(X, ids),
    ):
        with pytest.raises(DataError, match="image_ids: "):
            call()


@pytest.mark.parametrize("image", [2**31, 2**40])
def test_more_images_than_fit_are_refused_when_they_are_indexed(image):
    with pytest.raises(DataError, match="n_images: .* are too many"):
        ASMK(CODEBOOK).index(X, IDS + image)
    with pytest.raises(DataError, match="n_images: .* are too many"):
        InvertedFile.build(POSTINGS, 16, n_images=image)


@pytest.mark.parametrize("parts", [[X], X, [None], [(X, IDS)]])
def test_what_is_not_aggregated(parts):
    with pytest.raises(DataError, match="aggregated: .* given, expected Aggregated"):
        InvertedFile.build(parts, 16)


@pytest.mark.parametrize("key", ["vectors", "words", "image_ids"])
def test_postings_with_masked_entries(key):
    arrays = {name: getattr(POSTINGS, name) for name in ("vectors", "words", "image_ids")}
    whole = Aggregated(**{**arrays, key: np.ma.array(arrays[key])})
    assert type(getattr(whole, key)) is np.ndarray
    mask = np.zeros(arrays[key].shape, bool)
    mask[0] = True
    with pytest.raises(DataError, match=f"aggregated {key}: .* masked"):
        Aggregated(**{**arrays, key: np.ma.array(arrays[key], mask=mask)})


@pytest.mark.parametrize("query", [0, 2**31, 2**63 - 1])
def test_queries_of_any_number(query):
    found = INDEX.search(Aggregated(POSTINGS.vectors[:9], POSTINGS.words[:9], np.full(9, query)))
    assert found.query_ids.tolist() == [query]
    np.testing.assert_array_equal(
        found.scores, INDEX.search(Aggregated(POSTINGS.vectors[:9], POSTINGS.words[:9], np.zeros(9, int))).scores
    )
    assert found.scores.max() > 0

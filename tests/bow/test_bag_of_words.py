"""Bags of words: tf-idf weights, similarities, rankings, files."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.bow import BagOfWords, mean_vectors
from reprise.storage.errors import DataError


def dense(words, image_ids, n_images, n_words, database=None):
    """The tf-idf vectors of images, written down plainly; weights of ``database`` (tf) or of the images themselves."""
    tf = np.zeros((n_images, n_words))
    for word, image in zip(words, image_ids, strict=True):
        tf[image, word] += 1
    counted = tf if database is None else database
    having = (counted > 0).sum(axis=0)
    idf = np.array([np.log(len(counted) / n) if n else 0.0 for n in having])
    return tf, tf * idf


def cosines(a, b):
    lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return np.divide(a @ b.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_similarities_are_cosines_of_tf_idf_vectors(seed):
    random = np.random.default_rng(seed)
    n_words, n_images, n_queries = random.integers(1, 12, 3)
    words, ids = random.integers(0, n_words, 40), random.integers(0, n_images, 40)
    asked, query_ids = random.integers(0, n_words, 20), random.integers(0, n_queries, 20)
    index = BagOfWords.build(words, ids, int(n_words), n_images=int(n_images))
    tf, database = dense(words, ids, n_images, n_words)
    _, queries = dense(asked, query_ids, n_queries, n_words, tf)
    vectors = index.vectors(asked, query_ids, int(n_queries))
    np.testing.assert_allclose(vectors.toarray(), queries, atol=1e-12)
    np.testing.assert_allclose(index.norms, np.linalg.norm(database, axis=1), atol=1e-12)
    expected = cosines(queries, database)
    scores = index.scores(vectors)
    np.testing.assert_allclose(scores, expected, atol=1e-12)
    ranked = index.search(vectors)
    for row in range(int(n_queries)):
        np.testing.assert_array_equal(ranked.ranks[row], np.argsort(-scores[row], kind="stable"))
        np.testing.assert_array_equal(ranked.scores[row], scores[row][ranked.ranks[row]])


def test_all_images_are_ranked_and_ties_are_in_their_order():
    index = BagOfWords.build(np.array([0, 1, 1, 2]), np.array([3, 1, 2, 0]), 4, n_images=6)
    ranked = index.search(index.vectors([1], [0]))
    assert ranked.ranks.tolist() == [[1, 2, 0, 3, 4, 5]]
    assert index.search(index.vectors([1], [0]), topk=2).ranks.tolist() == [[1, 2]]


def test_queries_without_a_known_word_keep_the_order_of_the_images():
    index = BagOfWords.build(np.array([0, 1]), np.array([1, 0]), 4)
    ranked = index.search(index.vectors([3], [1], 2), query_ids=[7, 9])
    assert ranked.query_ids.tolist() == [7, 9]
    assert ranked.ranks.tolist() == [[0, 1], [0, 1]] and not ranked.scores.any()


def test_several_words_of_each_feature_count_each():
    index = BagOfWords.build(np.array([[0, 1], [1, 2]]), np.array([0, 1]), 3)
    once = BagOfWords.build(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), 3)
    for key in ("offsets", "image_ids", "frequencies", "norms"):
        np.testing.assert_array_equal(getattr(index, key), getattr(once, key))


def test_a_database_without_features():
    index = BagOfWords.build(np.zeros(0, int), np.zeros(0, int), 5, n_images=3)
    assert index.search(index.vectors([1, 4], [0, 0])).ranks.tolist() == [[0, 1, 2]]
    assert BagOfWords.build([], [], 5).n_images == 0


@pytest.fixture
def saved(tmp_path):
    random = np.random.default_rng(3)
    index = BagOfWords.build(random.integers(0, 50, 900), random.integers(0, 40, 900), 50, n_images=41)
    index.save(tmp_path / "index")
    return index, tmp_path / "index"


def test_files_give_the_same_rankings(saved):
    index, folder = saved
    opened = BagOfWords.open(folder, check=True)
    assert isinstance(opened.image_ids, np.memmap)
    vectors = index.vectors([3, 5, 7, 7], [0, 0, 1, 1])
    for a, b in zip(vars(index.search(vectors)).values(), vars(opened.search(vectors)).values(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("key", ["offsets", "image_ids", "frequencies", "norms"])
def test_damaged_files_are_named(saved, key):
    path = saved[1] / f"{key}.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-4])
    with pytest.raises(DataError, match=rf"{key}.npy: truncated"):
        BagOfWords.open(saved[1])
    path.write_bytes(content[:-3] + b"\x7f\x7f\x7f")
    with pytest.raises(DataError, match=rf"{key}.npy"):
        BagOfWords.open(saved[1], check=True)
    path.unlink()
    with pytest.raises(DataError, match=rf"{key}.npy: no such file"):
        BagOfWords.open(saved[1])


def test_other_folders_are_refused(saved):
    header = saved[1] / "index.json"
    content = json.loads(header.read_text())
    for change, message in (
        ({"format": "faiss"}, "format"), ({"version": 9}, "version"), ({"words": "50"}, "words"),
        ({"images": 40}, "norms.npy"), ({"crc32": None}, "crc32"),
    ):  # fmt: skip
        header.write_text(json.dumps({**content, **change}))
        with pytest.raises(DataError, match=message):
            BagOfWords.open(saved[1])


def test_lists_that_name_no_image_are_refused(saved):
    index, folder = saved
    ids = np.load(folder / "image_ids.npy")
    np.save(folder / "image_ids.npy", ids + np.uint32(1000))
    opened = BagOfWords.open(folder)
    with pytest.raises(DataError, match="images that do not exist"):
        opened.search(index.vectors(np.arange(50), np.zeros(50, int)))


@pytest.mark.parametrize(
    ("words", "ids", "message"),
    [
        ([5], [0], "words: 5 to 5, but there are 5"),
        ([-1], [0], "words: -1"),
        ([0.5], [0], "expected integers"),
        ([0], [-1], "ids count from 0"),
        ([0, 1], [0], "2 and 1 features"),
        ([0], [9], "n_images: 4 given"),
    ],
)
def test_bad_input(words, ids, message):
    with pytest.raises(DataError, match=message):
        BagOfWords.build(words, ids, 5, n_images=4)


def test_vectors_of_another_codebook_or_of_no_numbers_are_refused(saved):
    other = BagOfWords.build([0], [0], 7).vectors([0], [0])
    with pytest.raises(DataError, match="of 7 words, the index has 50"):
        saved[0].search(other)
    broken = saved[0].vectors([1, 2], [0, 0])
    broken.data[:] = np.nan
    with pytest.raises(DataError, match="NaN"):
        saved[0].search(broken)


def test_mean_vectors():
    index = BagOfWords.build([0, 1, 2, 2], [0, 1, 2, 0], 4, n_images=4)
    queries = index.vectors([0, 1], [0, 1], 3)
    selected = index.vectors([1, 2, 2, 0], [0, 0, 1, 2], 3)
    query_of = np.array([0, 0, 2])
    a, b = queries.toarray(), selected.toarray()
    expected = np.stack([(a[0] + b[0] + b[1]) / 3, a[1], (a[2] + b[2]) / 2])
    np.testing.assert_allclose(mean_vectors(queries, selected, query_of).toarray(), expected, atol=1e-12)
    a[:2], b = a[:2] / np.linalg.norm(a[:2], axis=1, keepdims=True), b / np.linalg.norm(b, axis=1, keepdims=True)
    expected = np.stack([(a[0] + b[0] + b[1]) / 3, a[1], (a[2] + b[2]) / 2])
    found = mean_vectors(queries, selected, query_of, mean="normalised")
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-12)
    none = mean_vectors(queries, selected[:0], np.zeros(0, int))
    np.testing.assert_array_equal(none.toarray(), queries.toarray())
    for bad, message in (({"query_of": [0, 0, 3]}, "query_of"), ({"query_of": [0]}, "selected")):
        with pytest.raises(DataError, match=message):
            mean_vectors(queries, selected, **bad)
    with pytest.raises(DataError, match="mean"):
        mean_vectors(queries, selected, query_of, mean="median")

"""The approximate index: how often it finds what the exact one finds, and that all who load a codebook use it alike."""

import h5py
import numpy as np
import pytest

from reprise.codebooks import Codebook
from reprise.codebooks.approximate import SMALLEST, ApproximateIndex
from reprise.storage.errors import DataError

N_WORDS = 3000


def draw(seed, n, dim=64):
    """Descriptors around 300 centres that are the same for every seed, as neighbouring as local descriptors are."""
    centres = np.random.default_rng(0).standard_normal((300, dim))
    random = np.random.default_rng(seed)
    descriptors = centres[random.integers(0, 300, n)] + 0.7 * random.standard_normal((n, dim))
    return (descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def small(monkeypatch):
    """Lets codebooks of a thousand words use the approximate index."""
    monkeypatch.setattr("reprise.codebooks.codebook.SMALLEST", 1000)


@pytest.fixture(scope="module")
def words():
    return draw(1, N_WORDS)


@pytest.fixture(scope="module")
def descriptors():
    return draw(2, 1000)


def recall(found, expected):
    """The share of the expected words of each descriptor that were found."""
    return (found[:, :, None] == expected[:, None, :]).any(axis=1).mean()


@pytest.mark.parametrize("dim", [1, 17, 64, 130, 300])
def test_recall(small, dim):
    codebook, descriptors = draw(1, N_WORDS, dim), draw(2, 1000, dim)
    exact, approximate = Codebook(codebook), Codebook(codebook, index="approximate")
    for nearest in (1, 5):
        expected, found = exact.assign(descriptors, nearest), approximate.assign(descriptors, nearest)
        assert found.shape == expected.shape and found.dtype == np.int64
        assert recall(found, expected) >= 0.95


def test_nearest_first_and_all_different(small, words, descriptors):
    found = Codebook(words, index="approximate").assign(descriptors, 10)
    distances = ((descriptors[:, None] - words[found]) ** 2).sum(axis=2)
    assert (np.diff(distances, axis=1) >= -1e-6).all()
    assert all(len(set(row)) == 10 for row in found)


def test_of_equal_words_the_lower_one_comes_first(small, words, descriptors):
    doubled = np.concatenate([words, words])
    found = Codebook(doubled, index="approximate").assign(descriptors, 2)
    np.testing.assert_array_equal(found[:, 0] + N_WORDS, found[:, 1])


def test_more_words_than_the_cells_hold(small, words, descriptors):
    found = Codebook(words, index="approximate").assign(descriptors[:5], N_WORDS)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(N_WORDS), (5, 1)))
    far = np.full((1, 64), 1e3, np.float32)
    assert Codebook(words, index="approximate").assign(far, 7).min() >= 0


@pytest.mark.parametrize("nearest", [1, 5])
def test_neither_threads_nor_batches_matter(small, words, descriptors, nearest):
    codebook = Codebook(words, index="approximate")
    whole = codebook.assign(descriptors, nearest, threads=1)
    np.testing.assert_array_equal(codebook.assign(descriptors, nearest, threads=2), whole)
    pieces = [codebook.assign(piece, nearest) for piece in np.split(descriptors, [1, 2, 7, 300])]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    np.testing.assert_array_equal(Codebook(words, index="approximate").assign(descriptors, nearest), whole)


def test_small_codebooks_are_searched_exactly(words, descriptors):
    assert len(words) < SMALLEST
    exact, approximate = (Codebook(words, index=index) for index in ("exact", "approximate"))
    np.testing.assert_array_equal(approximate.assign(descriptors, 5), exact.assign(descriptors, 5))
    trained = [Codebook.train(descriptors, 20, index=index).centroids for index in ("exact", "approximate")]
    np.testing.assert_array_equal(*trained)


def test_training(small):
    descriptors = draw(3, 6000)
    exact = Codebook.train(descriptors, 1200, iterations=3)
    codebook = Codebook.train(descriptors, 1200, iterations=3, index="approximate")
    assert codebook.index == "approximate" and exact.index == "exact"

    def distortion(codebook):
        return ((descriptors - codebook.centroids[Codebook(codebook.centroids).assign(descriptors)[:, 0]]) ** 2).sum()

    assert distortion(codebook) <= 1.01 * distortion(exact)
    again = Codebook.train(descriptors, 1200, iterations=3, index="approximate")
    np.testing.assert_array_equal(again.centroids, codebook.centroids)
    other = Codebook.train(descriptors, 1200, iterations=3, index="approximate", seed=5)
    assert not np.array_equal(other.centroids, codebook.centroids)


def test_an_iteration_of_training_is_that_of_faiss_where_all_words_are_found(monkeypatch):
    """It looks at the same rows and starts from the same of them."""
    monkeypatch.setattr("reprise.codebooks.codebook.SMALLEST", 50)
    descriptors = draw(3, 256 * 50 + 500, 8)
    exact, approximate = (
        Codebook.train(descriptors, 50, iterations=1, index=index).centroids for index in ("exact", "approximate")
    )
    np.testing.assert_allclose(approximate, exact, atol=1e-5)


def test_training_with_more_words_than_different_descriptors(small):
    few = np.tile(draw(4, 500), (4, 1))
    trained = Codebook.train(few, 1500, index="approximate")
    assert np.isfinite(trained.centroids).all()
    assert len(np.unique(trained.assign(few)[:, 0])) >= 500


def test_the_option_is_saved(small, words, descriptors, tmp_path):
    codebook = Codebook(words, index="approximate")
    codebook.save(tmp_path / "codebook.h5", {"recipe": "words"})
    loaded = Codebook.load(tmp_path / "codebook.h5")
    assert loaded.index == "approximate"
    np.testing.assert_array_equal(loaded.assign(descriptors, 3), codebook.assign(descriptors, 3))
    with h5py.File(tmp_path / "codebook.h5") as file:
        assert file.attrs["index"] == "approximate" and file.attrs["recipe"] == "words"
        assert set(file) == {"centroids", "index_cells", "index_codes"}


def test_what_was_saved_is_used_and_not_trained_again(small, words, descriptors, tmp_path, monkeypatch):
    Codebook(words, index="approximate").save(tmp_path / "codebook.h5")
    monkeypatch.delattr(ApproximateIndex, "build")
    Codebook.load(tmp_path / "codebook.h5").assign(descriptors)


def test_files_without_the_option_are_exact(words, tmp_path):
    Codebook(words).save(tmp_path / "codebook.h5")
    with h5py.File(tmp_path / "codebook.h5", "a") as file:
        assert file.attrs["index"] == "exact" and set(file) == {"centroids"}
        del file.attrs["index"]
    assert Codebook.load(tmp_path / "codebook.h5").index == "exact"


def test_damaged_files(small, words, tmp_path):
    path = tmp_path / "codebook.h5"
    for damage in (
        lambda file: file.attrs.modify("index", "hnsw"),
        lambda file: file.attrs.create("index", 3),
        lambda file: file.pop("index_cells"),
        lambda file: file["index_codes"].write_direct(np.full(file["index_codes"].shape, np.nan, np.float32)),
        lambda file: (file.pop("index_codes"), file.create_dataset("index_codes", data=np.zeros((3, 16, 2), "f4"))),
        lambda file: (file.pop("index_cells"), file.create_dataset("index_cells", data=np.zeros((0, 64), "f4"))),
    ):
        Codebook(words, index="approximate").save(path)
        with h5py.File(path, "a") as file:
            damage(file)
        with pytest.raises(DataError, match="index.*train the codebook again") as error:
            Codebook.load(path)
        assert str(path) in str(error.value)


def test_bad_input(small, words, descriptors):
    codebook = Codebook(words, index="approximate")
    broken = descriptors.copy()
    broken[[31, 77], 3] = np.inf
    for call in (codebook.assign, lambda x: Codebook.train(x, 1000, index="approximate")):
        with pytest.raises(DataError, match="row 31"):
            call(broken)
    with pytest.raises(DataError, match=r"\(n, 64\)"):
        codebook.assign(descriptors[:, :63])
    with pytest.raises(DataError, match="3001 of 3000"):
        codebook.assign(descriptors, 3001)
    for call in (lambda index: Codebook(words, index=index), lambda index: Codebook.train(words, 9, index=index)):
        with pytest.raises(DataError, match="index: 'hnsw' is none of exact, approximate"):
            call("hnsw")
    with pytest.raises(DataError, match="works on the CPU"):
        codebook.assign(descriptors, device="cuda")
    assert codebook.assign(descriptors[:0], 3).shape == (0, 3)
    assert codebook.assign(descriptors[:9].astype(np.float64), device="auto").shape == (9, 1)

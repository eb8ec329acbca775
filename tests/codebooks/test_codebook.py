"""Codebooks with the exact index: training, assignment and files."""

import faiss
import h5py
import numpy as np
import pytest
from reference.asmk import assign

import reprise.asmk
import reprise.codebooks
from reprise.codebooks import Codebook, sample_rows
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def descriptors():
    return np.random.default_rng(0).standard_normal((2000, 24)).astype(np.float32)


def test_training_on_the_sampled_rows_is_training_on_all(descriptors):
    rows = sample_rows(len(descriptors), 5)
    assert rows.dtype == np.int64
    assert len(np.unique(rows)) == len(rows) == 256 * 5
    np.testing.assert_array_equal(
        Codebook.train(descriptors, 5).centroids, Codebook.train(descriptors[rows], 5).centroids
    )


def test_every_row_is_used_while_there_are_few():
    assert sample_rows(512, 2) is None
    assert len(sample_rows(513, 2)) == 512


def test_training_is_reproducible_and_follows_the_seed(descriptors):
    first = Codebook.train(descriptors, 8)
    np.testing.assert_array_equal(first.centroids, Codebook.train(descriptors, 8).centroids)
    assert not np.array_equal(first.centroids, Codebook.train(descriptors, 8, seed=5).centroids)
    assert not np.array_equal(first.centroids, Codebook.train(descriptors, 8, iterations=1).centroids)


def test_training_lowers_the_distances(descriptors):
    trained = Codebook.train(descriptors, 8)

    def distance(codebook):
        return ((descriptors - codebook.centroids[codebook.assign(descriptors)[:, 0]]) ** 2).sum()

    assert distance(trained) < distance(Codebook(descriptors[:8]))


def test_training_and_assignment_are_those_of_faiss(descriptors):
    """To the last bit, as every published number of this project was computed."""
    clustering = faiss.Clustering(24, 8)
    clustering.niter, clustering.seed = 10, 1234
    clustering.train(descriptors, faiss.IndexFlatL2(24))
    codebook = Codebook.train(descriptors, 8)
    np.testing.assert_array_equal(codebook.centroids, faiss.vector_to_array(clustering.centroids).reshape(8, 24))
    index = faiss.IndexFlatL2(24)
    index.add(codebook.centroids)
    np.testing.assert_array_equal(codebook.assign(descriptors, 3), index.search(descriptors, 3)[1])


def test_both_packages_have_the_same_class():
    assert reprise.asmk.Codebook is reprise.codebooks.Codebook


def test_assignment(descriptors):
    codebook = Codebook(descriptors[:50])
    words = codebook.assign(descriptors[:300], 5)
    assert words.shape == (300, 5)
    assert words.dtype == np.int64
    np.testing.assert_array_equal(words, assign(descriptors[:300], codebook.centroids, 5))


def test_assignment_in_blocks(descriptors, monkeypatch):
    codebook = Codebook(descriptors[:50])
    whole = codebook.assign(descriptors, 3)
    monkeypatch.setattr("reprise.codebooks.descriptors.BLOCK", 512)
    monkeypatch.setattr("reprise.codebooks.descriptors.FAISS_BLOCK", 256)
    np.testing.assert_array_equal(codebook.assign(descriptors.astype(np.float64), 3), whole)
    np.testing.assert_array_equal(codebook.assign(np.asfortranarray(descriptors), 3), whole)
    broken = descriptors.copy()
    broken[1203, 7] = np.inf
    with pytest.raises(DataError, match="row 1203"):
        codebook.assign(broken)


def test_no_descriptors(descriptors):
    assert Codebook(descriptors[:50]).assign(np.zeros((0, 24), np.float32), 3).shape == (0, 3)


def test_save_and_load(descriptors, tmp_path):
    codebook = Codebook(descriptors[:50])
    codebook.save(tmp_path / "codebook.h5", {"recipe": "words"})
    np.testing.assert_array_equal(Codebook.load(tmp_path / "codebook.h5").centroids, codebook.centroids)
    with h5py.File(tmp_path / "codebook.h5") as file:
        assert file.attrs["recipe"] == "words"


def write_foreign(path, **datasets):
    with h5py.File(path, "w") as file:
        for key, value in datasets.items():
            file[key] = value


@pytest.mark.parametrize(
    ("datasets", "message"),
    [
        ({"words": np.zeros((3, 4), np.float32)}, "'centroids' is missing"),
        ({"centroids": np.zeros(3, np.float32)}, "1 dimensions"),
        ({"centroids": np.zeros((3, 4), np.float64)}, "float64"),
        ({"centroids": np.full((3, 4), np.nan, np.float32)}, "row 0"),
        ({"centroids": np.zeros((0, 4), np.float32)}, "at least one word"),
    ],
)
def test_foreign_files(tmp_path, datasets, message):
    path = tmp_path / "codebook.h5"
    write_foreign(path, **datasets)
    with pytest.raises(DataError, match=message) as error:
        Codebook.load(path)
    assert str(path) in str(error.value)


def test_truncated_and_missing_files(descriptors, tmp_path):
    path = tmp_path / "codebook.h5"
    with pytest.raises(DataError, match="no such file"):
        Codebook.load(path)
    Codebook(descriptors[:50]).save(path)
    content = path.read_bytes()
    for size in (0, 100, len(content) // 2):
        path.write_bytes(content[:size])
        with pytest.raises(DataError, match="not a whole HDF5 file"):
            Codebook.load(path)


def test_bad_descriptors(descriptors):
    codebook = Codebook(descriptors[:50])
    broken = descriptors.copy()
    broken[[31, 77], 3] = np.nan
    for call in (codebook.assign, lambda x: Codebook.train(x, 8)):
        with pytest.raises(DataError, match="row 31"):
            call(broken)
    with pytest.raises(DataError, match=r"\(n, 24\)"):
        codebook.assign(descriptors[:, :23])
    with pytest.raises(DataError, match="shape"):
        codebook.assign(descriptors[0])
    with pytest.raises(DataError, match="51 of 50"):
        codebook.assign(descriptors, 51)
    with pytest.raises(DataError, match="0 of 50"):
        codebook.assign(descriptors, 0)
    with pytest.raises(DataError, match="codebook size"):
        Codebook.train(descriptors[:7], 8)
    with pytest.raises(DataError, match="threads"):
        codebook.assign(descriptors, threads=0)


@pytest.mark.filterwarnings("error")
def test_large_numbers_are_numbers():
    """A sum of their squares is none."""
    large = np.full((5000, 4), 3e38, np.float32)
    assert Codebook(large[:2]).centroids.max() == large[0, 0]
    with pytest.raises(DataError, match="row 4999"):
        Codebook(np.concatenate([large[:-1], [[0, 0, -np.inf, 0]]]).astype(np.float32))
    with pytest.raises(DataError, match="row 0"):
        Codebook(np.full((2, 2), 1e39))


def test_devices(descriptors):
    codebook = Codebook(descriptors[:50])
    np.testing.assert_array_equal(codebook.assign(descriptors, device="auto"), codebook.assign(descriptors))
    with pytest.raises(DataError, match="neither"):
        codebook.assign(descriptors, device="gpu")
    if not hasattr(faiss, "GpuIndexFlatL2"):
        with pytest.raises(DataError, match="faiss built for GPUs"):
            codebook.assign(descriptors, device="cuda")


def test_a_dataset_of_a_file_is_read_block_by_block(descriptors, tmp_path, monkeypatch):
    monkeypatch.setattr("reprise.codebooks.descriptors.BLOCK", 512)
    codebook = Codebook(descriptors[:50])
    write_foreign(tmp_path / "x.h5", rows=descriptors, one=descriptors[0], narrow=descriptors[:, :9])
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(codebook.assign(file["rows"], 2), codebook.assign(descriptors, 2))
        for key in ("one", "narrow"):
            with pytest.raises(DataError, match=r"shape \(n, 24\)"):
                codebook.assign(file[key])

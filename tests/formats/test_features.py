"""Files of local features: written, merged, read by blocks, and refused when they are not whole."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.storage.errors import DataError

DIM = 8


def random_features(rng, count):
    return LocalFeatures(
        rng.standard_normal((count, DIM)).astype(np.float32),
        -np.sort(-rng.random(count)).astype(np.float32),
        rng.random((count, 2)).astype(np.float32),
        np.ones(count, np.float32),
    )


def write(path, images, recipe="{}"):
    with feature_writer(path, DIM, {"recipe": recipe}) as writer:
        for name, features in images:
            writer.append(name, features)


@pytest.fixture
def chunks(tmp_path):
    """Two chunks and their images; one image has no features."""
    rng = np.random.default_rng(0)
    images = [(f"image{i}", random_features(rng, count)) for i, count in enumerate([5, 0, 3, 7])]
    paths = [tmp_path / "database.1-of-2.h5", tmp_path / "database.2-of-2.h5"]
    write(paths[0], images[:2])
    write(paths[1], images[2:])
    return paths, images


@settings(max_examples=30)
@given(counts=st.lists(st.integers(0, 9), max_size=6), limit=st.one_of(st.none(), st.integers(1, 9)))
def test_what_is_read_is_what_was_written(tmp_path_factory, counts, limit):
    rng = np.random.default_rng(len(counts))
    images = [(f"ä{i}", random_features(rng, count)) for i, count in enumerate(counts)]
    path = tmp_path_factory.mktemp("features") / "x.h5"
    write(path, images)
    with open_features(path) as file:
        assert file.names == [name for name, _ in images]
        descriptors, ids = file.read_rows(0, len(images), limit)
        expected = [features.descriptors[:limit] for _, features in images]
        assert np.array_equal(descriptors, np.concatenate([np.zeros((0, DIM)), *expected]))
        assert ids.tolist() == [i for i, part in enumerate(expected) for _ in part]
        assert file.counts(limit).tolist() == list(map(len, expected))
        for image, (_, features) in enumerate(images):
            assert np.array_equal(file.features(image).keypoints, features.keypoints)


def test_the_strongest_keep_the_order_of_their_file(tmp_path):
    scores = np.array([0.1, 0.9, 0.5, 0.9, 0.2], np.float32)
    features = random_features(np.random.default_rng(0), 5)
    features = LocalFeatures(features.descriptors, scores, features.keypoints, features.scales)
    write(tmp_path / "x.h5", [("a", features), ("b", features)])
    with open_features(tmp_path / "x.h5") as file:
        assert file.rows(2).tolist() == [1, 3, 6, 8]
        assert file.rows(3).tolist() == [1, 2, 3, 6, 7, 8]
        assert file.rows(None).tolist() == list(range(10))
        assert np.array_equal(file.read_rows(1, 2, 3)[0], features.descriptors[[1, 2, 3]])


def test_merged_file_reads_as_its_chunks_do_from_any_folder(chunks, tmp_path, monkeypatch):
    paths, images = chunks
    merge_features(paths, tmp_path / "database.h5", {"recipe": "merge"})
    monkeypatch.chdir("/")
    with open_features(tmp_path / "database.h5") as file:
        descriptors, ids = file.read_rows(0, 4)
        assert np.array_equal(descriptors, np.concatenate([features.descriptors for _, features in images]))
        assert np.array_equal(np.bincount(ids, minlength=4), [5, 0, 3, 7])
        middle, ids = file.read_rows(1, 3, 2)
        assert np.array_equal(middle, images[2][1].descriptors[:2])
        assert ids.tolist() == [2, 2]


def test_gather_takes_rows_in_any_order(chunks, tmp_path):
    paths, images = chunks
    merge_features(paths, tmp_path / "database.h5", {"recipe": "merge"})
    everything = np.concatenate([features.descriptors for _, features in images])
    rows = np.array([14, 0, 7, 7, 3])
    with open_features(tmp_path / "database.h5") as file:
        assert np.array_equal(file.gather(rows), everything[rows])


def test_a_missing_chunk_is_an_error_and_not_zeros(chunks, tmp_path):
    paths, _ = chunks
    merge_features(paths, tmp_path / "database.h5", {"recipe": "merge"})
    paths[1].unlink()
    with h5py.File(tmp_path / "database.h5") as file:
        assert not file["descriptors"][5:].any()  # what HDF5 itself does
    with pytest.raises(DataError, match=r"database\.2-of-2\.h5 is missing"):
        open_features(tmp_path / "database.h5")


def test_a_chunk_of_another_recipe_is_refused(chunks, tmp_path):
    paths, images = chunks
    write(paths[1], images[2:], recipe="other")
    with pytest.raises(DataError, match="another recipe"):
        merge_features(paths, tmp_path / "database.h5", {"recipe": "merge"})
    assert not (tmp_path / "database.h5").exists()


def test_a_chunk_that_was_replaced_after_the_merge_is_refused(chunks, tmp_path):
    paths, images = chunks
    merge_features(paths, tmp_path / "database.h5", {"recipe": "merge"})
    write(paths[1], images[2:], recipe="other")
    with pytest.raises(DataError, match="another recipe since the merge"):
        open_features(tmp_path / "database.h5")


@pytest.mark.parametrize("key", ["descriptors", "scores"])
def test_nan_is_refused_by_name_and_leaves_no_file(tmp_path, key):
    features = random_features(np.random.default_rng(0), 3)
    getattr(features, key)[1] = np.nan
    with pytest.raises(DataError, match=f"'tower'.*{key}.*NaN"):
        write(tmp_path / "x.h5", [("tower", features)])
    assert not list(tmp_path.iterdir())


def test_another_dimension_is_refused(tmp_path):
    features = random_features(np.random.default_rng(0), 3)
    wrong = LocalFeatures(features.descriptors[:, :4], *(np.zeros(3) for _ in range(3)))
    with pytest.raises(DataError, match=r"expected \(n, 8\)"):
        write(tmp_path / "x.h5", [("tower", wrong)])


def test_truncated_file_is_named(chunks):
    paths, _ = chunks
    paths[0].write_bytes(paths[0].read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"database\.1-of-2\.h5.*not a whole HDF5 file"):
        open_features(paths[0])


def test_foreign_hdf5_file_is_named(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["pixels"] = np.zeros(3)
    with pytest.raises(DataError, match="'descriptors' is missing"):
        open_features(tmp_path / "x.h5")


def test_skipped_images_keep_their_place(tmp_path):
    features = random_features(np.random.default_rng(0), 2)
    with feature_writer(tmp_path / "x.h5", DIM, {"recipe": "{}"}) as writer:
        writer.append("a", features)
        writer.skip("broken")
        writer.append("c", features)
    with open_features(tmp_path / "x.h5") as file:
        assert file.names == ["a", "broken", "c"]
        assert file.skipped == ["broken"]
        assert file.counts().tolist() == [2, 0, 2]

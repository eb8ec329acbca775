"""Merged dense features: virtual, movable, and refused where a source is missing or not the one that was merged."""

import shutil

import h5py
import numpy as np
import pytest
from dense_data import DIM, ROWS, compound, flat, random_features

from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.storage.errors import DataError


def write(path, counts, recipe="{}", rows=ROWS, dim=DIM, kinds=("cls",), extractor="dinov2"):
    """A chunk with images of so many features; returns the images."""
    rng = np.random.default_rng(len(path.name))
    images = [random_features(rng, n, dim, **{kind: rng.random(4, np.float32) for kind in kinds}) for n in counts]
    path.parent.mkdir(exist_ok=True)
    names = [f"{path.stem}_{i}" for i in range(len(counts))]
    options = {"layout": "dense", "num_features": rows, "global_dims": dict.fromkeys(kinds, 4)}
    with feature_writer(path, dim, {"recipe": recipe, "extractor": extractor}, names=names, **options) as writer:
        for name, features in zip(names, images, strict=True):
            writer.append(name, features)
    return images


@pytest.fixture
def merged(tmp_path):
    paths = [tmp_path / "f" / "database.1-of-2.h5", tmp_path / "f" / "database.2-of-2.h5"]
    images = write(paths[0], [6, 2]) + write(paths[1], [0, 3, 4])
    merge_features(paths, tmp_path / "f" / "database.h5", {"recipe": "merge"})
    return tmp_path / "f" / "database.h5", paths, images


def check(path, images, dtype=np.float16):
    file = open_features(path)
    rows = np.random.default_rng(0).permutation(len(images))
    descriptors, counts = file.read(rows)
    assert counts.tolist() == [len(images[row]) for row in rows]
    for found, row in zip(descriptors, rows, strict=True):
        assert np.array_equal(found[: len(images[row])], images[row].descriptors.astype(dtype))
    return file


def test_merged_file_reads_as_its_chunks_do_from_any_folder(merged, tmp_path, monkeypatch):
    path, _, images = merged
    shutil.move(path.parent, tmp_path / "elsewhere")
    monkeypatch.chdir("/")
    file = check(tmp_path / "elsewhere" / path.name, images)
    assert file.names == [f"database.1-of-2_{i}" for i in range(2)] + [f"database.2-of-2_{i}" for i in range(3)]
    assert np.array_equal(file.globals("cls"), [image.global_descriptors["cls"] for image in images])


def test_other_programs_read_the_merged_file(merged):
    path, _, images = merged
    with h5py.File(path) as file:
        assert file["features"].shape == (5,) and file["cls"].shape == (5, 4)
        assert np.array_equal(file["features"][3]["descriptor"][:3], images[3].descriptors.astype(np.float16))
        assert all("/" not in source.file_name for source in file["features"].virtual_sources())


def test_a_missing_chunk_is_an_error_and_not_zeros(merged):
    path, paths, _ = merged
    paths[1].unlink()
    with h5py.File(path) as file:
        assert not file["features"][3]["descriptor"].any()  # what HDF5 itself does
    with pytest.raises(DataError, match=r"database\.2-of-2\.h5 is missing"):
        open_features(path)


def test_a_chunk_that_was_replaced_after_the_merge_is_refused(merged):
    path, paths, _ = merged
    write(paths[1], [0, 3, 4], recipe="other")
    with pytest.raises(DataError, match="another recipe since the merge"):
        open_features(path)


@pytest.mark.parametrize("change", [{"counts": [1, 1]}, {"rows": ROWS + 1}, {"dim": 2 * DIM}])
def test_a_chunk_of_another_shape_is_refused(merged, change):
    path, paths, _ = merged
    write(paths[1], **{"counts": [0, 3, 4], **change})
    with pytest.raises(DataError, match="not the file that was merged"):
        open_features(path)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"recipe": "other"}, "another recipe"),
        ({"rows": ROWS + 1}, "another features"),
        ({"dim": 2 * DIM}, "another features"),
        ({"kinds": ()}, "another cls"),
        ({"kinds": ("cls", "global")}, "another global"),
    ],
)
def test_chunks_that_do_not_belong_together_are_refused(merged, change, message):
    path, paths, _ = merged
    path.unlink()
    write(paths[1], **{"counts": [0, 3, 4], **change})
    with pytest.raises(DataError, match=f"2-of-2.h5 has {message}"):
        merge_features(paths, path, {"recipe": "merge"})
    assert not path.exists()


def test_another_type_is_refused(tmp_path):
    images = [random_features(np.random.default_rng(0), 3)]
    flat(tmp_path / "a.hdf5", images, "<f4")
    compound(tmp_path / "b.hdf5", images)
    with pytest.raises(DataError, match="another features"):
        merge_features([tmp_path / "a.hdf5", tmp_path / "b.hdf5"], tmp_path / "m.hdf5", {})


def test_database_and_distractors_are_joined(merged, tmp_path):
    path, _, images = merged
    distractors = write(tmp_path / "r1m" / "database.h5", [5, 1], recipe="r1m")
    target = tmp_path / "joined" / "database.h5"
    parts = [path, tmp_path / "r1m" / "database.h5"]
    with pytest.raises(DataError, match="another recipe"):
        merge_features(parts, target, {})
    merge_features(parts, target, {}, one_recipe=False)
    file = check(target, images + distractors)
    assert file.names[-2:] == ["database_0", "database_1"]
    assert file.globals("cls").shape == (7, 4)
    (tmp_path / "r1m" / "database.h5").unlink()
    with pytest.raises(DataError, match=r"r1m/database\.h5 is missing"):
        open_features(target)


def test_a_published_database_takes_the_distractors_of_this_project(tmp_path):
    images = [random_features(np.random.default_rng(0), 3)]
    compound(tmp_path / "gallery.hdf5", images)
    distractors = write(tmp_path / "r1m.h5", [5, 1])
    merge_features([tmp_path / "gallery.hdf5", tmp_path / "r1m.h5"], tmp_path / "m.h5", {}, one_recipe=False)
    assert check(tmp_path / "m.h5", images + distractors).names is None


def test_features_of_two_extractors_are_not_joined(merged, tmp_path):
    path, _, _ = merged
    write(tmp_path / "b.h5", [5, 1], extractor="cvnet")
    with pytest.raises(DataError, match="another extractor"):
        merge_features([path, tmp_path / "b.h5"], tmp_path / "m.h5", {}, one_recipe=False)


def test_a_missing_chunk_of_a_part_is_found(merged, tmp_path):
    path, paths, _ = merged
    merge_features([path], tmp_path / "joined.h5", {}, one_recipe=False)
    paths[0].unlink()
    with pytest.raises(DataError, match=r"database\.1-of-2\.h5 is missing"):
        open_features(tmp_path / "joined.h5")


def publish(tmp_path, layout, dtype):
    """Chunks as they are downloaded, and a virtual file with the paths of another machine."""
    rng = np.random.default_rng(0)
    images = [random_features(rng, count) for count in (6, 2, 4)]
    for part, rows in (("a", slice(0, 2)), ("b", slice(2, 3))):
        layout(tmp_path / f"dinov2_xa{part}_local.hdf5", images[rows], dtype)
    with h5py.File(tmp_path / "dinov2_xaa_local.hdf5") as file:
        row, dtype = file["features"].shape[1:], file["features"].dtype
    virtual = h5py.VirtualLayout((3, *row), dtype)
    virtual[:2] = h5py.VirtualSource("/home/somebody/dinov2_xaa_local.hdf5", "features", (2, *row), dtype)
    virtual[2:] = h5py.VirtualSource("/home/somebody/dinov2_xab_local.hdf5", "features", (1, *row), dtype)
    with h5py.File(tmp_path / "dinov2_local.hdf5", "w") as file:
        file.create_virtual_dataset("features", virtual)
    return images


@pytest.mark.parametrize("layout, dtype", [(flat, "<f2"), (flat, "<f4"), (compound, "<f2")])
def test_downloaded_chunks(tmp_path, layout, dtype):
    images = publish(tmp_path, layout, dtype)
    check(tmp_path / "dinov2_local.hdf5", images, dtype)
    merge_features(sorted(tmp_path.glob("dinov2_xa?_local.hdf5")), tmp_path / "mine.hdf5", {})
    check(tmp_path / "mine.hdf5", images, dtype)
    (tmp_path / "dinov2_xab_local.hdf5").unlink()
    with pytest.raises(DataError, match=r"dinov2_xab_local\.hdf5 is missing"):
        open_features(tmp_path / "dinov2_local.hdf5")


def test_rows_without_a_source_are_refused(tmp_path):
    publish(tmp_path, flat, "<f2")
    layout = h5py.VirtualLayout((5, ROWS, 5 + DIM), "<f2")
    layout[:2] = h5py.VirtualSource("dinov2_xaa_local.hdf5", "features", (2, ROWS, 5 + DIM), "<f2")
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file.create_virtual_dataset("features", layout)
    with pytest.raises(DataError, match="rows 2 to 5 of 'features' have no source"):
        open_features(tmp_path / "x.hdf5")


def test_nothing_to_merge(tmp_path):
    with pytest.raises(DataError, match="no chunks"):
        merge_features([], tmp_path / "x.h5", {})

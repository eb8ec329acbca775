"""Features that were computed elsewhere: whose they are, and what is refused."""

import pickle

import cv2
import h5py
import numpy as np
import pytest

from reprise.datasets.images import Dataset, ImageList
from reprise.extractors.files import Settings
from reprise.extractors.given_names import given_files
from reprise.extractors.importing import import_images
from reprise.formats.features import open_features
from reprise.storage.errors import DataError

NAMES = ["a.jpg", "sub/b c.jpg"]
QUERIES = ["q.jpg"]
SIZES = {"a.jpg": (40, 30), "sub/b c.jpg": (20, 60), "q.jpg": (50, 50)}


@pytest.fixture
def data(tmp_path):
    """Two images of a database and a query with a box, without features."""
    for name, (width, height) in SIZES.items():
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
    return Dataset(listed(tmp_path, NAMES), listed(tmp_path, QUERIES, [(10.0, 20.0, 40.0, 45.0)]))


def listed(folder, names, boxes=None):
    return ImageList(names, [folder / "images" / name for name in names], boxes)


def run(data, tmp_path, split="database", **settings):
    given = Settings.read({"type": "files", **settings}, "x").of("mine", split)
    output = tmp_path / "out.h5"
    import_images(data, split, slice(None), given, output, {"recipe": "r"})
    return open_features(output)


def arrays(folder, values, **others):
    for name, array in {**values, **others}.items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array)
    return str(folder)


def rows(count, dim=8, seed=0):
    return np.random.default_rng(seed).random((count, dim), np.float32)


def hloc(path, images, **changes):
    """A file in the layout of hloc; ``changes`` replace datasets of the first image, None leaves one out."""
    with h5py.File(path, "w") as file:
        for place, (name, (width, height)) in enumerate(images.items()):
            values = {
                "keypoints": np.array([[0, 0], [width - 1, height - 1], [5, 6]], np.float32),
                "descriptors": rows(3, seed=place).T, "scores": np.array([0.1, 0.3, 0.2], np.float32),
                "image_size": np.array([width, height]),
            }  # fmt: skip
            for key, value in {**values, **(changes if place == 0 else {})}.items():
                if value is not None:
                    file[f"{name}/{key}"] = value
    return str(path)


def test_arrays_are_found_with_and_without_the_extension_of_the_image(data, tmp_path):
    first, second = rows(3), rows(0)
    folder = arrays(tmp_path / "f", {"a": first, "sub/b c.jpg": second, "other": rows(2)})
    with run(data, tmp_path, local_files={"mine": folder}) as features:
        assert features.names == NAMES and features.offsets.tolist() == [0, 3, 3] and features.dim == 8
        np.testing.assert_array_equal(features.features(0).descriptors, first)
        assert np.argmax(features.features(0).scores) == 0  # the first row is the strongest
        with pytest.raises(DataError, match="keypoints in the convention 'colmap'"):
            features.require("matching", convention="colmap")


def test_global_descriptors_are_brought_to_unit_norm_unless_they_are_to_stay(data, tmp_path):
    vectors = {"a": np.array([3, 4], np.float64), "sub/b c": np.array([0, 2], np.float16)}
    files = {"mine": arrays(tmp_path / "f", vectors)}
    with run(data, tmp_path, global_files=files) as features:
        np.testing.assert_allclose(features.globals("global"), [[0.6, 0.8], [0, 1]], rtol=1e-6)
        assert not features.dim
    with run(data, tmp_path, global_files=files, normalised=False) as features:
        np.testing.assert_allclose(features.globals("global"), [[3, 4], [0, 2]])


def test_hdf5_in_the_layout_of_hloc_is_read_in_its_convention(data, tmp_path):
    file = hloc(tmp_path / "f.h5", {name: SIZES[name] for name in NAMES})
    with run(data, tmp_path, local_files={"mine": file}) as features:
        found = features.features(0)
        np.testing.assert_array_equal(found.descriptors, rows(3, seed=0))
        np.testing.assert_array_equal(found.keypoints, [[0.5, 0.5], [39.5, 29.5], [5.5, 6.5]])
        np.testing.assert_allclose(found.scores, [0.1, 0.3, 0.2])
    settings = {"keypoint_convention": "colmap", "scores": "order", "num_features": 2}
    with run(data, tmp_path, local_files={"mine": file}, **settings) as features:
        np.testing.assert_array_equal(features.features(1).keypoints, [[0, 0], [19, 59]])


@pytest.mark.parametrize(
    ("box", "size", "expected"),
    [
        ("ignore", (50, 50), [[0.5, 0.5], [49.5, 49.5], [5.5, 6.5]]),
        ("crop", (30, 25), [[10.5, 20.5], [39.5, 44.5], [15.5, 26.5]]),
    ],
)
def test_the_box_of_a_query_is_as_the_features_were_made(data, tmp_path, box, size, expected):
    file = hloc(tmp_path / "f.h5", {"q.jpg": size})
    with run(data, tmp_path, "queries", local_files={"mine": file}, box=box) as features:
        np.testing.assert_array_equal(features.features(0).keypoints, expected)


def test_a_filter_takes_the_keypoints_in_the_box(data, tmp_path):
    keypoints = np.array([[9, 30], [20, 30], [20, 46]], np.float32)
    file = hloc(tmp_path / "f.h5", {"q.jpg": (50, 50)}, keypoints=keypoints)
    with run(data, tmp_path, "queries", local_files={"mine": file}, box="filter") as features:
        np.testing.assert_array_equal(features.features(0).keypoints, [[20.5, 30.5]])
    with pytest.raises(DataError, match=r"box: 1 queries have a box \('q.jpg'\)"):
        run(data, tmp_path, "queries", local_files={"mine": file})
    with pytest.raises(DataError, match="box: 'filter' needs keypoints"):
        run(data, tmp_path, local_files={"mine": "folder"}, box="filter")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": rows(3)}, r"f: has no features of 'sub/b c.jpg' \(1 of 2 images.*'sub/b c.jpg.npy' or 'sub/b c.npy'"),
        ({"a": rows(3), "a.jpg": rows(3)}, "two features of 'a.jpg', 'a.jpg' and 'a'; take one away"),
        ({"a": rows(3)[0]}, r"a.npy: has the shape \(8,\), expected \(n, D\)"),
        ({"a": np.full((2, 8), np.nan, np.float32)}, "a.npy: holds NaN or infinity"),
        ({"a": np.full((2, 8), 1e300)}, "a.npy: holds values that are too large for float32"),
        ({"a": np.ones((2, 8), np.uint8)}, "a.npy: is of type uint8, expected float16"),
        ({"a": np.array([{}], object)}, "a.npy: is no NumPy file of plain numbers"),
        ({"a": rows(3, 7)}, r"'sub/b c.jpg': descriptors have shape \(4, 8\), expected \(n, 7\)"),
    ],
)
def test_arrays_that_are_none_are_refused_by_name(data, tmp_path, values, message):
    others = (
        {} if len(values["a"]) == 3 and values["a"].ndim == 2 and values["a"].shape[1] == 8 else {"sub/b c": rows(4)}
    )
    folder = arrays(tmp_path / "f", values, **others)
    with pytest.raises(DataError, match=message):
        run(data, tmp_path, local_files={"mine": folder})
    assert not (tmp_path / "out.h5").exists()


def test_a_pickle_is_not_opened(data, tmp_path):
    folder = tmp_path / "f"
    arrays(folder, {"sub/b c": rows(2)})
    (folder / "a.npy").write_bytes(pickle.dumps(rows(2)))
    with pytest.raises(DataError, match="a.npy: is no NumPy file"):
        run(data, tmp_path, local_files={"mine": str(folder)})


def test_a_header_that_states_more_than_the_file_has_takes_no_memory(data, tmp_path):
    folder = tmp_path / "f"
    arrays(folder, {"a": rows(2), "sub/b c": rows(2)})
    with (folder / "a.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (2_000_000_000, 8)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(DataError, match="a.npy: is no NumPy file"):
        run(data, tmp_path, local_files={"mine": str(folder)})


def test_another_dimension_than_the_settings_say_is_refused(data, tmp_path):
    folder = arrays(tmp_path / "f", {"a": rows(3), "sub/b c": rows(3)})
    with pytest.raises(DataError, match="a.npy: has descriptors of 8 dimensions, and dim of the extractor is 3"):
        run(data, tmp_path, local_files={"mine": folder}, dim=3)


def test_a_global_descriptor_without_a_direction_is_refused(data, tmp_path):
    folder = arrays(tmp_path / "f", {"a": np.zeros(4, np.float32), "sub/b c": np.ones(4, np.float32)})
    with pytest.raises(DataError, match="a.npy: the global descriptor is 0"):
        run(data, tmp_path, global_files={"mine": folder})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"descriptors": rows(3)}, r"descriptors have the shape \(3, 8\) for 3 keypoints; hloc stores \(D, n\)"),
        ({"keypoints": np.zeros((3, 3), np.float32)}, r"keypoints have the shape \(3, 3\)"),
        ({"keypoints": np.full((3, 2), np.inf, np.float32)}, "'a.jpg': 'keypoints': holds NaN or infinity"),
        ({"scores": None}, "'a.jpg': has no 'scores'; set scores: order"),
        ({"scores": np.zeros(2, np.float32)}, r"scores have the shape \(2,\) for 3 keypoints"),
        ({"descriptors": None}, r"f.h5: has no features of 'a.jpg' \(1 of 2"),
        ({"keypoints": None}, "'a.jpg': 'keypoints' is missing"),
        ({"image_size": np.array([30, 40])}, "a.jpg has 40 x 30 pixels, and the image of .* is of 30 x 40"),
        ({"image_size": None, "keypoints": np.full((3, 2), 45, np.float32)}, r"they reach to 45.5, 45.5\); they are"),
        ({"descriptors": np.ones((8, 3), np.int32)}, "'descriptors': is of type int32"),
    ],
)  # fmt: skip
def test_hdf5_that_is_none_is_refused_by_name(data, tmp_path, changes, message):
    file = hloc(tmp_path / "f.h5", {name: SIZES[name] for name in NAMES}, **changes)
    with pytest.raises(DataError, match=message):
        run(data, tmp_path, local_files={"mine": file})


def test_values_in_another_file_are_refused(data, tmp_path):
    file = hloc(tmp_path / "f.h5", {"sub/b c.jpg": SIZES["sub/b c.jpg"]})
    hloc(tmp_path / "other.h5", {"a.jpg": SIZES["a.jpg"]})
    with h5py.File(file, "a") as opened:
        opened["a.jpg"] = h5py.ExternalLink("other.h5", "/a.jpg")
    with pytest.raises(DataError, match="is a link to another place"):
        run(data, tmp_path, local_files={"mine": file})


@pytest.mark.parametrize("split", ["database", "queries"])
def test_features_that_two_images_would_share_are_refused(data, tmp_path, split):
    folder = arrays(tmp_path / "f", {"a": rows(2), "sub/b c": rows(2)})
    (tmp_path / "queries").mkdir()
    shared = Dataset(data.database, ImageList(["a.jpg"], [tmp_path / "queries" / "a.jpg"]))
    with pytest.raises(DataError, match=r"'a' would be the features of two images, .*images/a.jpg and .*queries/a.jpg|"
                       r"'a' would be the features of two images, .*queries/a.jpg and .*images/a.jpg"):  # fmt: skip
        run(shared, tmp_path, split, local_files={"mine": folder})
    apart = {"mine": {"database": folder, "queries": arrays(tmp_path / "g", {"a": rows(1)})}}
    with run(shared, tmp_path, split, local_files=apart) as features:
        assert len(features) == (2 if split == "database" else 1)
    same = Dataset(data.database, data.database)
    assert run(same, tmp_path, split, local_files={"mine": folder}).names == NAMES


def test_images_that_differ_in_their_extension_alone_need_features_of_their_own(data, tmp_path):
    folder = arrays(tmp_path / "f", {"a": rows(2)})
    both = Dataset(ImageList(["a.jpg", "a.png"], [tmp_path / "a.jpg", tmp_path / "a.png"]))
    with pytest.raises(DataError, match="'a' would be the features of two images"):
        given_files({"local": folder}, both, "database", ["local"])
    arrays(tmp_path / "f", {"a.jpg": rows(2), "a.png": rows(2)})
    (tmp_path / "f" / "a.npy").unlink()
    found = given_files({"local": folder}, both, "database", ["local"])
    assert found == {"local": [f"{folder}/a.jpg.npy", f"{folder}/a.png.npy"]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give 'local_files' or 'global_files'"),
        ({"local_files": {"a": "folder", "b": "x.h5"}}, "folders of NumPy files and HDF5 files"),
        ({"local_files": {"a": {"database": "x", "query": "y"}}}, "query"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings, message):
    with pytest.raises(DataError, match=message):
        Settings.read({"type": "files", **settings}, "x")

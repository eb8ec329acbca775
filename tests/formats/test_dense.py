"""Dense local features: every layout is read, one is written, and what is not whole is refused."""

import pickle
from itertools import zip_longest

import h5py
import numpy as np
import pytest
from dense_data import DIM, ROWS, arrays, compound, flat, random_features
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.formats.arrays import LocalFeatures
from reprise.formats.dense import DenseReader
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.storage.errors import DataError

COUNTS = (6, 0, 3, 5)


def write(path, images, names=None, **options):
    names = names or [f"bild ä{i}" for i in range(len(images))]
    with feature_writer(
        path, DIM, {"recipe": "{}"}, layout="dense", names=names, num_features=ROWS, **options
    ) as writer:
        for name, features in zip_longest(names, images, fillvalue="more"):
            if not isinstance(features, str):
                writer.append(name, features)
    return path


LAYOUTS = {
    "flat float32": (lambda path, images: flat(path, images, "<f4"), np.float32),
    "flat float16": (lambda path, images: flat(path, images, "<f2"), np.float16),
    "flat big-endian": (lambda path, images: flat(path, images, ">f4"), np.float32),
    "flat compressed": (
        lambda path, images: flat(path, images, "<f2", chunks=(1, ROWS, 21), compression=1),
        np.float16,
    ),
    "compound float16": (compound, np.float16),
    "compound float32": (lambda path, images: compound(path, images, "<f4"), np.float32),
    "compound in chunks": (lambda path, images: compound(path, images, chunks=(2,)), np.float16),
    "written here": (write, np.float16),
}


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [random_features(rng, count) for count in COUNTS]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_what_was_stored(tmp_path, images, layout):
    make, dtype = LAYOUTS[layout]
    make(tmp_path / "x.hdf5", images)
    file = open_features(tmp_path / "x.hdf5")
    assert (file.num_images, file.num_features, file.dim, file.packed) == (4, ROWS, DIM, False)
    descriptors, counts = file.read(np.arange(4))
    assert descriptors.shape == (4, ROWS, DIM) and descriptors.dtype == dtype == file.dtype
    assert counts.tolist() == list(COUNTS)
    for found, features in zip(descriptors, images, strict=True):
        assert np.array_equal(found[: len(features)], features.descriptors.astype(dtype))
        assert not found[len(features) :].any()
    stored = file.features(2)
    metadata = np.float16 if "flat" in layout and dtype == np.float16 else np.float32
    for key in ("scores", "keypoints", "scales"):
        assert np.array_equal(getattr(stored, key), getattr(images[2], key).astype(metadata))


def test_packed_bits_become_signs(tmp_path, images):
    compound(tmp_path / "x.hdf5", images, pack=True)
    file = open_features(tmp_path / "x.hdf5")
    assert file.dim == DIM and file.packed
    descriptors, counts = file.read(np.array([3, 0]), 5)
    assert counts.tolist() == [5, 5]
    assert np.array_equal(descriptors[0], np.where(images[3].descriptors[:5] > 0, 1, -1))


def test_first_bit_is_the_most_significant_one(tmp_path):
    content = np.zeros(1, np.dtype([("metadata", "<f4", (1, 5)), ("descriptor", "u1", (1, 1))]))
    content["descriptor"] = 0b11000001
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["features"] = content
    assert open_features(tmp_path / "x.hdf5").read([0])[0].tolist() == [[[1, 1, -1, -1, -1, -1, -1, 1]]]


@settings(max_examples=40)
@given(rows=st.lists(st.integers(0, 3), max_size=9), count=st.integers(1, ROWS))
def test_rows_come_in_the_order_asked_for(tmp_path_factory, rows, count):
    rng = np.random.default_rng(0)
    images = [random_features(rng, n) for n in COUNTS]
    file = open_features(write(tmp_path_factory.mktemp("dense") / "x.h5", images))
    descriptors, counts = file.read(np.array(rows, np.int32), count)
    assert counts.tolist() == [min(COUNTS[row], count) for row in rows]
    for found, valid, row in zip(descriptors, counts, rows, strict=True):
        assert np.array_equal(found[:valid], images[row].descriptors[:valid].astype(np.float16))


def test_each_image_is_read_once_and_in_order(tmp_path, images, monkeypatch):
    file = open_features(write(tmp_path / "x.h5", images))
    read = []
    record = DenseReader._record
    monkeypatch.setattr(DenseReader, "_record", lambda self, image: read.append(image) or record(self, image))
    file.read(np.array([3, 0, 3, 2, 0]), 2)
    assert read == [0, 2, 3]


def test_names_and_global_descriptors(tmp_path):
    rng = np.random.default_rng(0)
    images = [random_features(rng, 2, cls=rng.random(4, np.float32)) for _ in range(3)]
    file = open_features(write(tmp_path / "x.h5", images, global_dims={"cls": 4}))
    assert file.names == ["bild ä0", "bild ä1", "bild ä2"]
    assert np.array_equal(file.globals("cls"), [image.global_descriptors["cls"] for image in images])
    with pytest.raises(DataError, match=r"x\.h5: .*needs global descriptors 'global', and this file has .*'cls' \(4\)"):
        file.globals("global")


def test_published_files_have_no_names(tmp_path, images):
    flat(tmp_path / "x.hdf5", images, "<f4")
    assert open_features(tmp_path / "x.hdf5").names is None


def test_a_copy_for_another_process_reads_the_same(tmp_path, images):
    file = open_features(write(tmp_path / "x.h5", images))
    copy = pickle.loads(pickle.dumps(file))
    assert np.array_equal(copy.read([0, 3])[0], file.read([0, 3])[0])


def test_what_is_written_is_the_published_layout(tmp_path, images):
    with h5py.File(write(tmp_path / "x.h5", images)) as file:
        features = file["features"]
        assert features.shape == (4,) and features.id.get_offset() is not None
        assert features.dtype == np.dtype([("metadata", "<f4", (ROWS, 5)), ("descriptor", "<f2", (ROWS, DIM))])
        assert features[2]["metadata"][:, 3].tolist() == [0, 0, 0, 1, 1, 1]
        assert not features[2]["descriptor"][3:].any() and not features[2]["metadata"][3:, [0, 1, 2, 4]].any()


def test_an_image_that_could_not_be_decoded_keeps_its_place(tmp_path):
    features = random_features(np.random.default_rng(0), 2, cls=np.ones(4, np.float32))
    options = {"layout": "dense", "num_features": ROWS, "global_dims": {"cls": 4}}
    with feature_writer(tmp_path / "x.h5", DIM, {}, names=["a", "broken", "c"], **options) as writer:
        writer.append("a", features)
        writer.skip("broken")
        writer.append("c", features)
    file = open_features(tmp_path / "x.h5")
    assert file.read(np.arange(3))[1].tolist() == [2, 0, 2] and file.skipped == ["broken"]
    assert file.globals("cls").any(axis=1).tolist() == [True, False, True]


@pytest.mark.parametrize("count", [0, ROWS + 1])
def test_more_rows_than_stored_are_refused(tmp_path, images, count):
    with pytest.raises(DataError, match=rf"x\.h5: {count} local descriptors.*stores 6"):
        open_features(write(tmp_path / "x.h5", images)).read([0], count)


@pytest.mark.parametrize("rows", [[4], [-1], [0.0], [[0]]])
def test_rows_outside_are_refused(tmp_path, images, rows):
    with pytest.raises(DataError, match="integers from 0 to 3"):
        open_features(write(tmp_path / "x.h5", images)).read(np.array(rows))


def test_padding_before_valid_rows_is_refused(tmp_path, images):
    metadata, descriptors = arrays(images)
    metadata[3, 1, 3] = 1
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["features"] = np.concatenate([metadata, descriptors], axis=2)
    file = open_features(tmp_path / "x.hdf5")
    file.read([0, 1, 2])
    with pytest.raises(DataError, match=r"image 3: the padding flags"):
        file.read([3])


@pytest.mark.parametrize("dtype", ["<f2", "<f4"])
@pytest.mark.parametrize("value, message", [(np.nan, "NaN"), (np.inf, "NaN"), (-np.inf, "NaN"), (0, "is 0")])
def test_broken_rows_are_refused_by_image(tmp_path, images, dtype, value, message):
    if value == 0:
        images[2].descriptors[1] = -0.0
    else:
        images[2].descriptors[1, 5] = value
    compound(tmp_path / "x.hdf5", images, dtype)
    file = open_features(tmp_path / "x.hdf5")
    file.read([2], 1)
    with pytest.raises(DataError, match=f"image 2.*{message}"):
        file.read([2], 2)
    with pytest.raises(DataError, match=f"image 2.*{message}"):
        file.features(2)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"descriptors": np.ones((3, DIM + 8), np.float32)}, r"descriptors have shape \(3, 24\)"),
        ({"scores": np.array([1, 2, 3], np.float32)}, "scores do not descend"),
        ({"scores": np.array([3, 2, np.nan], np.float32)}, "NaN"),
        ({"descriptors": np.full((3, DIM), 1e6, np.float32)}, "NaN or infinity"),
        ({"descriptors": np.zeros((3, DIM), np.float32)}, "is 0"),
        ({"keypoints": np.full((3, 2), np.inf, np.float32)}, "keypoints"),
        ({"global_descriptors": {"global": np.ones(4)}}, "made for"),
        ({"global_descriptors": {"cls": np.ones(5)}}, "'cls'"),
    ],
)
def test_wrong_features_are_refused_and_leave_no_file(tmp_path, change, message):
    features = random_features(np.random.default_rng(0), 3, cls=np.ones(4, np.float32))
    with pytest.raises(DataError, match=f"image 'bild ä0'.*{message}"):
        write(tmp_path / "x.h5", [LocalFeatures(**{**vars(features), **change})], global_dims={"cls": 4})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("names, message", [(["a"], "more images"), (["a", "b", "c"], "2 of 3 images.*'c'")])
def test_as_many_images_as_names(tmp_path, names, message):
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match=message):
        write(tmp_path / "x.h5", [random_features(rng, 2), random_features(rng, 2)], names)


def test_foreign_files_are_named(tmp_path):
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["features"] = np.zeros((3, 4))
    with pytest.raises(DataError, match=r"x\.hdf5: 'features' has the type float64"):
        open_features(tmp_path / "x.hdf5")
    (tmp_path / "y.hdf5").write_bytes(b"no")
    with pytest.raises(DataError, match=r"y\.hdf5: not a whole HDF5 file"):
        open_features(tmp_path / "y.hdf5")

"""Keypoints of every extractor are pixels of the file: where a blob is, a keypoint is, whatever the crop and scale."""

import h5py
import numpy as np
import pytest
from PIL import Image
from reference.weights import fill_weights

from reprise.datasets.images import ImageList
from reprise.extractors.chunks import extract_images
from reprise.extractors.registry import load_extractor
from reprise.geometry.conventions import from_fractions, from_strides
from reprise.networks.how import HOW
from reprise.storage.errors import DataError

BLOB = (183.0, 117.0)
SIZE = (320, 240)
DENSE = ("how", "dinov2", "cvnet")
STRIDES = {"how": 16, "dinov2": 14, "cvnet": 16}


@pytest.fixture(scope="module")
def networks(checkpoints, tmp_path_factory):
    path = tmp_path_factory.mktemp("how") / "how.pth"
    fill_weights(HOW("resnet18", 1, dim=8, smoothing=None)).save_checkpoint(path)
    return {"how": path, "dinov2": checkpoints / "dinov2.pth", "cvnet": checkpoints / "cvnet.pth"}


@pytest.fixture
def load(networks):
    def load(name, **settings):
        if name != "rootsift":
            settings = {"checkpoint": networks[name], "num_features": 10000, **settings}
        return load_extractor(name, **{"image_size": None, **settings})

    return load


def picture(blob=BLOB, radius=5.0):
    """A grey image (H, W, 3) with one coloured blob, None for none, centred at ``blob``."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    if blob is not None:
        y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
        height = np.exp(-((x - blob[0]) ** 2 + (y - blob[1]) ** 2) / (2 * radius**2))
        pixels = (pixels + height[..., None] * [150, 60, -80]).astype(np.uint8)
    return pixels


def sorted_rows(features):
    """The keypoints (n, 2), descriptors and scales, in an order that does not depend on the scores."""
    keypoints = getattr(features, "keypoints", None)
    keypoints = features.keypoints if keypoints is None else keypoints
    order = np.lexsort([*keypoints.T, features.scales])
    return keypoints[order], features.descriptors[order], features.scales[order]


def where_it_changes(extractor, box=None):
    """For each scale, the keypoint whose descriptor differs most between the picture and one without the blob."""
    keypoints, there, scales = sorted_rows(extractor.extract(picture(), box))
    same, without, _ = sorted_rows(extractor.extract(picture(None), box))
    np.testing.assert_array_equal(keypoints, same)
    changes = np.linalg.norm(there - without, axis=1)
    return {scale: keypoints[scales == scale][changes[scales == scale].argmax()] for scale in np.unique(scales)}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("box", [None, (40, 30, 300, 200), (101.7, 61.2, 250.9, 199)])
@pytest.mark.parametrize(("image_size", "scales"), [(None, [1.0]), (None, [0.7, 1.5]), (240, [1.0, 1.4])])
def test_a_blob_has_a_keypoint(load, name, box, image_size, scales):
    extractor = load(name, image_size=image_size, scales=scales)
    shrunk = 1 if image_size is None else image_size / max(SIZE)
    found = where_it_changes(extractor, box)
    assert len(found) == len(scales)
    for scale, keypoint in found.items():
        # Half a cell, since cells are discrete, and up to one more for a ResNet, whose receptive fields are centred at
        # the first pixel of their stride.
        cells = 0.6 if name == "dinov2" else 1.5
        assert np.abs(keypoint - BLOB).max() <= cells * STRIDES[name] / (scale * shrunk), (name, scale)


@pytest.mark.parametrize("box", [None, (40, 30, 300, 200)])
@pytest.mark.parametrize("image_size", [None, 240])
def test_a_blob_has_a_keypoint_of_sift(load, box, image_size):
    features = load("rootsift", image_size=image_size).extract(picture(), box)
    assert np.linalg.norm(features.keypoints - BLOB, axis=1).min() < 0.3


@pytest.mark.parametrize("name", DENSE)
def test_keypoints_are_centres_of_cells(load, name):
    side = STRIDES[name]
    box = (16, 20, 16 + 4 * side, 20 + 3 * side)
    keypoints, *_ = sorted_rows(load(name, scales=[1.0]).extract(picture(), box))
    y, x = np.mgrid[:3, :4]
    np.testing.assert_array_equal(keypoints[:, 0], 16 + side * (x.ravel() + 0.5))
    np.testing.assert_array_equal(keypoints[:, 1], 20 + side * (y.ravel() + 0.5))


@pytest.mark.parametrize("name", [*DENSE, "rootsift"])
def test_all_keypoints_are_float32_and_in_the_file(load, name, blurred):
    extractor = load(name, image_size=64)
    for path, box, size in zip(blurred.paths, blurred.boxes, [(150, 100), (90, 70), (42, 130)], strict=True):
        keypoints, *_ = sorted_rows(extractor.extract(path, box))
        assert keypoints.dtype == np.float32
        low, high = (0, 0) if box is None else box[:2], size if box is None else box[2:]
        # A cell of the last column may be covered in part only, so that its centre lies outside.
        assert (keypoints >= low).all() and (keypoints <= np.array(high) + 32).all()
        whole, *_ = sorted_rows(extractor.extract(np.asarray(Image.open(path)), box))
        np.testing.assert_allclose(whole, keypoints, atol=1e-3)


@pytest.mark.parametrize("name", DENSE)
def test_a_box_that_filters_takes_the_strongest_inside(load, name):
    box = (40.5, 30.2, 180.1, 200)
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    scales = [1.0, 1.5]
    every = load(name, scales=scales).extract(pixels)
    few = load(name, scales=scales, num_features=25, box="filter").extract(pixels, box)
    keypoints = every.keypoints
    x, y = keypoints.T
    inside = np.flatnonzero((x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3]))[:25]
    np.testing.assert_array_equal(few.keypoints, keypoints[inside])
    np.testing.assert_array_equal(few.descriptors, every.descriptors[inside])
    whole = load(name, scales=scales, num_features=25, box="filter").extract(pixels)
    np.testing.assert_array_equal(whole.descriptors, every.descriptors[:25])


def test_a_box_that_filters_keypoints_of_sift(photos):
    path = photos / "jpg" / "sacrecoeur_04.jpg"
    box = (100, 120, 420.5, 400)
    every = load_extractor("rootsift", num_features=None).extract(path)
    few = load_extractor("rootsift", num_features=60, box="filter").extract(path, box)
    x, y = every.keypoints.T
    inside = np.flatnonzero((x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3]))
    assert len(few) == 60 < len(inside)
    strongest = np.sort(inside[np.argsort(-every.scores[inside], kind="stable")[:60]])
    np.testing.assert_array_equal(few.keypoints, every.keypoints[strongest])
    np.testing.assert_array_equal(few.descriptors, every.descriptors[strongest])


@pytest.mark.parametrize("name", ["dinov2", "cvnet"])
@pytest.mark.parametrize("box", [None, (31, 12, 311.3, 207)])
@pytest.mark.parametrize("image_size", [None, 200])
def test_published_positions_and_back(load, name, box, image_size):
    scales = [0.7071, 1.0, 1.4142]
    extractor = load(name, image_size=image_size, scales=scales)
    features = extractor.extract(picture(), box)
    published = extractor.published(features)
    np.testing.assert_array_equal(published.scales, np.searchsorted(np.float32(scales), features.scales))
    x1, y1, x2, y2 = (0, 0, *SIZE) if box is None else map(int, box)
    if name == "dinov2":
        assert published.keypoints.min() > 0 and published.keypoints.max() < 1
        keypoints = from_fractions(published.keypoints, (x1, y1, x2, y2))
    else:
        base = 1 if image_size is None else image_size / max(SIZE)
        factors = np.array(scales)[published.scales.astype(int)] * base
        cells = published.keypoints * factors[:, None] / 16
        np.testing.assert_allclose(cells, np.round(cells), atol=1e-4)
        keypoints = from_strides(published.keypoints, factors, (x1, y1))
    np.testing.assert_allclose(keypoints, features.keypoints, atol=1e-4 * max(SIZE))


def test_a_box_belongs_to_an_image_that_is_not_prepared(load):
    extractor = load("rootsift")
    loaded = extractor.load(picture(), (1, 1, 50, 50))
    assert loaded.offset == (1, 1)
    with pytest.raises(DataError, match="already prepared"):
        extractor.extract(loaded, (1, 1, 50, 50))


@pytest.mark.parametrize("name", [*DENSE, "rootsift"])
def test_a_box_without_a_keypoint_gives_no_feature(load, name, tmp_path):
    Image.fromarray(picture()).save(tmp_path / "image.png")
    extractor = load(name, box="filter", **({} if name == "rootsift" else {"scales": [1.0], "num_features": 9}))
    box = (1, 1, 3, 3)
    assert len(extractor.extract(tmp_path / "image.png", box)) == 0
    images = ImageList(["image.png"], [tmp_path / "image.png"], [box])
    extract_images(images, extractor, tmp_path / "chunk.h5", attributes={"recipe": "{}"})
    with h5py.File(tmp_path / "chunk.h5") as file:
        empty = file["offsets"][-1] == 0 if "offsets" in file else (file["features"]["metadata"][0, :, 3] == 1).all()
    assert empty

"""The RootSIFT extractor."""

import pickle

import numpy as np
import pytest
from PIL import Image

from reprise.extractors.registry import load_extractor
from reprise.storage.errors import DataError


@pytest.fixture
def image(tmp_path):
    """Bright discs of two sizes; the centre of the large one is at (80, 60)."""
    y, x = np.mgrid[:120, :160] + 0.5
    large = np.exp(-((x - 80) ** 2 + (y - 60) ** 2) / (2 * 8**2))
    small = np.exp(-((x - 30) ** 2 + (y - 30) ** 2) / (2 * 3**2))
    Image.fromarray((200 * large + 120 * small + 20).astype(np.uint8)).save(tmp_path / "image.png")
    return tmp_path / "image.png"


def extract(image, box=None, **settings):
    return load_extractor("rootsift", **settings).extract(image, box)


def test_features_of_the_photographs(photos):
    with (photos / "gnd_photos.pkl").open("rb") as handle:
        images = pickle.load(handle)["imlist"]
    features = [extract(photos / "jpg" / f"{name}.jpg") for name in images]
    assert len(images) == 67
    assert sum(map(len, features)) == 62821
    for one in features:
        np.testing.assert_allclose(np.linalg.norm(one.descriptors, axis=1), 1, atol=1e-5)
        arrays = (one.descriptors, one.scores, one.keypoints, one.scales)
        assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_a_disc_is_found_where_it_is(image):
    features = extract(image)
    distances = np.linalg.norm(features.keypoints - [80, 60], axis=1)
    assert distances.min() < 0.1
    # A blob answers most strongly to the filter of its own standard deviation; the diameter is twice that.
    assert features.scales[distances.argmin()] == pytest.approx(2 * 8, rel=0.2)


def test_crops_and_shrunk_images_give_locations_in_the_file(image):
    whole = extract(image)
    for features in (extract(image, (20, 10, 150, 110)), extract(image, image_size=80)):
        near = np.linalg.norm(features.keypoints[:, None] - [80, 60], axis=2).argmin()
        best = np.linalg.norm(whole.keypoints - [80, 60], axis=1).argmin()
        np.testing.assert_allclose(features.keypoints[near], whole.keypoints[best], atol=0.5)
        assert features.scales[near] == pytest.approx(whole.scales[best], rel=0.1)


def test_the_strongest_are_kept(photos):
    path = photos / "jpg" / "sacrecoeur_04.jpg"
    few, many = extract(path, num_features=50), extract(path, num_features=None)
    assert len(few) == 50 < 1000 < len(many)
    # OpenCV keeps the strongest, but does not sort them.
    np.testing.assert_array_equal(np.sort(few.scores), np.sort(many.scores)[-50:])


@pytest.mark.parametrize("size", [(64, 48), (1, 1), (2, 300)])
def test_an_image_without_features(size, tmp_path):
    Image.new("RGB", size, (9, 9, 9)).save(tmp_path / "blank.png")
    features = extract(tmp_path / "blank.png")
    shapes = [getattr(features, field).shape for field in ("descriptors", "scores", "keypoints", "scales")]
    assert shapes == [(0, 128), (0,), (0, 2), (0,)]
    assert features.descriptors.dtype == np.float32


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"checkpoint": "x"}, "extractor rootsift: unknown key 'checkpoint'"),
        ({"num_features": -1}, "extractor rootsift.num_features: -1 should be greater"),
        ({"image_size": True}, "extractor rootsift.image_size: True should be a valid integer"),
    ],
)
def test_unfit_settings(settings, message):
    with pytest.raises(DataError, match=message):
        load_extractor("rootsift", **settings)

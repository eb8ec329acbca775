"""Features by a detector and a descriptor."""

import numpy as np
import pytest
from hesaff_data import load
from PIL import Image

from reprise.datasets.images import ImageList
from reprise.descriptors import load_descriptor
from reprise.detectors import load_detector
from reprise.extractors.chunks import extract_images
from reprise.extractors.registry import load_extractor
from reprise.formats.feature_merging import merge_features
from reprise.formats.features import open_features
from reprise.storage.errors import DataError

BOX = (60, 50, 330, 250)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("detected") / "image.png"
    Image.fromarray(load("hesaff", 0).pixels).save(path)
    return path


def extract(image, query_box=None, **settings):
    return load_extractor("detected", **settings).extract(image, query_box)


def test_the_features_are_those_of_the_detector_and_the_descriptor(image):
    features, pixels = extract(image), load("hesaff", 0).pixels
    keypoints = load_detector("hessian_affine").detect(pixels)
    for key in ("keypoints", "scores", "scales", "affine"):
        np.testing.assert_array_equal(getattr(features, key), getattr(keypoints, key))
    np.testing.assert_array_equal(features.descriptors, load_descriptor("rootsift").describe(pixels, keypoints))


def test_the_strongest_are_kept_in_the_order_of_the_detector(image):
    every, few = extract(image), extract(image, num_features=30)
    strongest = np.sort(np.argsort(-every.scores, kind="stable")[:30])
    for key in ("descriptors", "keypoints", "scores", "scales", "affine"):
        np.testing.assert_array_equal(getattr(few, key), getattr(every, key)[strongest])


def test_a_box_takes_the_keypoints_inside(image):
    every, inside = extract(image), extract(image, BOX, num_features=20)
    x, y = every.keypoints.T
    rows = np.flatnonzero((x >= BOX[0]) & (x <= BOX[2]) & (y >= BOX[1]) & (y <= BOX[3]))
    strongest = np.sort(rows[np.argsort(-every.scores[rows], kind="stable")[:20]])
    np.testing.assert_array_equal(inside.affine, every.affine[strongest])
    np.testing.assert_array_equal(inside.descriptors, every.descriptors[strongest])


def test_crops_and_shrunk_images_give_keypoints_in_pixels_of_the_file(image, tmp_path):
    whole, crop = extract(image), extract(image, BOX, box="crop")
    near = np.linalg.norm(whole.keypoints[:, None] - crop.keypoints, axis=2)
    inside = near.min(axis=0) < 0.01
    assert inside.mean() > 0.8
    np.testing.assert_allclose(crop.scales[inside], whole.scales[near.argmin(axis=0)[inside]], rtol=0.01)
    large = Image.open(image).resize((1200, 900), Image.Resampling.BICUBIC)
    large.save(tmp_path / "large.png")
    shrunk = extract(tmp_path / "large.png", image_size=400)
    distances = np.linalg.norm(whole.keypoints[:, None] * 3 - shrunk.keypoints, axis=2)
    nearest, found = distances.argmin(axis=0), distances.min(axis=0) < 1
    assert found.mean() > 0.8
    ratios = shrunk.scales[found] / whole.scales[nearest[found]]
    assert np.median(ratios) == pytest.approx(3, rel=0.02)
    np.testing.assert_allclose(np.linalg.det(shrunk.affine), shrunk.scales**2, rtol=1e-4)


def test_affine_shapes_are_stored_and_merged(image, tmp_path):
    Image.new("RGB", (80, 60), (9, 9, 9)).save(tmp_path / "blank.png")
    Image.new("L", (1, 1)).save(tmp_path / "pixel.png")
    (tmp_path / "text.png").write_text("no image")
    paths = [image, tmp_path / "blank.png", tmp_path / "pixel.png", tmp_path / "text.png", image]
    names = ["a", "blank", "pixel", "text", "b"]
    chunks = [tmp_path / f"database.{number}-of-2.h5" for number in (1, 2)]
    for number, (chunk, rows) in enumerate(zip(chunks, (slice(3), slice(3, 5)), strict=True)):
        extractor = load_extractor("detected", num_features=40 + number)
        attributes = {"recipe": "{}", "first_image": 3 * number}
        extract_images(ImageList(names[rows], paths[rows]), extractor, chunk, attributes=attributes, undecodable="skip")
    merge_features(chunks, tmp_path / "database.h5", {"recipe": "{}"})
    with open_features(tmp_path / "database.h5") as features:
        assert features.has_affine and features.names == names and features.skipped == ["text"]
        np.testing.assert_array_equal(np.diff(features.offsets), [40, 0, 0, 0, 41])
        expected = extract(image, num_features=40)
        np.testing.assert_array_equal(features.affine(0, 1), expected.affine)
        np.testing.assert_array_equal(features.scales(0, 1), expected.scales)
        block = features.block(4, 5)
        np.testing.assert_array_equal(block.affine, extract(image, num_features=41).affine)
    text = ImageList(["text"], [tmp_path / "text.png"])
    with pytest.raises(DataError, match=r"text\.png: cannot be read as an image"):
        extract_images(text, load_extractor("detected"), tmp_path / "chunk.h5", attributes={"recipe": "{}"})


def test_any_detector_goes_with_any_descriptor(image):
    features = extract(image, detector={"type": "sift", "upright": True}, descriptor={"type": "sift"}, num_features=50)
    assert features.descriptors.shape == (50, 128) and features.descriptors.max() > 1
    assert load_extractor("detected").dim == 128


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"detector": {"type": "hesian_affine"}}, r"detected\.detector\.type: unknown name .* mean 'hessian_affine'"),
        ({"detector": {"type": "sift", "uprigth": True}}, r"detected\.detector: unknown key 'uprigth'; .*'upright'"),
        ({"detector": {"type": "hessian_affine", "threshold": -1.0}}, r"detected\.detector\.threshold: -1\.0 should"),
        ({"detector": {"type": "hessian_affine", "window": 4}}, r"detected\.detector\.window: 4 is not odd"),
        ({"detector": {"threshold": 3.0}}, r"detected\.detector: key 'type' is missing"),
        ({"descriptor": "sift"}, r"detected\.descriptor: expected a mapping"),
        ({"descriptor": {"type": "sift", "patch_size": 0}}, r"detected\.descriptor\.patch_size: 0 should"),
        ({"num_features": 0}, r"detected\.num_features: 0 should"),
    ],
)
def test_unfit_settings(settings, message):
    with pytest.raises(DataError, match=f"extractor {message}"):
        load_extractor("detected", **settings)


def test_settings_are_complete_when_they_are_written_down():
    settings = load_extractor("detected").Settings.read({"type": "detected", "detector": {"type": "sift"}}, "here")
    written = settings.model_dump(mode="json")
    assert written["detector"] == {"type": "sift", "upright": False}
    assert written["descriptor"]["type"] == "rootsift" and written["descriptor"]["patch_size"] == 41
    assert settings.gives() >= {"affine", "descriptors", "keypoints"}


def test_an_error_of_a_part_names_the_image(image, tmp_path, monkeypatch):
    def fail(self, pixels):
        raise DataError("no keypoints today")

    monkeypatch.setattr("reprise.detectors.sift.Detector.find", fail)
    extractor = load_extractor("detected", detector={"type": "sift"})
    with pytest.raises(DataError, match="no keypoints today .image 1 of its list, 'a'."):
        extract_images(ImageList(["a"], [image]), extractor, tmp_path / "chunk.h5", attributes={"recipe": "{}"})
    assert not (tmp_path / "chunk.h5").exists()


@pytest.mark.parametrize("detector", ["hessian_affine", "sift"])
def test_images_of_any_size_are_described(detector):
    extractor, random = load_extractor("detected", detector={"type": detector}), np.random.default_rng(5)
    for side in (1, 2, 5, 9, 13, 20, 33):
        pixels = random.integers(0, 256, (side, 2 * side, 3), np.uint8)
        features = extractor.extract(pixels)
        assert np.isfinite(features.descriptors).all() and len(features.affine) == len(features)

"""What all detectors have in common."""

import importlib

import numpy as np
import pytest
from PIL import Image

from reprise.detectors import load_detector
from reprise.detectors.base import DetectorSettings
from reprise.detectors.registry import DETECTORS
from reprise.storage.errors import DataError

NAMES = DETECTORS.names()
WITHOUT_NETWORK = [name for name in NAMES if not DETECTORS.settings_of(name, name).checkpoints]


@pytest.fixture
def picture(tmp_path):
    """A file with a Gaussian blob of standard deviation 6, whose centre is at (83, 61)."""
    y, x = np.mgrid[:120, :160] + 0.5
    grey = 40 + 180 * np.exp(-((x - 83) ** 2 + (y - 61) ** 2) / (2 * 6**2))
    Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_what_exists_is_found_by_looking():
    assert set(NAMES) == {"hessian_affine", "hessian_affnet", "sift", "superpoint"}


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_described(name):
    settings = DETECTORS.settings_of(name, name)
    assert issubclass(settings, DetectorSettings)
    assert importlib.import_module(f"reprise.detectors.{name}").Detector.Settings is settings
    assert all(field.description for field in settings.model_fields.values())


@pytest.mark.parametrize("name", WITHOUT_NETWORK)
def test_a_blob_is_found_where_it_is_in_any_form_of_the_image(name, picture):
    pixels = np.asarray(Image.open(picture))
    for image in (picture, str(picture), pixels, pixels[..., None].repeat(3, axis=2)):
        keypoints = load_detector(name).detect(image)
        nearest = np.linalg.norm(keypoints.keypoints - [83, 61], axis=1).argmin()
        np.testing.assert_allclose(keypoints.keypoints[nearest], [83, 61], atol=0.1)
        assert keypoints.scales[nearest] == pytest.approx(6, rel=0.15)
        np.testing.assert_allclose(np.linalg.det(keypoints.affine), keypoints.scales**2, rtol=1e-4)


@pytest.mark.parametrize("name", WITHOUT_NETWORK)
def test_what_is_no_image(name, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(DataError, match=r"text\.jpg: cannot be read as an image"):
        load_detector(name).detect(tmp_path / "text.jpg")
    for pixels in (np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9)), np.zeros((0, 9, 3), np.uint8)):
        with pytest.raises(DataError, match="is no image; give"):
            load_detector(name).detect(pixels)


@pytest.mark.parametrize("name", WITHOUT_NETWORK)
def test_a_file_with_transparency_is_read_without_it(name, picture, tmp_path):
    Image.open(picture).convert("RGBA").save(tmp_path / "rgba.png")
    expected, found = (load_detector(name).detect(file) for file in (picture, tmp_path / "rgba.png"))
    np.testing.assert_array_equal(found.affine, expected.affine)


def test_upright_keypoints_of_sift_are_found_once(picture):
    turned, upright = (load_detector("sift", upright=value).detect(picture) for value in (False, True))
    assert len(upright) <= len(turned)
    np.testing.assert_allclose(upright.affine, upright.scales[:, None, None] * np.eye(2), rtol=1e-5)
    assert len(np.unique(np.column_stack([upright.keypoints, upright.scales]), axis=0)) == len(upright)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"treshold": 5.0}, "unknown key 'treshold'; did you mean 'threshold'"),
        ({"threshold": 0.0}, r"threshold: 0\.0 should be greater than 0"),
        ({"window": 18}, "window: 18 is not odd"),
        ({"window": 999}, "window: 999 is not odd, or not from 3 to"),
        ({"border": 0}, "border: 0 should be greater"),
    ],
)
def test_unfit_settings(settings, message):
    with pytest.raises(DataError, match=f"detector hessian_affine.*{message}"):
        load_detector("hessian_affine", **settings)


def test_an_unknown_name():
    with pytest.raises(DataError, match="'hesian_affine'; did you mean 'hessian_affine'"):
        load_detector("hesian_affine")


def test_a_plugin_is_loaded_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "my_detector.py").write_text(
        "from reprise.detectors.sift import Detector\n\nclass Mine(Detector):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert type(load_detector("my_detector:Mine", upright=True)).__name__ == "Mine"

"""Descriptors of keypoints, and SIFT of patches."""

import importlib

import numpy as np
import pytest
from hesaff_data import CASES, golden_places, load, match, places
from PIL import Image
from reference import hessian_affine as reference

from reprise.descriptors import load_descriptor
from reprise.descriptors.base import DescriptorSettings, KeypointDescriptor
from reprise.descriptors.registry import DESCRIPTORS
from reprise.detectors import Keypoints, load_detector
from reprise.storage.errors import DataError

NAMES = DESCRIPTORS.names()
WITHOUT_NETWORK = [name for name in NAMES if not DESCRIPTORS.settings_of(name, name).checkpoints]


def some(*rows):
    """Upright keypoints (x, y, scale)."""
    rows = np.array(rows, np.float32).reshape(-1, 3)
    scales = rows[:, 2]
    return Keypoints(rows[:, :2], np.ones_like(scales), scales, scales[:, None, None] * np.eye(2, dtype=np.float32))


@pytest.mark.parametrize("case", CASES)
def test_sift_of_the_published_regions(case):
    golden = load(*case)
    keypoints = load_detector("hessian_affine").detect(golden.pixels)
    vectors = load_descriptor("sift").describe(golden.pixels, keypoints)
    differences = np.abs(vectors[match(places(keypoints), golden_places(golden))] - golden.sift).max(axis=1)
    assert (differences <= 1).mean() >= 0.98
    assert (differences == 0).mean() > 0.8


def test_sift_as_written_plainly():
    patches = np.random.default_rng(0).uniform(0, 255, (3, 41, 41)).astype(np.float32)
    patches[1] = np.linspace(90, 91, 41)  # weak contrast is raised
    found = load_descriptor("sift").of_patches(patches)
    np.testing.assert_allclose(found, [reference.sift(patch) for patch in patches], atol=1)


def test_rootsift_is_the_root_of_sift():
    golden = load("hesaff", 0)
    keypoints = load_detector("hessian_affine").detect(golden.pixels)
    sift, root = (load_descriptor(name).describe(golden.pixels, keypoints) for name in ("sift", "rootsift"))
    assert sift.dtype == root.dtype == np.float32
    assert (sift == sift.round()).all() and sift.min() >= 0 and sift.max() <= 255
    np.testing.assert_allclose(root**2, sift / sift.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(root, axis=1), 1, atol=1e-5)


def test_sift_does_not_see_brightness_and_contrast():
    patches = np.random.default_rng(1).uniform(60, 160, (5, 41, 41)).astype(np.float32)
    sift = load_descriptor("sift")
    np.testing.assert_allclose(sift.of_patches(0.5 * patches + 90), sift.of_patches(patches), atol=1)


@pytest.mark.parametrize("name", WITHOUT_NETWORK)
def test_a_patch_without_contrast_is_zero(name):
    vectors = load_descriptor(name).describe(np.full((50, 60, 3), 200, np.uint8), some((30, 25, 2), (9, 9, 4)))
    np.testing.assert_array_equal(vectors, np.zeros((2, 128)))


@pytest.mark.parametrize("name", WITHOUT_NETWORK)
def test_keypoints_of_any_number_and_detector(name):
    pixels = load("hesaff", 1).pixels
    descriptor = load_descriptor(name)
    assert isinstance(descriptor, KeypointDescriptor)
    assert descriptor.describe(pixels, some()).shape == (0, descriptor.dim)
    keypoints = load_detector("sift").detect(pixels)
    assert len(keypoints) > 100
    every = descriptor.describe(pixels, keypoints)
    few = np.array([5, 0, 77])
    np.testing.assert_array_equal(descriptor.describe(pixels, keypoints.select(few)), every[few])
    many = keypoints.select(np.arange(2500) % len(keypoints))  # more than a block
    np.testing.assert_array_equal(descriptor.describe(pixels, many), every[np.arange(2500) % len(keypoints)])


def test_the_measurement_region_is_a_setting():
    pixels = load("hesaff", 1).pixels
    small, double = some((150, 150, 2)), some((150, 150, 4))
    np.testing.assert_array_equal(
        load_descriptor("sift", measurement_region=10.0).describe(pixels, small),
        load_descriptor("sift", measurement_region=5.0).describe(pixels, double),
    )


def test_errors_name_the_file(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "small.png")
    with pytest.raises(DataError, match=r"small\.png: keypoint 1: its region of .* far larger than the image"):
        load_descriptor("sift").describe(tmp_path / "small.png", some((9, 9, 1), (10, 10, 1000)))
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(DataError, match=r"text\.png: cannot be read as an image"):
        load_descriptor("sift").describe(tmp_path / "text.png", some((9, 9, 1)))


def test_what_exists_is_found_by_looking():
    assert {"rootsift", "sift"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_described(name):
    settings = DESCRIPTORS.settings_of(name, name)
    assert issubclass(settings, DescriptorSettings)
    assert importlib.import_module(f"reprise.descriptors.{name}").Descriptor.Settings is settings
    assert all(field.description for field in settings.model_fields.values())


def test_unfit_names_and_settings():
    with pytest.raises(DataError, match="'rotsift'; did you mean 'rootsift'"):
        load_descriptor("rotsift")
    with pytest.raises(DataError, match=r"descriptor sift\.patch_size: 1 should be greater"):
        load_descriptor("sift", patch_size=1)


def test_a_plugin_declares_a_patch_size_and_describes_patches(tmp_path, monkeypatch):
    (tmp_path / "my_descriptor.py").write_text(
        "from reprise.descriptors.on_patches import PatchDescriptor\n\n"
        "class Means(PatchDescriptor):\n"
        "    dim, patch_size = 16, 32\n\n"
        "    def of_patches(self, patches):\n"
        "        return patches.reshape(-1, 4, 8, 4, 8).mean(axis=(2, 4)).reshape(-1, 16)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    pixels = np.zeros((80, 80), np.uint8)
    pixels[:, 40:] = 100
    (vector,) = load_descriptor("my_descriptor:Means").describe(pixels, some((40, 40, 3)))
    np.testing.assert_allclose(vector.reshape(4, 4)[:, [0, 3]], [[0, 100]] * 4, atol=1)

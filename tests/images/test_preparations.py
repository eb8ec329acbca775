"""Preparations by name, what they share, and pixels that are given in memory."""

import numpy as np
import pytest
from PIL import Image

from reprise.images.boxes import inside
from reprise.images.decoding import decode, decode_bgr
from reprise.images.preparations import load_preparation
from reprise.storage.errors import DataError

NAMES = ("how", "rootsift", "ames")


@pytest.fixture
def path(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    return tmp_path / "image.png"


def prepare(name, *args, **options):
    prepared = load_preparation(name)(*args, **options)
    return prepared[0] if isinstance(prepared, list) else prepared


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_prepared_as_files_are(name, path):
    pixels = np.asarray(Image.open(path))
    for options in ({}, {"image_size": 40}, {"box": (5.5, 7.9, 61.2, 50)}, {"box": (1, 1, 9, 9), "box_use": "filter"}):
        file, array = prepare(name, path, **options), prepare(name, pixels, **options)
        np.testing.assert_array_equal(file.pixels, array.pixels)
        assert (file.offset, file.pixel_size, file.box) == (array.offset, array.pixel_size, array.box)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image_size", [None, 40])
def test_a_box_that_filters_leaves_the_image_whole(name, path, image_size):
    box = (10.4, 20, 30, 45.5)
    whole, filtered = prepare(name, path, None, image_size), prepare(name, path, box, image_size, box_use="filter")
    np.testing.assert_array_equal(whole.pixels, filtered.pixels)
    assert (whole.box, filtered.box, filtered.offset) == (None, box, (0, 0))
    points = np.array([[10.4, 20], [30, 45.5], [10.3, 30], [20, 45.6], [20, 30]])
    assert filtered.counts(points).tolist() == [True, True, False, False, True]
    assert whole.counts(points).all()
    assert prepare(name, path, box, image_size).box is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("box_use", ["crop", "filter"])
@pytest.mark.parametrize("box", [(80, 0, 90, 9), (5, 9, 4, 20), (0, 0, 1), (0, float("nan"), 3, 3)])
def test_a_box_has_to_hold_a_pixel(name, path, box_use, box):
    with pytest.raises(DataError, match=r"image\.png: the box .* correct the ground truth"):
        prepare(name, path, box, box_use=box_use)


@pytest.mark.parametrize("name", NAMES)
def test_where_a_place_of_the_file_is_found(name):
    """A bright square of a file is found again through its preparation, in the box and at half the size."""
    pixels = np.zeros((80, 120, 3), np.uint8)
    pixels[50:56, 70:76] = 255
    for box, image_size in ((None, None), ((20, 10, 90, 70), None), ((20, 10, 90, 70), 60), (None, 60)):
        prepared = prepare(name, pixels, box, image_size)
        bright = prepared.pixels.reshape(*prepared.pixels.shape[:2], -1).astype(float).sum(axis=2)
        y, x = np.mgrid[: bright.shape[0], : bright.shape[1]] + 0.5
        centre = np.array([[(bright * x).sum(), (bright * y).sum()]]) / bright.sum()
        found = prepared.to_original(centre)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, [[73, 53]], atol=0.1)


def test_grey_arrays_have_all_channels():
    grey = np.random.default_rng(0).integers(0, 256, (4, 6), np.uint8)
    assert np.asarray(decode(grey)).shape == (4, 6, 3)
    np.testing.assert_array_equal(decode_bgr(grey), np.repeat(grey[:, :, None], 3, axis=2))
    np.testing.assert_array_equal(np.asarray(decode(grey, "L")), grey)


@pytest.mark.parametrize("array", [np.zeros((4, 5, 3)), np.zeros((4, 5, 4), np.uint8), np.zeros((0, 5, 3), np.uint8)])
def test_arrays_that_are_no_images(array):
    for decoder in (decode, decode_bgr):
        with pytest.raises(DataError, match="image array .* is no image; give"):
            decoder(array)


def test_edges_of_a_box_belong_to_it():
    points = np.array([[1, 2], [3, 4], [0.99, 3], [2, 4.01]], np.float32)
    assert inside(points, (1, 2, 3, 4)).tolist() == [True, True, False, False]


def test_an_unknown_preparation():
    with pytest.raises(DataError, match="'howl'; did you mean 'how'"):
        load_preparation("howl")

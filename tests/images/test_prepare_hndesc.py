"""The two preparations of HNDesc: pixels, places, and images that EXIF says are to be rotated."""

import cv2
import numpy as np
import pytest
from PIL import Image

from reprise.images.preparations import load_preparation
from reprise.images.prepare_hndesc_descriptor import prepare as prepare_descriptor
from reprise.images.prepare_hndesc_detector import prepare as prepare_detector
from reprise.storage.errors import DataError

NAMES = ("hndesc_detector", "hndesc_descriptor")


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A JPEG of 121 x 77 pixels."""
    random = np.random.default_rng(0).normal(size=(9, 14, 3))
    smooth = cv2.resize(random, (121, 77), interpolation=cv2.INTER_CUBIC)
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.fromarray((np.clip(smooth, -2, 2) * 60 + 128).astype(np.uint8)).save(path, quality=90)
    return path


@pytest.fixture
def rotated(photo, tmp_path):
    """Two files of the same pixels, of which one is to be turned by 90 degrees."""
    image = Image.fromarray(np.asarray(Image.open(photo)))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "upright.jpg")
    image.save(tmp_path / "rotated.jpg", exif=exif)
    return tmp_path / "rotated.jpg"


@pytest.mark.parametrize("size", [None, 64, 121, 500])
def test_detectors_see_opencvs_luma_without_smoothing(photo, size):
    expected = cv2.imread(str(photo), cv2.IMREAD_GRAYSCALE)
    if size == 64:
        expected = cv2.resize(expected, (64, round(77 * 64 / 121)), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(prepare_detector(photo, None, size).pixels, expected)


@pytest.mark.parametrize("size", [None, 64, 121, 500])
def test_descriptors_see_pillows_bicubic_colours(photo, size):
    expected = Image.open(photo).convert("RGB")
    expected = expected.resize((64, round(77 * 64 / 121))) if size == 64 else expected
    np.testing.assert_array_equal(prepare_descriptor(photo, None, size).pixels, np.asarray(expected))


def test_a_crop_is_shrunk_by_its_own_longer_side(photo):
    box = (10.5, 3.2, 90.5, 60.6)
    cropped = Image.open(photo).convert("RGB").crop((10, 3, 90, 61))
    for size, expected in ((None, (80, 58)), (40, (40, 29)), (100, (80, 58))):
        colour, grey = prepare_descriptor(photo, box, size), prepare_detector(photo, box, size)
        np.testing.assert_array_equal(colour.pixels, np.asarray(cropped.resize(expected)))
        assert colour.pixels.shape[:2] == grey.pixels.shape == expected[::-1]
        assert (colour.offset, colour.pixel_size) == (grey.offset, grey.pixel_size)
        assert colour.offset == (10, 3)
        assert colour.pixel_size == (80 / expected[0], 58 / expected[1])


@pytest.mark.parametrize(("original", "new", "places"), [((1600, 1200), (1024, 768), [[0, 0], [10, 20]])])
def test_published_places(original, new, places):
    prepared = prepare_detector(np.zeros(original[::-1], np.uint8), None, new[0])
    assert prepared.pixels.shape == new[::-1]
    expected = [[0.28125, 0.28125], [15.90625, 31.53125]]
    np.testing.assert_allclose(prepared.to_original(np.array(places) + 0.5) - 0.5, expected, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, {"image_size": 60}, {"forced_size": (64, 48)}])
@pytest.mark.parametrize("box", [None, (20, 10, 90, 70)])
def test_where_a_place_of_the_file_is_found(name, options, box):
    pixels = np.zeros((80, 120, 3), np.uint8)
    pixels[48:60, 66:78] = 255
    prepared = load_preparation(name)(pixels, box, **options)
    bright = prepared.pixels.reshape(*prepared.pixels.shape[:2], -1).astype(float).sum(axis=2)
    y, x = np.mgrid[: bright.shape[0], : bright.shape[1]] + 0.5
    centre = np.array([[(bright * x).sum(), (bright * y).sum()]]) / bright.sum()
    np.testing.assert_allclose(prepared.to_original(centre), [[72, 54]], atol=0.3)


def test_forced_sizes_change_the_shape(photo):
    for prepare in (prepare_detector, prepare_descriptor):
        prepared = prepare(photo, forced_size=(64, 48))
        assert prepared.pixels.shape[:2] == (48, 64)
        assert prepared.pixel_size == (121 / 64, 77 / 48)


def test_padding_repeats_the_last_row_and_column(photo):
    plain, padded = prepare_descriptor(photo), prepare_descriptor(photo, pad_to_16=True)
    assert padded.pixels.shape == (80, 128, 3)
    np.testing.assert_array_equal(padded.pixels[:77, :121], plain.pixels)
    assert (padded.pixels[77:] == padded.pixels[76]).all()
    assert (padded.pixels[:, 121:] == padded.pixels[:, 120:121]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_box_that_filters_leaves_the_image_whole(name, photo):
    prepare = load_preparation(name)
    filtered = prepare(photo, (10, 20, 30, 40), 60, box_use="filter")
    np.testing.assert_array_equal(filtered.pixels, prepare(photo, None, 60).pixels)
    assert filtered.counts(np.array([[20.0, 30], [5, 30]])).tolist() == [True, False]


@pytest.mark.parametrize("name", NAMES)
def test_rotated_files_are_refused_unless_both_agree(name, rotated):
    prepare = load_preparation(name)
    with pytest.raises(DataError, match=r"rotated\.jpg: EXIF says that it is to be rotated"):
        prepare(rotated)
    stored, upright = (prepare(rotated, orientation=value) for value in ("ignore", "apply"))
    np.testing.assert_array_equal(stored.pixels, prepare(rotated.with_name("upright.jpg")).pixels)
    np.testing.assert_array_equal(upright.pixels, np.rot90(stored.pixels, -1))


@pytest.mark.parametrize("name", NAMES)
def test_rotated_grey_of_16_bits(name, tmp_path):
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 65536, (8, 12), dtype=np.uint16))
    exif = grey.getexif()
    exif[0x0112] = 6
    grey.save(tmp_path / "deep.png", exif=exif)
    with pytest.raises(DataError, match="EXIF says that it is to be rotated"):
        load_preparation(name)(tmp_path / "deep.png")
    prepare = load_preparation(name)
    stored, upright = (prepare(tmp_path / "deep.png", orientation=value).pixels for value in ("ignore", "apply"))
    assert stored.shape[:2] == (8, 12)
    np.testing.assert_array_equal(upright, np.rot90(stored, -1))


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_prepared_as_files_are(name, photo, tmp_path):
    Image.open(photo).save(tmp_path / "image.png")
    pixels = np.asarray(Image.open(photo))
    for options in ({}, {"image_size": 40}, {"box": (5.5, 7.9, 61.2, 50)}):
        file, array = (load_preparation(name)(image, **options) for image in (tmp_path / "image.png", pixels))
        # Grey of colours is rounded in another way by OpenCV's readers.
        np.testing.assert_allclose(
            file.pixels.astype(int), array.pixels.astype(int), atol=2 if "detector" in name else 0
        )
        assert (file.offset, file.pixel_size, file.box) == (array.offset, array.pixel_size, array.box)


@pytest.mark.parametrize("name", NAMES)
def test_unfit_images(name, tmp_path, photo):
    (tmp_path / "text.jpg").write_text("no image")
    prepare = load_preparation(name)
    for options in ({}, {"orientation": "ignore"}):
        with pytest.raises(DataError, match=r"text\.jpg: cannot be read as an image"):
            prepare(tmp_path / "text.jpg", **options)
    with pytest.raises(DataError, match=r"photo\.jpg: the box .* correct the ground truth"):
        prepare(photo, (500, 0, 600, 9))
    with pytest.raises(DataError, match="no pixel is left of 900 x 1 at image_size 40"):
        prepare(np.zeros((1, 900), np.uint8), None, 40)
    (tmp_path / "cut.jpg").write_bytes(photo.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"cut\.jpg: cannot be read as an image \(the file is truncated\)"):
        prepare(tmp_path / "cut.jpg")

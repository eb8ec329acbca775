"""Preprocessing with OpenCV: decoding, cropping, resizing."""

import math

import cv2
import numpy as np
import pytest
from PIL import Image

from reprise.images.decoding import decode_bgr
from reprise.images.prepare_ames import axis_factor, prepare
from reprise.images.tensors import BGR, to_tensor
from reprise.storage.errors import DataError


@pytest.fixture
def save(tmp_path):
    def save(width, height, name="image.png", **options):
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name, **options)
        return tmp_path / name

    return save


def size(path, box, image_size, multiple=14, scale=1.0):
    (scaled,) = prepare(path, box, image_size, [scale], multiple)
    return scaled.pixels.shape[1::-1]


@pytest.mark.parametrize(
    ("width", "height", "image_size", "expected"),
    [
        (1024, 768, None, (1022, 770)),
        (1024, 768, 770, (770, 574)),
        (1024, 768, 768, (770, 574)),
        (1024, 683, 770, (770, 518)),
        (1024, 253, 770, (770, 196)),
        (900, 5, 770, (770, 14)),
        (3, 3, None, (14, 14)),
    ],
)
def test_sides_become_whole_patches(save, width, height, image_size, expected):
    assert size(save(width, height), None, image_size) == expected


def test_a_crop_is_resized_by_the_factor_of_the_whole_image(save):
    # 512 pixels at 770 / 1024 are 27.5 patches, which go to the even number.
    assert size(save(768, 1024), (136.5, 34.1, 648.5, 955.9), 770) == (392, 686)


def test_crops_are_cut_by_truncation_and_end_with_the_image(save):
    path = save(20, 10)
    whole = decode_bgr(path)
    (scaled,) = prepare(path, (3.9, -2.5, 17.9, 30), None, [1.0])
    np.testing.assert_array_equal(scaled.pixels, whole[:10, 3:17])


@pytest.mark.parametrize(
    ("factor", "method"), [((0.75, 0.5), cv2.INTER_AREA), ((1.2, 0.9), cv2.INTER_AREA), ((1.5, 1.5), cv2.INTER_LINEAR)]
)
def test_filters(save, factor, method):
    path = save(140, 140)
    (scaled,) = prepare(path, (0, 0, 140, 140 * factor[0] / factor[1]), None, [factor[1]], None)
    pixels = decode_bgr(path)[: int(140 * factor[0] / factor[1])]
    expected = cv2.resize(pixels, None, fx=factor[1], fy=factor[1], interpolation=method)
    np.testing.assert_array_equal(scaled.pixels, expected)


def test_areas_are_averaged_where_one_side_grows(save):
    # 1024 x 768 without a size: one side shrinks to 1022, the other grows to 770.
    path = save(1024, 768)
    (scaled,) = prepare(path, None, None, [1.0], 14)
    y, x = scaled.factor
    assert x < 1 < y
    area, linear = (
        cv2.resize(decode_bgr(path), None, fx=1022 / 1024, fy=770 / 768, interpolation=method)
        for method in (cv2.INTER_AREA, cv2.INTER_LINEAR)
    )
    np.testing.assert_array_equal(scaled.pixels, area)
    assert not np.array_equal(area, linear)


@pytest.mark.parametrize("scale", [1.0, 0.3, 770 / 1024, 1 / 3])
def test_sides_that_come_back_have_the_factor_one(save, scale):
    path = save(42, 30)
    (scaled,) = prepare(path, (0, 0, 42, 28), round(42 * scale), [1 / (round(42 * scale) / 42)], 14)
    assert scaled.factor == (1, 1)
    np.testing.assert_array_equal(scaled.pixels, decode_bgr(path)[:28])


def test_scales_multiply_the_factor_of_the_size(save):
    scaled = prepare(save(200, 100), None, 100, [0.7071, 1.0, 1.4142])
    assert [image.pixels.shape[:2] for image in scaled] == [(35, 71), (50, 100), (71, 141)]
    assert [image.factor[0] for image in scaled] == pytest.approx([0.35355, 0.5, 0.7071])


def test_slivers(save):
    path = save(300, 1)
    assert prepare(path, None, None, [0.7071])[0].pixels.shape[:2] == (1, 212)
    with pytest.raises(DataError, match=r"image\.png: scale 0.7071 leaves no pixel of 300 x 1 at image_size 100"):
        prepare(path, None, 100, [0.7071])


def test_the_tensor_of_an_image(save):
    path = save(5, 4)
    tensor = to_tensor(prepare(path, None, None, [1.0])[0].pixels, *BGR)
    red_green_blue = np.asarray(Image.open(path), np.float32) / 255
    expected = (red_green_blue - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(tensor[0].permute(1, 2, 0).flip(2), expected, rtol=1e-5, atol=1e-6)


def test_the_orientation_of_exif_counts(save):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_bgr(save(20, 10, "turned.jpg", exif=exif)).shape == (20, 10, 3)


def test_grey_images_have_three_channels(tmp_path):
    Image.new("L", (5, 4), 7).save(tmp_path / "grey.png")
    assert (decode_bgr(tmp_path / "grey.png") == np.full((4, 5, 3), 7)).all()


@pytest.mark.parametrize("data", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_no_images(data, tmp_path):
    (tmp_path / "foreign.jpg").write_bytes(data)
    with pytest.raises(DataError, match=r"foreign\.jpg: cannot be read as an image"):
        decode_bgr(tmp_path / "foreign.jpg")
    with pytest.raises(DataError, match=r"absent\.jpg: cannot be read \(No such file"):
        decode_bgr(tmp_path / "absent.jpg")


@pytest.mark.parametrize("box", [(5, 1, 5.9, 4), (8, 0, 12, 3), (-9, 0, 0, 3), (0, 0, math.nan, 3), (0, 0, 3)])
def test_unfit_boxes(box, save):
    with pytest.raises(DataError, match=r"image\.png: the box .* correct the ground truth"):
        prepare(save(8, 6), box, None, [1.0])


def published_factor(side, factor, multiple):
    """The published expression, in its order of operations."""
    scaled = factor * side
    return factor / ((scaled / multiple) / max(round(scaled / multiple), 1))


@pytest.mark.parametrize("image_size", [None, 224, 336, 518, 768, 770, 1024])
@pytest.mark.parametrize("scale", [0.5, 0.7071, 1.0, 1.4142])
def test_factors_are_the_published_ones_to_the_last_bit(image_size, scale):
    for longer in range(3, 2100, 7):
        base = scale * (1.0 if image_size is None else image_size / longer)
        for side in {longer, longer * 3 // 4, longer * 683 // 1024, max(longer // 9, 1)}:
            assert axis_factor(side, base, 14) == published_factor(side, base, 14), (side, longer)
            assert round(side * axis_factor(side, base, 14)) == 14 * max(round(base * side / 14), 1)


@pytest.mark.parametrize("size", [(1024, 768), (768, 1024), (1024, 683), (999, 500), (330, 1001), (770, 574)])
def test_images_have_the_published_factors_and_sizes(save, size):
    width, height = size
    for image_size in (None, 770):
        base = 1.0 if image_size is None else image_size / max(size)
        for scaled, scale in zip(prepare(save(*size), None, image_size, (0.7, 1.0), 14), (0.7, 1.0), strict=True):
            expected = published_factor(height, scale * base, 14), published_factor(width, scale * base, 14)
            assert scaled.factor == expected
            assert scaled.pixels.shape[:2] == (round(height * expected[0]), round(width * expected[1]))
            assert scaled.pixel_size == (1 / expected[1], 1 / expected[0])

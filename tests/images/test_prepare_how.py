"""Preprocessing: decoding, cropping, shrinking, normalising."""

import math
import threading

import numpy as np
import PIL
import pytest
from PIL import Image, ImageFile

from reprise.images.decoding import decode, decode_bgr
from reprise.images.prepare_how import prepare
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ForgivingPath
from reprise.images.tensors import IMAGENET, to_tensor
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("preprocessing"))


@pytest.fixture
def path(arrays, tmp_path):
    """The golden image in a lossless file."""
    Image.fromarray(arrays["image"]).save(tmp_path / "image.png")
    return tmp_path / "image.png"


def save(tmp_path, width, height, seed=0, name="image.png"):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path / name


def assert_pixels(pixels, expected, pillow):
    """Equal for the Pillow that made them, within two grey levels for another."""
    assert pixels.shape == expected.shape
    tolerance = 0 if PIL.__version__ == str(pillow) else 2
    assert np.abs(pixels.astype(int) - expected).max() <= tolerance


def test_golden_image(arrays, path):
    assert_pixels(prepare(path, None, 200).pixels, arrays["resized_200"], arrays["pillow"])


def published_size(arrays):
    """The image_size for which the crop of the golden arrays comes out with 128 pixels."""
    x1, y1, x2, y2 = np.round(arrays["bbox"])
    return 128 * max(arrays["image"].shape) / max(x2 - x1, y2 - y1)


def test_golden_crop(arrays, path):
    loaded = prepare(path, tuple(arrays["bbox"]), published_size(arrays))
    assert_pixels(loaded.pixels, arrays["crop_resized_128"], arrays["pillow"])


def test_golden_tensor(arrays):
    tensor = to_tensor(arrays["crop_resized_128"], *IMAGENET)
    assert tensor.shape == (1, *arrays["tensor_128"].shape)
    np.testing.assert_allclose(tensor[0], arrays["tensor_128"], rtol=1e-6, atol=1e-6)


def test_smaller_images_are_not_enlarged(arrays, tmp_path):
    Image.fromarray(arrays["resized_200"]).save(tmp_path / "small.png")
    loaded = prepare(tmp_path / "small.png", None, 1024)
    assert loaded.pixels.shape[1::-1] == tuple(arrays["upscale_request_1024"])
    np.testing.assert_array_equal(loaded.pixels, arrays["resized_200"])
    assert (loaded.offset, loaded.pixel_size) == ((0, 0), (1, 1))


@pytest.mark.parametrize(
    ("width", "height", "size", "expected"),
    # The first is one where older versions of Pillow rounded down; then a tie of the box, portrait, and a sliver.
    [
        (1600, 1067, 1024, (1024, 683)),
        (2000, 2000, 1024, (1024, 1024)),
        (300, 999, 500, (150, 500)),
        (900, 1, 90, (90, 1)),
    ],
)
def test_sizes_of_thumbnails(width, height, size, expected, tmp_path):
    path = save(tmp_path, width, height)
    assert prepare(path, None, size).pixels.shape[1::-1] == expected


@pytest.mark.parametrize(("factor", "reduced"), [(2, False), (3.9, False), (4, True)])
def test_thumbnails_reduce_by_whole_factors_from_four_on(factor, reduced, tmp_path):
    path = save(tmp_path, 624, 468)
    loaded = prepare(path, None, int(624 / factor))
    height, width = loaded.pixels.shape[:2]
    with Image.open(path) as image:
        plain = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
    assert (np.abs(plain.astype(int) - loaded.pixels) > 0).any() == reduced


def test_a_query_is_shrunk_by_the_factor_of_its_whole_image(tmp_path):
    path = save(tmp_path, 800, 600)
    loaded = prepare(path, (100, 50, 500, 350), 400)
    assert loaded.pixels.shape == (150, 200, 3)
    assert (loaded.offset, loaded.pixel_size) == ((100, 50), (2, 2))
    np.testing.assert_array_equal(
        loaded.to_original(np.array([[0, 0], [200, 150], [1.5, 2]])), [[100, 50], [500, 350], [103, 54]]
    )


def test_a_query_from_an_image_of_the_right_size_keeps_its_pixels(tmp_path):
    path = save(tmp_path, 1024, 300)
    with Image.open(path) as image:
        expected = np.asarray(image)[20:281, 37:401]
    np.testing.assert_array_equal(prepare(path, (37.4, 20.5, 401.2, 280.9), 1024).pixels, expected)


def test_boxes_are_rounded_half_to_even_and_black_outside(tmp_path):
    path = save(tmp_path, 8, 6)
    with Image.open(path) as image:
        whole = np.asarray(image)
    loaded = prepare(path, (-1.5, 0.5, 6.5, 7.5))
    expected = np.zeros((8, 8, 3), np.uint8)
    expected[:6, 2:8] = whole[:, :6]
    np.testing.assert_array_equal(loaded.pixels, expected)
    assert loaded.offset == (-2, 0)


@pytest.mark.parametrize(
    "box",
    [(5, 1, 2, 4), (1, 4, 3, 4.4), (8, 0, 12, 3), (-9, 0, 0, 3), (0, 0, math.nan, 3), (0, 0, math.inf, 3), (0, 0, 3)],
)
def test_unfit_boxes(box, tmp_path):
    path = save(tmp_path, 8, 6)
    with pytest.raises(DataError, match=r"image\.png: the box .* correct the ground truth"):
        prepare(path, box, 1024)


def test_a_crop_of_which_nothing_is_left(tmp_path):
    path = save(tmp_path, 800, 6)
    with pytest.raises(DataError, match=r"image\.png: no pixel is left of 2 x 2 at image_size 100"):
        prepare(path, (0, 0, 2, 2), 100)


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_all_modes_become_rgb(mode, tmp_path):
    suffix = "tif" if mode == "CMYK" else "png"
    size = (5, 4)
    (Image.new("L", size, 7).convert(mode) if mode != "I;16" else Image.new(mode, size)).save(tmp_path / f"i.{suffix}")
    assert prepare(tmp_path / f"i.{suffix}").pixels.shape == (4, 5, 3)


def test_the_orientation_of_exif_is_ignored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(tmp_path / "turned.jpg", exif=exif)
    assert decode(tmp_path / "turned.jpg").size == (20, 10)
    assert decode(tmp_path / "turned.jpg", "L").size == (20, 10)


@pytest.mark.parametrize("data", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_files_that_are_no_images(data, mode, tmp_path):
    (tmp_path / "foreign.jpg").write_bytes(data)
    with pytest.raises(DataError, match=r"foreign\.jpg: cannot be read as an image .*take it out of the list"):
        decode(tmp_path / "foreign.jpg", mode)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"absent\.jpg"):
        decode(tmp_path / "absent.jpg")


@pytest.fixture
def truncated(tmp_path):
    path = save(tmp_path, 400, 300, name="truncated.jpg")
    path.write_bytes(path.read_bytes()[:20000])
    return ForgivingPath(path)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_truncated_images_are_decoded_as_published(truncated, mode, monkeypatch, caplog):
    pixels = np.asarray(decode(truncated, mode))
    assert "truncated.jpg: is damaged" in caplog.text
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert (pixels[-8:] == pixels[-1, -1]).all()
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    np.testing.assert_array_equal(pixels, np.asarray(decode(truncated, mode)))


@pytest.mark.parametrize("decoder", [decode, decode_bgr])
@pytest.mark.parametrize("name", ["image.jpg", "image.png", "image.tif", "image.webp"])
def test_truncated_images_are_an_error_unless_they_are_forgiven(decoder, name, tmp_path):
    path = save(tmp_path, 400, 300, name=name)
    whole = path.read_bytes()
    for share in (0.3, 0.9, 0.999):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=f"{name}: cannot be read as an image"):
            decoder(path)


@pytest.mark.parametrize("decoder", [decode, decode_bgr])
def test_an_image_tells_whether_it_was_truncated(decoder, truncated, tmp_path):
    assert not truncated.truncated and np.asarray(decoder(truncated)).shape == (300, 400, 3) and truncated.truncated
    whole = ForgivingPath(save(tmp_path, 40, 30, name="whole.jpg"))
    decoder(whole)
    assert not whole.truncated


def test_truncated_images_in_threads(truncated):
    expected = np.asarray(decode(truncated))
    results = []
    threads = [threading.Thread(target=lambda: results.append(np.asarray(decode(truncated)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all((result == expected).all() for result in results)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_grey_is_the_luma_of_a_jpeg(photos):
    import cv2

    path = photos / "jpg" / "sacrecoeur_04.jpg"
    expected = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    np.testing.assert_array_equal(np.asarray(decode(path, "L")), expected)


def test_locations_go_back_to_the_file():
    loaded = PreparedImage(np.zeros((2, 2, 3), np.uint8), (10, 20), (4.0, 2.0))
    keypoints = loaded.to_original(np.array([[0.5, 0.5]], np.float32))
    assert keypoints.dtype == np.float32
    np.testing.assert_array_equal(keypoints, [[12, 21]])

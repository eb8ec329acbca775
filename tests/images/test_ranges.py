"""Images of more than 8 bits have the pixels of their version in 8 bits, or are refused."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from reprise.images.decoding import decode, decode_bgr
from reprise.images.sources import ForgivingPath
from reprise.storage.errors import DataError


@pytest.fixture
def grey():
    return np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)


def decoders():
    yield "L", lambda path: np.asarray(decode(path, "L"))
    yield "RGB", lambda path: np.asarray(decode(path, "RGB"))
    yield "BGR", decode_bgr


@pytest.mark.parametrize("decoder", [decoder for _, decoder in decoders()], ids=[name for name, _ in decoders()])
@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_sixteen_bits(decoder, suffix, grey, tmp_path):
    path = tmp_path / f"deep.{suffix}"
    cv2.imwrite(str(path), grey.astype(np.uint16) * 257)
    pixels = decoder(path)
    pixels = pixels if pixels.ndim == 2 else pixels[..., 0]
    assert np.abs(pixels.astype(int) - grey).max() <= 1


@pytest.mark.parametrize("decoder", [decoder for _, decoder in decoders()], ids=[name for name, _ in decoders()])
@pytest.mark.parametrize(
    "scale, dtype", [(257, np.int32), (1 / 255, np.float32), (257, np.uint16)], ids=["int32", "float32", "uint16"]
)
def test_other_modes_of_tiff(decoder, scale, dtype, grey, tmp_path):
    Image.fromarray((grey * np.float64(scale)).astype(dtype)).save(tmp_path / "deep.tif")
    pixels = decoder(tmp_path / "deep.tif")
    np.testing.assert_array_equal(pixels if pixels.ndim == 2 else pixels[..., 1], grey)


@pytest.mark.parametrize("decoder", [decoder for _, decoder in decoders()], ids=[name for name, _ in decoders()])
@pytest.mark.parametrize(
    "pixels, mode",
    [
        (np.full((3, 4), 70000, np.int32), "I"),
        (np.full((3, 4), -1, np.int32), "I"),
        (np.full((3, 4), 1.5, np.float32), "F"),
        (np.full((3, 4), np.nan, np.float32), "F"),
    ],
)
def test_pixels_without_a_defined_brightness_are_refused(decoder, pixels, mode, tmp_path):
    Image.fromarray(pixels).save(tmp_path / "deep.tif")
    with pytest.raises(DataError, match=rf"deep\.tif: is of mode {mode} with pixels from"):
        decoder(tmp_path / "deep.tif")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_modes_of_eight_bits_have_their_colours(mode, grey, tmp_path):
    image = Image.fromarray(grey).convert(mode)
    path = tmp_path / ("image.tif" if mode in ("CMYK", "LA") else "image.png")
    image.save(path)
    np.testing.assert_array_equal(np.asarray(decode(path, "L")), np.asarray(image.convert("L")))


def test_a_drawing_program_is_not_asked(tmp_path):
    path = tmp_path / "drawing.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    for _, decoder in decoders():
        with pytest.raises(DataError, match=r"drawing\.jpg: cannot be read as an image"):
            decoder(path)


def png(width, height):
    """A PNG that states its size, with a line of pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bomb.png", png(100_000, 100_000), "exceeds limit"),
        ("line.png", png(2_000_000_000, 1), "exceeds limit"),
        ("empty.gif", b"GIF89a" + bytes(7) + b"\x2c" + bytes(9) + b"\x02\x00;", "pixels|cannot be read as an image"),
        ("empty.ppm", b"P6 0 0 255\n", "cannot be read as an image"),
        ("deep.pgm", b"P5 7000 7000 65535\n" + bytes(10), "states 7000 x 7000 pixels, expected 1 to 44739242"),
    ],
)
def test_images_without_pixels_and_bombs(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    for _, decoder in decoders():
        with pytest.raises(DataError, match=f"{name}.*({message})"):
            decoder(path)
        with pytest.raises(DataError, match=f"{name}.*({message})"):
            decoder(ForgivingPath(path))


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_films_are_refused_and_single_images_are_not(suffix, tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    path = tmp_path / f"image.{suffix}"
    frames[0].save(path)
    for _, decoder in decoders():
        decoder(path)
    frames[0].save(path, save_all=True, append_images=frames[1:])
    for _, decoder in decoders():
        with pytest.raises(DataError, match=rf"image\.{suffix}: is animated; save one of its images"):
            decoder(path)


def test_the_first_page_of_a_tiff_is_the_image(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green")]
    frames[0].save(tmp_path / "image.tif", save_all=True, append_images=frames[1:])
    assert np.asarray(decode(tmp_path / "image.tif"))[0, 0].tolist() == [255, 0, 0]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for _, decoder in decoders():
        with pytest.raises(DataError, match=r"pipe\.jpg: .*it is no regular file"):
            decoder(tmp_path / "pipe.jpg")

"""Images of every size and damage: features, or an error with file and row that `undecodable: skip` skips."""

import io

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from reference.weights import fill_weights

from reprise.datasets.images import ImageList
from reprise.extractors.chunks import extract_images
from reprise.extractors.registry import load_extractor
from reprise.formats.features import open_features
from reprise.networks.how import HOW
from reprise.storage.errors import DataError

NAMES = ("how", "rootsift", "dinov2", "cvnet")


@pytest.fixture(scope="module")
def load(checkpoints, tmp_path_factory):
    path = tmp_path_factory.mktemp("how") / "how.pth"
    fill_weights(HOW("resnet18", 3, dim=8)).save_checkpoint(path)

    def load(name, **settings):
        if name != "rootsift":
            checkpoint = path if name == "how" else checkpoints / f"{name}.pth"
            settings = {"checkpoint": checkpoint, "num_features": 9, **settings}
        return load_extractor(name, **{"image_size": None, **settings})

    return load


def noise(width, height):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Six images of which the third is good and the others are written by the tests."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        Image.fromarray(noise(90, 70)).save(folder / f"{number}.png")
    names = [f"name{number}" for number in range(4)]
    return ImageList(names, [folder / f"{number}.png" for number in range(4)])


def extract(images, extractor, path, undecodable):
    extract_images(images, extractor, path, attributes={"recipe": "{}", "first_image": 10}, undecodable=undecodable)
    with open_features(path) as file:
        return file.skipped, file.counts()


SIZES = [(1, 1), (2, 2), (1, 40), (40, 1), (3, 5), (3, 1000), (1000, 3)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("image_size", [None, 100])
@pytest.mark.parametrize("name", NAMES)
def test_images_of_extreme_sizes(load, pictures, tmp_path, name, image_size, size):
    Image.fromarray(noise(*size)).save(pictures.paths[1])
    extractor = load(name, image_size=image_size)
    try:
        features = extractor.extract(pictures.paths[1])
    except DataError as error:
        assert name in ("how", "cvnet") and str(error).startswith(f"{pictures.paths[1]}: ")
        with pytest.raises(DataError, match=rf"^{pictures.paths[1]}: .* \(image 12 of its list, 'name1'\)$"):
            extract(pictures, extractor, tmp_path / "chunk.h5", "error")
        skipped, counts = extract(pictures, extractor, tmp_path / "chunk.h5", "skip")
        assert skipped == ["name1"] and counts[1] == 0 and counts[[0, 2, 3]].all()
    else:
        skipped, counts = extract(pictures, extractor, tmp_path / "chunk.h5", "error")
        assert skipped == [] and counts[1] == len(features)


def test_cells_without_features_are_left_out(load):
    selection = load("cvnet", num_features=3)._selection
    features = torch.zeros(1, 2, 1, 5)
    features[0, :, 0, 1], features[0, :, 0, 3] = torch.tensor([0.0, 2.0]), torch.tensor([3.0, 0.0])
    strongest = selection.select([(features, {})], ["global"])
    assert strongest.rows.tolist() == [3, 1] and strongest.descriptors.tolist() == [[1, 0], [0, 1]]
    within = selection.select([(features, {})], ["global"], np.arange(5) < 3)
    assert within.rows.tolist() == [1]


@pytest.mark.parametrize("scales, works", [([1.0], True), ([2.0, 1.0], True), ([2.0, 0.5], False)])
def test_what_can_be_computed_of_one_pixel_is_computed(load, scales, works):
    """The published code resizes to no pixels, too, and stops."""
    extractor = load("how", scales=scales)
    if works:
        assert len(extractor.extract(noise(1, 1))) == len(scales)
    else:
        with pytest.raises(
            DataError, match=r"image array \(1, 1, 3\) of uint8: scales: 0.5 leaves no pixel of .* 1 x 1"
        ):
            extractor.extract(noise(1, 1))


def encoded(kind):
    stream = io.BytesIO()
    Image.fromarray(noise(40, 30)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM"])
@pytest.mark.parametrize("name", ["rootsift", "cvnet"])
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_images_are_named(load, tmp_path, name, kind):
    """Decoders of both libraries: Pillow for rootsift and how, OpenCV for cvnet and dinov2."""
    extractor, content, path = load(name), encoded(kind), tmp_path / "image.jpg"
    refused = 0
    for number in range(60):
        random = np.random.default_rng(number)
        damaged = bytearray(content)
        if number % 3 == 0:
            del damaged[int(random.integers(len(damaged))) :]
        for place in random.integers(0, min(len(damaged), 300 if number % 2 else len(content)) or 1, 4):
            if damaged:
                damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        try:
            extractor.load(path)
        except DataError as error:
            assert str(error).startswith(f"{path}: "), error
            refused += 1
    assert refused > 0


class Plugin:
    """An extractor of somebody else, which looks after no error."""

    dim = 2

    def __init__(self, in_load=None, in_extract=None, values=1.0):
        self.in_load, self.in_extract, self.values = in_load, in_extract, values

    def load(self, image, box):
        if image.name == "1.png" and self.in_load:
            raise self.in_load
        return image.name

    def extract(self, image, box=None):
        from reprise.formats.arrays import LocalFeatures

        if image == "1.png" and self.in_extract:
            raise self.in_extract
        value = self.values if image == "1.png" else 1.0
        return LocalFeatures(np.full((3, 2), value, np.float32), np.ones(3), np.ones((3, 2)), np.ones(3))


@pytest.mark.parametrize(
    "error", [ValueError("bad"), OSError("bad"), KeyError("bad"), ZeroDivisionError("bad"), DataError("1.png: bad")]
)
def test_any_error_of_a_decoder_is_an_undecodable_image(pictures, tmp_path, error):
    plugin = Plugin(in_load=error)
    with pytest.raises(DataError, match=r"1\.png: .*bad.* \(image 12 of its list, 'name1'\)"):
        extract(pictures, plugin, tmp_path / "chunk.h5", "error")
    skipped, counts = extract(pictures, plugin, tmp_path / "chunk.h5", "skip")
    assert skipped == ["name1"] and counts.tolist() == [3, 0, 3, 3]


def test_where_no_image_is_left_the_first_error_is_told(pictures, tmp_path):
    one = ImageList(["name1"], [pictures.paths[1]])
    with pytest.raises(DataError, match="none of its 1 images can be decoded; .* bad"):
        extract(one, Plugin(in_load=ValueError("bad")), tmp_path / "chunk.h5", "skip")


@pytest.mark.parametrize("undecodable", ["error", "skip"])
def test_errors_of_a_network_name_the_image_and_are_not_skipped(pictures, tmp_path, undecodable):
    with pytest.raises(DataError, match=r"1\.png: the weights diverged \(image 12 of its list, 'name1'\)"):
        extract(pictures, Plugin(in_extract=DataError("the weights diverged")), tmp_path / "c.h5", undecodable)
    with pytest.raises(RuntimeError, match="out of memory") as error:
        extract(pictures, Plugin(in_extract=RuntimeError("out of memory")), tmp_path / "c.h5", undecodable)
    assert any("1.png (image 12 of its list, 'name1')" in note for note in error.value.__notes__)
    for value in (np.nan, np.inf):
        with pytest.raises(DataError, match="image 'name1': descriptors contain NaN"):
            extract(pictures, Plugin(values=value), tmp_path / "c.h5", undecodable)


@pytest.mark.parametrize("name", ["how", "dinov2"])
def test_scores_that_are_no_numbers_name_the_image(load, pictures, tmp_path, name, monkeypatch):
    Image.fromarray(noise(90, 70)).save(pictures.paths[1])
    extractor = load(name)
    for parameter in extractor._network.parameters():
        parameter.data.fill_(np.nan)
    for call in (
        lambda: extractor.extract(pictures.paths[0]),
        lambda: extract(pictures, extractor, tmp_path / "chunk.h5", "skip"),
    ):
        with pytest.raises(DataError, match=r"0\.png: .* not finite"):
            call()


@pytest.mark.parametrize("name", ["dinov2", "rootsift"])
def test_truncated_images_that_are_read_as_grey_are_listed(load, tmp_path, name):
    Image.fromarray(noise(90, 70)).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:-900])
    images = ImageList(["whole", "cut"], [tmp_path / "whole.jpg", tmp_path / "cut.jpg"])
    extract_images(images, load(name), tmp_path / "chunk.h5", attributes={"recipe": "{}"}, truncated="grey")
    with h5py.File(tmp_path / "chunk.h5") as file:
        assert [value.decode() for value in file["truncated"][:]] == ["cut"]

"""The HOW extractor: its parameters, and keypoints in pixels of the file."""

import numpy as np
import pytest
import torch
from PIL import Image
from reference.weights import fill_weights

from reprise.datasets.images import ImageList
from reprise.extractors.chunks import extract_images
from reprise.extractors.how import Extractor, Settings
from reprise.extractors.registry import load_extractor
from reprise.formats.features import open_features
from reprise.formats.neighbors import read_neighbors
from reprise.neighbors.files import find_neighbors
from reprise.networks.how import HOW
from reprise.networks.how_settings import SCALES
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def network():
    return fill_weights(HOW("resnet18", 3, dim=8))


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "network.pth"
    network.save_checkpoint(path)
    return path


@pytest.fixture
def image(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    return tmp_path / "image.png"


def test_features_are_those_of_the_network(network, checkpoint, image):
    extractor = load_extractor("how", checkpoint=checkpoint, num_features=50)
    features = extractor.extract(extractor.load(image, None))
    mean, std = np.array(network.mean_std, np.float32)
    pixels = (np.asarray(Image.open(image), np.float32) / 255 - mean) / std
    expected = network.forward_local(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()), 50)
    assert extractor.dim == 8
    np.testing.assert_allclose(features.scores, expected.scores, rtol=1e-4)
    np.testing.assert_allclose(features.descriptors, expected.descriptors, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(features.keypoints, expected.keypoints)


def test_locations_are_in_pixels_of_the_file(checkpoint, image):
    extractor = load_extractor("how", checkpoint=checkpoint, image_size=40, scales=[1.0], num_features=None)
    features = extractor.extract(extractor.load(image, (16, 20, 80, 52)))
    # The crop of 64 x 32 is shrunk to 32 x 16, 8 x 4 cells of 4 pixels, that are 8 pixels of the file.
    order = np.lexsort(features.keypoints.T)
    y, x = np.mgrid[:4, :8]
    np.testing.assert_array_equal(features.keypoints[order, 0], 16 + 8 * (x.ravel() + 0.5))
    np.testing.assert_array_equal(features.keypoints[order, 1], 20 + 8 * (y.ravel() + 0.5))


def test_the_global_descriptor_is_stored_beside_the_local_ones(network, checkpoint, image, tmp_path):
    extractor = load_extractor("how", checkpoint=checkpoint, num_features=50, global_descriptor=True, scales=[1.0, 0.5])
    images = ImageList(["a", "b"], [image, image])
    extract_images(images, extractor, tmp_path / "x.h5", attributes={"recipe": "{}"})
    mean, std = np.array(network.mean_std, np.float32)
    pixels = (np.asarray(Image.open(image), np.float32) / 255 - mean) / std
    with torch.inference_mode():
        expected = network.forward_global(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()), (1.0, 0.5))[0]
    with open_features(tmp_path / "x.h5") as file:
        assert file.global_dims == {"global": 8} and file.counts().tolist() == [50, 50]
        np.testing.assert_allclose(file.globals("global"), np.stack([expected] * 2), rtol=1e-3, atol=1e-4)
    find_neighbors(
        None, [tmp_path / "x.h5"], tmp_path / "n.pkl", descriptor="global", count=1, exclude_self=True, device="cpu"
    )
    assert read_neighbors(tmp_path / "n.pkl", num_queries=2, num_images=2).ranks.tolist() == [[1], [0]]
    with pytest.raises(DataError, match="global_descriptor: 'yes' should be a valid boolean"):
        load_extractor("how", checkpoint=checkpoint, global_descriptor="yes")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_feature": 3}, "extractor how: unknown key 'num_feature'; did you mean 'num_features'"),
        ({"num_features": 0}, "extractor how.num_features: 0 should be greater than or equal to 1"),
        ({"num_features": 1.5}, "extractor how.num_features: 1.5 should be a valid integer"),
        ({"image_size": "1024"}, "extractor how.image_size: '1024' should be a valid integer"),
        ({"image_size": 31}, "extractor how.image_size: 31 should be greater than or equal to 32"),
        ({"scales": []}, "extractor how.scales: List should have at least 1 item"),
        ({"scales": [1.0, -1.0]}, "extractor how.scales.1: -1.0 should be greater than 0"),
        ({"scales": "1.0"}, "extractor how.scales: '1.0' should be a valid list"),
        ({"scales": 1.0}, "extractor how.scales: 1.0 should be a valid list"),
        ({"box": "cut"}, "extractor how.box: 'cut' should be 'crop' or 'filter'"),
    ],
)
def test_unfit_settings(checkpoint, settings, message):
    with pytest.raises(DataError, match=message):
        load_extractor("how", checkpoint=checkpoint, **settings)


def test_the_checkpoint_must_be_given():
    with pytest.raises(DataError, match="extractor how: key 'checkpoint' is missing"):
        load_extractor("how")


def test_defaults_are_those_of_the_paper(checkpoint):
    settings = Settings.read({"type": "how", "checkpoint": str(checkpoint)}, "how")
    assert (settings.image_size, tuple(settings.scales), settings.num_features) == (1024, SCALES, 1000)
    assert settings.box == "crop"
    assert Extractor.Settings is Settings

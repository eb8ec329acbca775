"""The extractors of config/hndesc.yaml, with networks of random weights: both stages run, at both sizes."""

import numpy as np
import pytest
import torch
from hesaff_data import load
from PIL import Image
from shipped import read, shipped_config, sources

from reprise.datasets.images import ImageList
from reprise.extractors.chunks import extract_images
from reprise.extractors.describing import describe_images
from reprise.extractors.detection import load_detection
from reprise.extractors.registry import load_extractor
from reprise.formats.features import open_features
from reprise.networks import CAPS, R2D2, HNDesc, SuperPoint
from reprise.pipeline.descriptions import Descriptions
from reprise.pipeline.paths import Paths

NETWORKS = {
    "hndesc_caps": lambda: HNDesc("caps"), "hndesc_r2d2": lambda: HNDesc("r2d2"), "caps": CAPS,
    "superpoint": SuperPoint, "r2d2_waf": R2D2, "r2d2_wasf": R2D2,
}  # fmt: skip
DIMENSIONS = {"hndesc_caps": 128, "hndesc_r2d2": 128, "caps": 256, "r2d2": 128, "superpoint": 256}


@pytest.fixture(scope="module")
def describe():
    values = read(shipped_config()).values()
    return Descriptions(values, Paths(values, sources()))


@pytest.fixture(scope="module")
def weights(describe, tmp_path_factory):
    """The files of networks in recipes -> files of random weights."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    for name, network in NETWORKS.items():
        network().save_checkpoint(folder / f"{name}.pth")
    return {describe.checkpoint(name): str(folder / f"{name}.pth") for name in NETWORKS}


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(load("hesaff", 0).pixels).resize((120, 91)).save(path)
    return ImageList(["photo"], [path])


def with_weights(settings, weights):
    """The same settings with files that are there."""
    return {
        key: with_weights(value, weights)
        if isinstance(value, dict)
        else weights[value]
        if key == "checkpoint"
        else value
        for key, value in settings.items()
    }


@pytest.mark.parametrize("name", DIMENSIONS)
def test_keypoints_of_superpoint_are_described(describe, weights, photo, tmp_path, name):
    detector = with_weights(describe.detector("superpoint"), weights)
    assert detector["preparation"] == "hndesc_detector"
    detector["threshold"] = 0.0  # of what random weights find
    settings = with_weights(describe.extractor(f"superpoint_{name}"), weights)
    detector["num_features"] = settings["num_features"] = 30
    settings["detector"]["threshold"] = 0.0
    extract_images(photo, load_detection(detector), tmp_path / "keypoints.h5", attributes={"recipe": "{}"})
    extractor = load_extractor(settings.pop("type"), **settings)
    describe_images(photo, extractor, tmp_path / "keypoints.h5", tmp_path / "x.h5", attributes={"recipe": "{}"})
    with open_features(tmp_path / "x.h5") as features:
        vectors, count = features.gather(features.rows()), features.counts()[0]
        assert count == 30 and vectors.shape == (count, DIMENSIONS[name])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["sift_rootsift", "hessian_affine_rootsift"])
def test_stretched_images_have_keypoints_in_pixels_of_the_file(describe, tmp_path, name):
    pixels = load("hesaff", 0).pixels
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    size = [round(1.15 * pixels.shape[1]), round(0.95 * pixels.shape[0])]
    settings = describe.extractor(name)
    kind = settings.pop("type")
    own = load_extractor(kind, **settings).extract(tmp_path / "photo.png")
    other = load_extractor(kind, **{**settings, "forced_size": size}).extract(tmp_path / "photo.png")
    nearest = np.linalg.norm(own.keypoints[:, None] - other.keypoints, axis=2).min(axis=0)
    assert len(other) > 50 and np.median(nearest) < 1


def test_r2d2_stretches_images_itself(describe, weights, photo):
    settings = {**with_weights(describe.extractor("r2d2_640x480"), weights), "forced_size": [160, 64], "min_size": 32}
    extractor = load_extractor(settings.pop("type"), **settings)
    loaded = extractor.load(photo.paths[0])
    assert loaded.pixels.shape == (64, 160, 3)
    assert (extractor.features(loaded).keypoints <= (120, 91)).all()


def test_frames_of_the_shipped_configuration_have_the_published_size(describe):
    for name in ("superpoint_hndesc_caps", "sift_rootsift", "hessian_affine_hardnet++", "r2d2"):
        own, framed = describe.extractor(name), describe.extractor(f"{name}_640x480")
        assert (own["forced_size"], framed["forced_size"]) == (None, [640, 480])
        assert framed["num_features"] == 1000
        assert own.get("descriptor") == framed.get("descriptor")

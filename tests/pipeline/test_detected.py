"""Extractors of two parts in the configuration: their settings, networks, codebooks and recipes."""

import copy

import pytest
from paths import ROOT
from shipped import read, shipped_config, sources

from reprise.pipeline.descriptions import Descriptions
from reprise.pipeline.fingerprint import fingerprints
from reprise.pipeline.paths import Paths
from reprise.pipeline.recipes import loaded_modules
from reprise.storage.errors import DataError

PLUGIN = """
from reprise.detectors.base import DetectorSettings, ImageDetector
from reprise.descriptors.on_patches import PatchDescriptor, PatchSettings
from reprise.extractors.settings import Checkpoint

class Settings(PatchSettings):
    checkpoints = ("checkpoint",)
    checkpoint: Checkpoint

class Network(PatchDescriptor):
    Settings, dim, patch_size = Settings, 64, 32

class DetectorWithWeights(DetectorSettings):
    checkpoints = ("checkpoint",)
    checkpoint: Checkpoint

class DetectingNetwork(ImageDetector):
    Settings = DetectorWithWeights
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """The shipped configuration with two detectors, RootSIFT of patches, and a network that describes patches."""
    (tmp_path / "plugged_network.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    config = copy.deepcopy(shipped_config())
    network = {"type": "plugged_network:Network", "checkpoint": "how_r18"}
    config["extractors"] |= {
        "hessian": {"type": "detected", "detector": {"type": "hessian_affine", "threshold": 6.0}},
        "dog": {"type": "detected", "detector": {"type": "sift", "upright": True}},
        "network": {"like": "hessian", "descriptor": network},
    }
    config["detectors"] |= {
        "hessian": {"type": "hessian_affine", "threshold": 6.0, "num_features": 2000, "image_size": 1024},
        "network": {"type": "plugged_network:DetectingNetwork", "checkpoint": "how_r18"},
    }
    config["descriptors"]["network"] = network
    config["extractors"] |= {
        "named": {"type": "detected", "detector": "hessian", "descriptor": "rootsift"},
        "named_network": {"type": "detected", "detector": "hessian", "descriptor": "network"},
        "named_inline": {"type": "detected", "detector": "hessian", "descriptor": {"type": "sift"}},
        "both": {"type": "detected", "detector": "network", "descriptor": "network"},
    }
    config["codebooks"]["hessian"] = {"extractor": "hessian", "dataset": "sfm120k_subset20k"}
    config["experiments"]["hessian"] = {"like": "rootsift", "extractor": "hessian", "codebook": "hessian"}
    return config


def test_defaults_are_filled_in(config):
    values = read(config).values()["extractors"]
    assert values["hessian"]["detector"]["threshold"] == 6.0 and values["hessian"]["detector"]["levels"] == 3
    assert values["hessian"]["descriptor"]["type"] == "rootsift" and values["hessian"]["descriptor"]["patch_size"] == 41
    assert values["dog"]["detector"] == {"type": "sift", "upright": True}


@pytest.mark.parametrize(
    ("extractor", "change", "message"),
    [
        ("hessian", {"detector": {"type": "hessian"}}, r"detector\.type: unknown name 'hessian'; did you mean"),
        ("hessian", {"detector": {"type": "sift", "up": 1}}, r"extractors\.hessian\.detector: unknown key 'up'"),
        ("network", {"descriptor": {"type": "plugged_network:Network", "checkpoint": "how_r19"}},
         r"extractors\.network\.descriptor\.checkpoint: unknown name 'how_r19'; did you mean 'how_r18'"),
        ("named", {"detector": "hesian"}, r"named\.detector: unknown name 'hesian'; did you mean 'hessian'"),
        ("named", {"descriptor": "rotsift"}, r"named\.descriptor: unknown name 'rotsift'; did you mean 'rootsift'"),
        ("named", {"num_features": 9}, r"named\.num_features: is a setting of the detector 'hessian'; give it in that"),
        ("network", {"descriptor": {"type": "plugged_network:Network"}}, r"descriptor: key 'checkpoint' is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(config, extractor, change, message):
    config["extractors"][extractor] |= change
    with pytest.raises(DataError, match=message):
        read(config)


def test_a_codebook_is_of_the_same_descriptor(config):
    config["experiments"]["hessian"]["extractor"] = "dog"  # keypoints of another detector, but RootSIFT, too
    read(config)
    config["experiments"]["hessian"]["extractor"] = "network"
    with pytest.raises(DataError, match=r"hessian\.codebook: .* features of another network"):
        read(config)


def test_networks_of_parts_are_found(config):
    values = read(config).values()
    paths = Paths(values, sources())
    for name in ("network", "named_network"):
        assert paths.networks(name) == {"detector.checkpoint": None, "descriptor.checkpoint": "how_r18"}
    assert paths.networks("both") == {"detector.checkpoint": "how_r18", "descriptor.checkpoint": "how_r18"}
    assert (
        paths.networks("hessian")
        == paths.networks("named")
        == {"detector.checkpoint": None, "descriptor.checkpoint": None}
    )
    assert paths.detector_inputs("network") == paths.extractor_inputs("how_r18") and not paths.detector_inputs(
        "hessian"
    )
    assert paths.networks("how_r18") == {"checkpoint": "how_r18"}
    assert paths.extractor_inputs("hessian") == []
    assert paths.extractor_inputs("network") == paths.extractor_inputs("how_r18")
    described = Descriptions(values, paths).extractor("network")
    assert described["descriptor"]["checkpoint"] == paths.checkpoint("how_r18")
    assert values["extractors"]["network"]["descriptor"]["checkpoint"] == "how_r18"


def test_the_code_of_both_parts_is_in_the_recipe(config):
    paths = Paths(read(config).values(), sources())
    modules = loaded_modules({"extractor": Descriptions(read(config).values(), paths).extractor("hessian")})
    assert modules == [
        "reprise.descriptors.rootsift",
        "reprise.detectors.hessian_affine",
        "reprise.extractors.detected",
        "reprise.images.prepare_how",
    ]
    files = fingerprints(ROOT / "workflow" / "scripts" / "extract_chunk.py", modules)
    kernels = {f"{package}/_kernels.pyx" for package in ("descriptors", "detectors", "geometry")}
    assert kernels | {"geometry/bilinear.h", "detectors/scale_space.py", "descriptors/sift.h"} <= set(files)
    other = fingerprints(ROOT / "workflow" / "scripts" / "extract_chunk.py", ["reprise.extractors.how"])
    assert not kernels & set(other)


def test_parts_may_be_named(config):
    values = read(config).values()
    paths = Paths(values, sources())
    describe = Descriptions(values, paths)
    assert values["extractors"]["named"]["detector"] == "hessian"
    assert paths.detector("named") == "hessian" and paths.detector("hessian") is paths.detector("how_r18") is None
    described = describe.extractor("named")
    assert described["detector"]["type"] == "hessian_affine" and described["detector"]["threshold"] == 6.0
    assert described["num_features"] == 2000 and described["image_size"] == 1024 and "box" in described
    inline = {"like": "hessian", "image_size": 1024, "num_features": 2000}
    config["extractors"]["inline"] = inline
    values = read(config).values()
    assert Descriptions(values, Paths(values, sources())).extractor("inline") == described
    # Where an image is read, cropped and searched is part of the recipe of keypoints, and nothing of the descriptor.
    assert describe.detector("hessian").items() >= {"image_size": 1024, "num_features": 2000, "box": "filter"}.items()
    assert "reprise.descriptors.rootsift" not in loaded_modules({"detector": describe.detector("hessian")})
    assert describe.detector("network")["checkpoint"] == paths.checkpoint("how_r18")


def test_the_code_of_descriptors_is_not_in_the_recipes_of_keypoints():
    files = fingerprints(ROOT / "workflow" / "scripts" / "detect_chunk.py", ["reprise.detectors.hessian_affine"])
    assert "detectors/_kernels.pyx" in files and not [name for name in files if name.startswith("descriptors/")]


def test_named_parts_are_checked_as_if_they_stood_there(config):
    config["codebooks"]["hessian"]["num_features"] = 2001
    config["codebooks"]["hessian"]["extractor"] = config["experiments"]["hessian"]["extractor"] = "named"
    with pytest.raises(
        DataError, match=r"codebooks\.hessian\.num_features: 2001 is more than the 2000 that extractors\.na"
    ):
        read(config)
    config["codebooks"]["hessian"]["num_features"] = 2000
    read(config)
    config["experiments"]["hessian"]["extractor"] = "named_network"
    with pytest.raises(DataError, match=r"hessian\.codebook: .* features of another network"):
        read(config)
    config["experiments"]["hessian"]["extractor"] = "named_inline"
    with pytest.raises(DataError, match=r"hessian\.codebook: .* features of another network"):
        read(config)

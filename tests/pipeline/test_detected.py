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
from reprise.descriptors.on_patches import PatchDescriptor, PatchSettings
from reprise.extractors.settings import Checkpoint

class Settings(PatchSettings):
    checkpoints = ("checkpoint",)
    checkpoint: Checkpoint

class Network(PatchDescriptor):
    Settings, dim, patch_size = Settings, 64, 32
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
    assert paths.networks("network") == {"descriptor.checkpoint": "how_r18"}
    assert paths.networks("hessian") == {"descriptor.checkpoint": None}
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
    ]
    files = fingerprints(ROOT / "workflow" / "scripts" / "extract_chunk.py", modules)
    kernels = {f"{package}/_kernels.pyx" for package in ("descriptors", "detectors", "geometry")}
    assert kernels | {"geometry/bilinear.h", "detectors/scale_space.py", "descriptors/sift.h"} <= set(files)
    other = fingerprints(ROOT / "workflow" / "scripts" / "extract_chunk.py", ["reprise.extractors.how"])
    assert not kernels & set(other)

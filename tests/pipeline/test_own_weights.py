"""Weights and codebooks of one's own: paths of files in place of names, and files that are downloaded."""

import pytest
from shipped import merge, read, shipped_config, sources

from reprise.downloads.sources import with_own
from reprise.pipeline.descriptions import Descriptions
from reprise.pipeline.paths import Paths
from reprise.pipeline.seeds import with_codebook_seeds
from reprise.storage.errors import DataError

SOURCE = {"file": "own/x.pth", "urls": ["https://example.org/x.pth"], "licence": "MIT"}


def changed(**changes):
    config = shipped_config()
    merge(config, changes)
    values = read(config).values()
    every = with_own(sources(), values["sources"])
    return values, Paths(values, every), Descriptions(values, Paths(values, every))


@pytest.fixture
def weights(tmp_path):
    (tmp_path / "x.pth").write_bytes(b"x")
    return str(tmp_path / "x.pth")


def test_a_path_stands_in_place_of_a_name_wherever_weights_are_named(weights):
    _, paths, describe = changed(
        extractors={"how_r18": {"checkpoint": weights}, "dinov2": {"detector": weights}},
        detectors={"superpoint": {"checkpoint": weights}},
        descriptors={"hardnet+_liberty_trained": {"checkpoint": weights}},
        rerankers={"dinov2_ames": {"checkpoint": weights}},
    )
    assert describe.extractor("how_r18")["checkpoint"] == weights
    assert paths.extractor_inputs("how_r18") == [weights] and weights in paths.extractor_inputs("dinov2")
    assert describe.detector("superpoint")["checkpoint"] == weights
    assert paths.detector_inputs("superpoint") == [weights]
    assert paths.descriptor_inputs("hardnet+_liberty_trained") == [weights]
    assert paths.checkpoint(weights) == paths.checkpoint_input(weights) == weights


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere/x.pth", r"extractors.how_r18.checkpoint: there is no file 'nowhere/x.pth'"),
        ("x.pth", "there is no file 'x.pth'"),
        ("a{b}/x.pth", "has braces"),
        ("how_r19", "unknown name 'how_r19'; did you mean"),
    ],
)
def test_a_file_that_is_not_there_is_named_with_its_key(path, message):
    with pytest.raises(DataError, match=message):
        changed(extractors={"how_r18": {"checkpoint": path}})


def test_a_download_of_ones_own_is_named_like_those_of_the_project():
    _, paths, describe = changed(
        sources={"own": SOURCE}, checkpoints={"own": {"source": "own"}}, extractors={"how_r18": {"checkpoint": "own"}}
    )
    assert describe.extractor("how_r18")["checkpoint"] == "data/downloads/own/x.pth"
    assert paths.extractor_inputs("how_r18") == ["data/downloads/own.receipt.json"]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("oxbuild_images", {}, "config.sources.oxbuild_images: config/sources.yaml has a file of this name"),
        ("own", {"file": "oxbuild_images-v1.tgz"}, "own.file: oxbuild_images-v1.tgz is the file of oxbuild_images"),
        ("own", {"file": "../x"}, "sources.own: file is '../x'; expected a file name"),
        ("own", {"urls": ["file:///etc/passwd"]}, "expected http://, https:// or ftp:// addresses"),
        ("own", {"sha256": "12"}, "sha256 is '12'; expected lower-case hexadecimal digits"),
        ("own", {"licence": None}, "licence"),
        ("own", {"licences": "MIT"}, "unknown key 'licences'; did you mean 'licence'"),
    ],
)  # fmt: skip
def test_a_download_that_is_declared_wrongly_is_refused(name, change, message):
    with pytest.raises(DataError, match=message):
        changed(sources={name: {**SOURCE, **change}})


def test_a_codebook_that_was_made_needs_no_features_and_its_other_seeds_are_trained(weights):
    values, *_ = changed(codebooks={"rootsift": {"file": weights}})
    studied = with_codebook_seeds(values)["codebooks"]
    assert studied["rootsift"]["file"] == weights
    assert studied["rootsift.seed1"]["file"] is None and studied["rootsift.seed1"]["seed"] == 1

"""A verdict is given only where an experiment was run as the published one."""

import copy

import pytest
from shipped import published, read, shipped_config

from reprise.pipeline.comparability import deviations

PUBLISHED = published()["how_table2"]
DATASETS = ["roxford5k", "roxford5k+r1m", "rparis6k", "rparis6k+r1m"]


@pytest.fixture
def config():
    return copy.deepcopy(read(shipped_config()).values())


@pytest.mark.parametrize("suffix", ["", "_trained"])
@pytest.mark.parametrize("name", ["how_r18_1000", "how_r50-_1000", "how_r50-_2000"])
def test_the_shipped_experiments_are_run_as_published(config, name, suffix):
    assert deviations(config, PUBLISHED, name + suffix, DATASETS) == []


def test_a_training_with_other_settings_deviates(config):
    config["trainings"]["how_r18"]["learning_rate"] = 1e-5
    found = deviations(config, PUBLISHED, "how_r18_1000_trained", DATASETS)
    assert found == ["training: learning_rate 1e-05 instead of 5e-06"]


@pytest.mark.parametrize(
    "path, value, expected",
    [
        (["experiments", "how_r18_1000", "asmk", "alpha"], 2.0, "experiment: alpha 2.0 instead of 3.0"),
        (["extractors", "how_r18", "scales"], [1.0], "extractor: scales"),
        (["extractors", "how_r18_single", "scales"], [1.0, 0.5], "codebook extractor: scales"),
        (["codebooks", "how_r18_1000", "iterations"], 1, "codebook: iterations 1 instead of 10"),
        (["codebooks", "how_r18_1000", "size"], 65536, None),
        (["codebooks", "how_r18_1000", "dataset"], "sfm120k_train", "codebook dataset: first None instead of 20000"),
        (["checkpoints", "how_r18", "source"], "how_r50-", "checkpoint: source how_r50- instead of how_r18"),
        (["checkpoints", "how_r18", "origin"], "trained", "checkpoint: origin"),
        (["datasets", "roxford5k", "images"], "paris6k", "roxford5k: images paris6k instead of oxford5k"),
    ],
)
def test_what_deviates_is_named(config, path, value, expected):
    entry = config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    found = deviations(config, PUBLISHED, "how_r18_1000", DATASETS)
    assert any(text.startswith(expected) for text in found) if expected else found == []


def test_an_experiment_of_which_nothing_is_known_deviates(config):
    assert deviations(config, PUBLISHED, "rootsift", DATASETS)


def test_a_second_reranker_is_nothing_that_was_published(config):
    assert deviations(config, published()["ames"], "dinov2_ames", ["roxford5k"]) == []
    config["experiments"]["dinov2_ames"]["ranking"] = "dinov2_ames_dist"
    assert deviations(config, published()["ames"], "dinov2_ames", ["roxford5k"])


@pytest.mark.parametrize("table", ["hardnet_oxford5k", "hardnet_paris6k"])
def test_the_shipped_searches_of_detected_features_are_run_as_published(config, table):
    entry = config["tables"][table]
    for experiment in entry["experiments"]:
        assert deviations(config, published()["hardnet_retrieval"], experiment, entry["datasets"]) == []


@pytest.mark.parametrize("table", ["fpr95", "hpatches_patches"])
def test_the_shipped_comparisons_of_patches_are_as_published(config, table):
    numbers = published()[table]
    assert set(numbers["values"]) <= set(config["tables"][table]["experiments"])
    for experiment in numbers["values"]:
        assert deviations(config, numbers, experiment, config["tables"][table]["datasets"]) == []


def test_a_training_with_augmentation_or_on_more_sets_deviates(config):
    training = config["trainings"]["hardnet_liberty"]
    training.update(augmentation=True, also={"more": "yosemite"})
    found = deviations(config, published()["fpr95"], "hardnet_liberty_trained_patches", ["notredame"])
    assert any("augmentation" in text for text in found) and any("also" in text for text in found)


@pytest.mark.parametrize(
    "path, value, experiment, expected",
    [
        (["detectors", "hessian_affine", "threshold"], 5.0, "hardnet++_qe_sv_oxford5k", "detector: threshold 5.0"),
        (["detectors", "hessian_affine", "image_size"], 1024, "rootsift_bow_oxford5k", "extractor: image_size 1024"),
        (["descriptors", "hardnet++", "checkpoint"], "hardnet_6brown", "hardnet++_bow_oxford5k", "checkpoint: source"),
        (["extractors", "hessian_affine_hardnet++", "descriptor"], "sift", "hardnet++_sv_oxford5k", "descriptor: type"),
        (
            ["codebooks", "hardnet++_paris6k", "dataset"],
            "oxford5k",
            "hardnet++_qe_oxford5k",
            "codebook dataset: images",
        ),
        (["codebooks", "rootsift_paris6k_hqe", "centre"], False, "rootsift_hqe_oxford5k", "codebook: centre False"),
    ],
)
def test_parts_of_detected_features_that_deviate_are_named(config, path, value, experiment, expected):
    entry = config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    found = deviations(config, published()["hardnet_retrieval"], experiment, ["oxford5k"])
    assert any(text.startswith(expected) for text in found), found


MATCHING = published()["hndesc_hpatches"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ([], None, None),
        (["descriptors", "hndesc_caps", "sampling"], "exact", "descriptor: sampling exact instead of legacy"),
        (["descriptors", "hndesc_caps", "pad_to_16"], True, "descriptor: pad_to_16 True instead of False"),
        (["detectors", "superpoint", "preparation"], "how", "extractor: preparation how instead of hndesc_detector"),
        (["detectors", "superpoint", "threshold"], 0.01, "detector: threshold 0.01 instead of 0.005"),
        (["detectors", "superpoint_640x480", "num_features"], 9, "framed extractor: num_features 9 instead of 1000"),
        (["checkpoints", "superpoint", "source"], "free", "detector checkpoint: source free instead of superpoint"),
        (["experiments", "hndesc_caps_sequences", "max_distance"], 0.7, "experiment: max_distance 0.7 instead of None"),
        (["datasets", "hpatches_sequences", "excluded"], [], "hpatches_sequences: excluded"),
    ],
)
def test_matching_that_deviates_is_named(config, path, value, expected):
    entry = config
    for key in path[:-1]:
        entry = entry[key]
    if path:
        entry[path[-1]] = value
    found = deviations(config, MATCHING, "hndesc_caps_sequences", ["hpatches_sequences"])
    assert (len(found) == 1 and found[0].startswith(expected)) if expected else found == []

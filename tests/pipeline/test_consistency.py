"""Entries of the configuration that do not fit each other are named with their remedy, before anything is planned."""

import copy

import pytest
from shipped import read, shipped_config

from reprise.storage.errors import DataError

# [the key that is changed], its new value, what the error says
FOLDERS = [
    (["images", "downloads"], {"archives": ["paris_1"], "flatten": True}, "the name of another folder"),
]
TABLES = [
    (["tables", "table2", "datasets"], ["sfm120k_train"], "'sfm120k_train' has no ground truth"),
    (
        ["enlarged", "roxford5k"],
        {"dataset": "roxford5k", "distractors": "revisitop1m", "topk": 9},
        "dataset of this",
    ),
    (["tables", "fpr95", "datasets"], ["paris6k"], "paris6k has images, with which sift_patches has nothing to do"),
    (
        ["tables", "fpr95", "datasets"],
        ["hpatches_sequences"],
        "hpatches_sequences has pairs of images, with which sift_patches has nothing to do; give patches and pairs",
    ),
    (
        ["tables", "hndesc_hpatches", "datasets"],
        ["roxford5k"],
        "roxford5k has images, with which hndesc_caps_sequences has nothing to do",
    ),
    (
        ["tables", "rootsift", "datasets"],
        ["hpatches_sequences"],
        "hpatches_sequences has pairs of images, with which rootsift has nothing to do",
    ),
    (
        ["figures", "hpatches_mma", "table"],
        "table2",
        "hpatches_mma.table: how_r18_1000 of tables.table2 matches no",
    ),
    (["figures", "hpatches_mma", "dataset"], "roxford5k", "'roxford5k' is no dataset of tables.hndesc_hpatches"),
    (["tables", "rootsift", "datasets"], ["liberty"], "liberty has patches, with which rootsift has nothing to do"),
    (["trainings", "how_r18", "validation", "dataset"], "sfm120k_train", "has no ground truth to evaluate with"),
    (["calibrations", "dinov2", "dataset"], "revisitop1m", "'revisitop1m' has no ground truth"),
    (["enlarged", "roxford5k+r1m", "dataset"], "revisitop1m", "'revisitop1m' has no ground truth"),
]
TRAININGS = [
    (["trainings", "how_r18", "dataset"], "roxford5k", "'roxford5k' has no matching pairs"),
    (
        ["trainings", "hndesc_caps", "validation"],
        "roxford5k",
        "validation: 'roxford5k' has no keypoints of its imag",
    ),
    (
        ["trainings", "hardnet_liberty", "validation", "yosemite"],
        "paris6k",
        "validation.yosemite: 'paris6k' has no p",
    ),
    (["trainings", "hardnet_6brown", "also", "yosemite"], "paris6k", "also.yosemite: 'paris6k' has no p"),
    (["descriptors", "hardnet++", "checkpoint"], "how_r18_trained", "system how; name a checkpoint of hardnet"),
    (
        ["extractors", "how_r18", "checkpoint"],
        "dinov2_ames_trained",
        "extractors.how_r18.checkpoint: 'dinov2_ames_trained' comes from .*'dinov2_ames' of the system ames",
    ),
    (
        ["checkpoints", "x"],
        {"origin": "trained", "training": "how_r18", "part": "detector"},
        "x.part: a training of the system how makes no detector",
    ),
    (["trainings", "dinov2_ames", "descriptors"], 500, "500 is more than the 400 that extractors.dinov2_400 keeps"),
    (["trainings", "dinov2_ames_dist", "teacher"], "how_r18_trained", "name a checkpoint of ames"),
]
EXPERIMENTS = [
    (
        ["experiments", "rootsift", "num_features"],
        5000,
        "5000 is more than the 1000 that extractors.rootsift",
    ),
    (["experiments", "how_r18_1000", "codebook"], "how_r50-_1000", "trained on features of another network"),
    (
        ["experiments", "rootsift_sequences", "framed"],
        "sift_rootsift",
        r"rootsift_sequences\.framed: extractors\.sift_rootsift does not stretch images to 640 x 480 pixels; set",
    ),
    (
        ["experiments", "rootsift_sequences", "framed"],
        "r2d2_640x480",
        r"framed: extractors\.r2d2_640x480 has another descriptor than extractors\.sift_rootsift; name one",
    ),
    (
        ["experiments", "rootsift_sequences", "extractor"],
        "sift_rootsift_640x480",
        r"extractor: extractors\.sift_rootsift_640x480 stretches images; name one without forced_size",
    ),
    (
        ["experiments", "dinov2_ames", "steps", "ames", "num_features"],
        601,
        "601 is more than the 600 that rerankers",
    ),
    (["experiments", "dinov2_ames", "ranking"], "dinov2_ames", "re-ranks itself: dinov2_ames <- dinov2_ames"),
    (
        ["tables", "hndesc_retrieval", "datasets"],
        ["oxford5k"],
        "gem_r101, which gem_r101.* has no file for oxford5k",
    ),
]
FEATURES = [
    (["rerankers", "dinov2_ames", "extractor"], "how_r18", "needs descriptors of dimension 768, how_r18 has 128"),
    (
        ["rerankers", "dinov2_ames", "checkpoint"],
        "cvnet_ames",
        "needs descriptors of dimension 1024, dinov2 has 768",
    ),
    (
        ["trainings", "dinov2_ames_dist", "teacher"],
        "cvnet_ames",
        "teacher: cvnet_ames needs .* 1024, dinov2_400 has",
    ),
    (["neighbors", "dinov2", "extractor"], "how_r18", "how_r18 gives no global descriptor 'cls'; it gives none"),
    (["neighbors", "dinov2", "descriptor"], "mean", "no global descriptor 'mean'; it gives cls, global"),
    (["calibrations", "dinov2", "extractor"], "rootsift", "rootsift is of type rootsift, which has no local_space"),
    (["calibrations", "dinov2", "published"], "dinov2_400", "'dinov2_400' is not of type downloaded"),
    (["calibrations", "dinov2", "dataset"], "oxford5k", "dinov2_published.files has no 'queries' of oxford5k"),
    (
        ["tables", "ames", "datasets"],
        ["roxford5k", "roxford5k+r1m"],
        "ames: dinov2_published_ames: .*dinov2_published.files has no 'database' of revisitop1m",
    ),
    (["codebooks", "rootsift", "extractor"], "dinov2_published", "files has no 'database' of sfm120k_subset20k"),
]


@pytest.mark.parametrize("path, value, message", [*FOLDERS, *TABLES, *TRAININGS, *EXPERIMENTS, *FEATURES])
def test_what_does_not_fit_is_named(path, value, message):
    config = copy.deepcopy(shipped_config())
    entry = config
    for key in path[:-1]:
        entry = entry.setdefault(key, {})
    entry[path[-1]] = value
    with pytest.raises(DataError, match=message):
        read(config)

"""The configuration: what is shipped is right, and what is wrong is named with its remedy."""

import copy

import pytest
from paths import ROOT
from shipped import shipped_config

from reprise.downloads.sources import read_sources
from reprise.pipeline.config import check_config, check_schema, load_yaml
from reprise.storage.errors import DataError

SCHEMA = load_yaml(ROOT / "workflow" / "schemas" / "config.schema.yaml")
PUBLISHED = load_yaml(ROOT / "config" / "published.yaml")


@pytest.fixture
def config():
    return copy.deepcopy(shipped_config())


@pytest.fixture(scope="session")
def sources():
    return read_sources(ROOT / "config" / "sources.yaml")


def test_the_shipped_configuration_is_valid(config, sources):
    check_config(config, SCHEMA, sources, PUBLISHED)


def test_published_numbers_fit_their_schema():
    check_schema(PUBLISHED, load_yaml(ROOT / "workflow" / "schemas" / "published.schema.yaml"), "published")


@pytest.mark.parametrize(
    "path, value, message",
    [
        (["experiment"], {}, r"config: unknown key 'experiment'; did you mean 'experiments'\?"),
        (
            ["experiments", "rootsift", "asmk", "alhpa"],
            3,
            r"rootsift\.asmk: unknown key 'alhpa'; did you mean 'alpha'",
        ),
        (
            ["experiments", "rootsift", "codebook"],
            "rootsfit",
            r"unknown name 'rootsfit'; did you mean 'rootsift'\?",
        ),
        (
            ["experiments", "rootsift", "asmk", "alpha"],
            "three",
            r"rootsift\.asmk\.alpha: 'three' is not of type",
        ),
        (
            ["experiments", "rootsift", "num_features"],
            5000,
            "5000 is more than the 1000 that extractors.rootsift",
        ),
        (["tables", "table2", "datasets"], ["roxford"], "unknown name 'roxford'; did you mean 'roxford5k'"),
        (["tables", "table2", "published"], "how_table", "did you mean 'how_table2'"),
        (["tables", "table2", "datasets"], ["sfm120k_train"], "'sfm120k_train' has no ground truth"),
        (["datasets", "roxford5k", "index"], "gnd_roxford", "did you mean 'gnd_roxford5k'"),
        (["datasets", "mine"], {"layout": "list", "chunks": 1}, "give either 'images'"),
        (["datasets", "mine"], {"layout": "list", "chunks": 1, "folder": "x"}, "key 'list' is missing"),
        (
            ["datasets", "a/b"],
            {"layout": "list", "chunks": 1, "folder": "x", "list": "y"},
            "'a/b' is no valid name",
        ),
        (["extractors", "rootsift", "scales"], [1.0], "rootsift: unknown key 'scales'"),
        (["extractors", "rootsift", "extractor"], "sift", "rootsift.extractor: 'sift' is not one of"),
        (["codebooks", "rootsift", "size"], "64K", "codebooks.rootsift.size"),
        (["codebooks", "rootsift", "size"], "0k", "codebooks.rootsift.size"),
        (["experiments", "how_r18_1000", "codebook"], "how_r50-_1000", "trained on features of another network"),
        (["datasets", "roxford5k", "first"], 100, "roxford5k.first: a benchmark cannot be cut"),
        (["images", "downloads"], {"archives": ["paris_1"], "flatten": True}, "the name of another folder"),
        (
            ["enlarged", "roxford5k"],
            {"dataset": "roxford5k", "distractors": "revisitop1m", "topk": 9},
            "dataset of this",
        ),
        (["checkpoints", "how_r18"], {"origin": "trained"}, "key 'training' is missing; name an entry of trainings"),
        (["checkpoints", "how_r18"], {"origin": "published"}, "key 'source' is missing; name a file of sources.yaml"),
        (["checkpoints", "how_r18", "training"], "how_r19", "unknown name 'how_r19'; did you mean 'how_r18'"),
        (["trainings", "how_r18", "trunk"], "imagenet_resnet19", "did you mean 'imagenet_resnet18'"),
        (["trainings", "how_r18", "dataset"], "roxford5k", "'roxford5k' has no matching pairs"),
        (["trainings", "how_r18", "whitening"], None, "a reduction .dim. starts with a whitening"),
        (["trainings", "how_r18", "validation", "dataset"], "sfm120k_train", "has no ground truth to evaluate with"),
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
        (["trainings", "how_r18", "batch"], 2001, "how_r18.batch: 2001 is more than the 2000 queries"),
        (["trainings", "dinov2_ames", "min_descriptors"], 400, "min_descriptors: has to be below descriptors, which"),
        (["trainings", "dinov2_ames", "descriptors"], 500, "500 is more than the 400 that extractors.dinov2_400 keeps"),
        (["trainings", "dinov2_ames_dist", "teacher"], "how_r18_trained", "name a checkpoint of ames"),
        (["trainings", "how_r18", "epoch"], 3, "unknown key 'epoch'; did you mean 'epochs'"),
    ],
)
def test_what_is_wrong_is_named(config, sources, path, value, message):
    entry = config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    with pytest.raises(DataError, match=message):
        check_config(config, SCHEMA, sources, PUBLISHED)


def test_a_missing_key_is_named(config, sources):
    del config["codebooks"]["rootsift"]["seed"]
    with pytest.raises(DataError, match=r"config\.codebooks\.rootsift: key 'seed' is missing"):
        check_config(config, SCHEMA, sources, PUBLISHED)


def test_all_errors_are_listed_at_once(config, sources):
    config["codebooks"]["rootsift"]["sede"] = 1
    config["experimints"] = {}
    with pytest.raises(DataError) as error:
        check_config(config, SCHEMA, sources, PUBLISHED)
    assert len(str(error.value).splitlines()) == 2

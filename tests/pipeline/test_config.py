"""The configuration: what is shipped is right, and what is wrong is named with its remedy."""

import copy
import re

import pytest
import yaml
from paths import ROOT
from shipped import published, read, shipped_config, sources

from reprise.pipeline import reranking
from reprise.pipeline.paths import Paths
from reprise.pipeline.reranking import Rerankings
from reprise.pipeline.spec.config import read_config
from reprise.pipeline.spec.published import read_published
from reprise.storage.errors import DataError


@pytest.fixture
def config():
    return copy.deepcopy(shipped_config())


@pytest.mark.parametrize("overlays", [(), ("mini.yaml",)])
def test_the_shipped_configuration_is_valid(overlays):
    read(shipped_config(*overlays))


def test_published_numbers_are_valid():
    patches, images = {"fpr95", "hpatches_patches"}, {"ames", "hardnet_retrieval", "how_table2"}
    hndesc = {"hndesc_hpatches", "hndesc_retrieval", "hndesc_tokyo"}
    assert set(published()) == patches | images | hndesc


@pytest.mark.parametrize(
    "path, value, message",
    [
        (["tolerance", "map"], 0, "how_table2.yaml.tolerance.map: 0 should be greater than 0"),
        (["values", "how_r18_1000", "roxford5k", "medium"], 175.1, "values.how_r18_1000.roxford5k.medium"),
        (["values", "how_r18_1000", "roxford5k"], {"mild": 75.1}, r"roxford5k\.mild"),
        (["setings"], {}, "unknown key 'setings'; did you mean 'settings'"),
    ],
)
def test_what_is_wrong_with_published_numbers_is_named(tmp_path, path, value, message):
    content = yaml.safe_load((ROOT / "config" / "published" / "how_table2.yaml").read_text())
    entry = content
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    (tmp_path / "how_table2.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(DataError, match=message):
        read_published(tmp_path)


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
            r"rootsift\.asmk\.alpha: 'three' should be a valid number",
        ),
        (["tables", "table2", "datasets"], ["roxford"], "unknown name 'roxford'; did you mean 'roxford5k'"),
        (["tables", "table2", "published"], "how_table", "did you mean 'how_table2'"),
        (["datasets", "roxford5k", "index"], "gnd_roxford", "did you mean 'gnd_roxford5k'"),
        (["datasets", "mine"], {"layout": "list", "chunks": 1}, "give either 'images'"),
        (["datasets", "mine"], {"layout": "list", "chunks": 1, "folder": "x"}, "key 'list' is missing"),
        (
            ["datasets", "mine"],
            {"layout": "list", "chunks": 1, "folder": "my {holiday}", "list": "y"},
            r"datasets\.mine\.folder: 'my \{holiday\}' has braces, which Snakemake takes for wildcards; rename it",
        ),
        (
            ["datasets", "mine"],
            {"layout": "list", "chunks": 1, "folder": "x", "list": "x/a{b.txt"},
            r"datasets\.mine\.list: 'x/a\{b\.txt' has braces",
        ),
        (
            ["datasets", "mine"],
            {"layout": "revisited", "chunks": 1, "folder": "x", "index": "gnd}.pkl"},
            r"datasets\.mine\.index: 'gnd\}\.pkl' has braces",
        ),
        (["data"], "/home/{me}/data", r"config\.data: '/home/\{me\}/data' has braces"),
        (["output"], "results{1}", r"config\.output: 'results\{1\}' has braces"),
        (
            ["datasets", "a/b"],
            {"layout": "list", "chunks": 1, "folder": "x", "list": "y"},
            "'a/b' is no valid name",
        ),
        (["extractors", "rootsift", "scales"], [1.0], "rootsift: unknown key 'scales'"),
        (["extractors", "rootsift", "type"], "sift", r"rootsift\.type: unknown name 'sift'; did you mean 'rootsift'"),
        (["codebooks", "rootsift", "size"], "64K", "codebooks.rootsift.size"),
        (["codebooks", "rootsift", "size"], "0k", "codebooks.rootsift.size"),
        (["datasets", "roxford5k", "first"], 100, "roxford5k.first: a benchmark cannot be cut"),
        (["checkpoints", "how_r18"], {"origin": "trained"}, "key 'training' is missing; name an entry of trainings"),
        (["checkpoints", "how_r18"], {"origin": "published"}, "key 'source' is missing; name a file of sources.yaml"),
        (["checkpoints", "hndesc_caps", "source"], "caps", "hndesc_caps: give either 'source', .* or 'archive'"),
        (["checkpoints", "hndesc_caps"], {"archive": "hndesc_models"}, "'archive' and 'member' belong together"),
        (["checkpoints", "hndesc_caps", "archive"], "hndesc_model", "unknown name .*; did you mean 'hndesc_models'"),
        (["checkpoints", "how_r18", "training"], "how_r19", "unknown name 'how_r19'; did you mean 'how_r18'"),
        (["trainings", "how_r18", "trunk"], "imagenet_resnet19", "did you mean 'imagenet_resnet18'"),
        (
            ["experiments", "rootsift_sequences", "steps"],
            {"sv": {"rerank": "hesaff_rootsift"}},
            "steps: pairs of images are not ranked; leave them out",
        ),
        (["experiments", "rootsift_sequences", "max_distance"], 3.0, r"rootsift_sequences\.max_distance: 3\.0 should"),
        (["datasets", "hpatches_sequences", "exclude"], [], "unknown key 'exclude'; did you mean 'excluded'"),
        (
            ["extractors", "superpoint_hndesc_caps", "preparation"],
            "how",
            "preparation: is a setting of the detector 'superpoint'; give it in that entry",
        ),
        (
            ["extractors", "superpoint_hndesc_caps", "descriptor_preparation"],
            "hndesc",
            "descriptor_preparation: unknown name 'hndesc'; did you mean 'hndesc_detector'",
        ),
        (["descriptors", "hardnet++", "type"], "hardnet9", "unknown name 'hardnet9'; did you mean 'hardnet"),
        (["experiments", "sift_patches", "descriptor"], "sfit", "unknown name 'sfit'; did you mean 'sift'"),
        (["experiments", "sift_patches", "clipped_energy"], 1.0, "clipped_energy: 1.0 should be less than 1"),
        (["trainings", "how_r18", "whitening"], None, "a reduction .dim. starts with a whitening"),
        (["trainings", "how_r18", "type"], "hwo", r"how_r18\.type: unknown name 'hwo'; did you mean 'how'"),
        (["trainings", "how_r18", "type"], "no.such", r"how_r18\.type: 'no.such' cannot be imported"),
        (["trainings", "dinov2_ames", "binarized"], True, "binarizer: a binarized network starts with the matrix"),
        (["trainings", "how_r18", "batch"], 2001, "how_r18.batch: 2001 is more than the 2000 queries"),
        (["trainings", "dinov2_ames", "min_descriptors"], 400, "min_descriptors: has to be below descriptors, which"),
        (["trainings", "how_r18", "epoch"], 3, "unknown key 'epoch'; did you mean 'epochs'"),
        (
            ["experiments", "dinov2_ames", "steps", "ames", "temperatur"],
            0.1,
            "dinov2_ames.steps.ames: unknown key 'temperatur'; did you mean 'temperature'",
        ),
        (
            ["experiments", "dinov2_ames", "steps", "ames", "rerank"],
            "dinov2_aems",
            "steps.ames.rerank: unknown name 'dinov2_aems'; did you mean 'dinov2_ames'",
        ),
        (["experiments", "rootsift", "steps"], {"search": {"rerank": "dinov2_ames"}}, "choose another name"),
        (["experiments", "rootsift", "steps"], {"a": {"shortlist": 3}}, "steps.a: key 'rerank' is missing"),
        (["experiments", "rootsift", "steps"], {"a": 3}, "steps.a: expected a mapping"),
        (["experiments", "rootsift", "steps"], {"a.b": {"rerank": "dinov2_ames"}}, "rootsift.steps.a.b"),
        (["experiments", "dinov2_ames", "steps"], {}, "dinov2_ames.steps: give one or more"),
        (["experiments", "dinov2_ames", "search"], "asmk", "dinov2_ames: unknown key 'ranking'"),
        (["experiments", "mine"], {"method": "x"}, "key 'search' is missing; .* or give 'ranking' in its place"),
        (["rerankers", "dinov2_ames", "scorer"], "aems", "unknown name 'aems'; did you mean 'ames'"),
        (["neighbors", "dinov2", "descriptor"], None, "key 'descriptor' is missing"),
        (["neighbors", "gem_r101", "members"], None, "'archive' and 'members' belong together"),
        (
            ["neighbors", "gem_r101", "extractor"],
            "dinov2",
            "give either 'extractor' .*, or the 'members' of an 'archive'",
        ),
        (["neighbors", "gem_r101", "archive"], "hndesc", "unknown name 'hndesc'"),
        (
            ["experiments", "sift_asmk_homography", "steps", "homography", "junk"],
            "first",
            "junk: .*'last' or 'kept'",
        ),
        (
            ["experiments", "mine"],
            {"like": "rootsfit"},
            r"mine\.like: unknown name 'rootsfit'; did you mean 'rootsift'",
        ),
        (["experiments", "rootsift", "like"], "rootsift", "is like itself: rootsift <- rootsift"),
        (["extractors", "rootsift", "type"], "no.such:Thing", "'no.such' cannot be imported"),
        (["extractors", "rootsift", "type"], "a b:Thing", "'a b:Thing' is no import path"),
        (["extractors", "rootsift", "type"], "json:Thing", "has no 'Thing'"),
        (["seed_study"], [1, 1], "seed_study: a seed is listed twice"),
        (["datasets", "roxford5k"], 3, r"datasets\.roxford5k: expected a mapping"),
        (["datasets"], 3, r"config\.datasets: expected a mapping"),
        (["datasets", "roxford5k", "layout"], None, r"roxford5k\.layout: unknown name 'None'"),
    ],
)
def test_what_is_wrong_is_named(config, path, value, message):
    entry = config
    for key in path[:-1]:
        entry = entry.setdefault(key, {})
    entry[path[-1]] = value
    with pytest.raises(DataError, match=message):
        read(config)


def test_a_missing_key_is_named(config):
    del config["codebooks"]["rootsift"]["dataset"]
    with pytest.raises(DataError, match=r"config\.codebooks\.rootsift: key 'dataset' is missing"):
        read(config)


def test_all_errors_are_listed_at_once(config):
    config["codebooks"]["rootsift"]["sede"] = 1
    config["experimints"] = {}
    with pytest.raises(DataError) as error:
        read(config)
    assert len(str(error.value).splitlines()) == 2


def test_what_is_wrong_is_said_once_for_all_entries_that_are_like_it(config):
    config["trainings"]["how_r18"]["epoch"] = 3
    config["experiments"]["dinov2_ames_600x10"]["steps"]["ames"]["shortlits"] = 3
    with pytest.raises(DataError) as error:
        read(config)
    assert str(error.value).splitlines() == [
        "config.trainings.how_r18: unknown key 'epoch'; did you mean 'epochs'?",
        "config.experiments.dinov2_ames_600x10.steps.ames: unknown key 'shortlits'; did you mean 'shortlist'?",
    ]


def test_an_experiment_is_a_ranking_per_step(config):
    step = {"rerank": "dinov2_ames", "shortlist": 9}
    config["experiments"]["both"] = {"like": "rootsift", "steps": {"first": step, "then": {**step, "shortlist": 3}}}
    found = {name: entry for name, entry in read(config).values()["experiments"].items() if name.startswith("both")}
    assert list(found) == ["both.search", "both.first", "both"]
    assert found["both.search"] == read(config).values()["experiments"]["rootsift"]
    assert [found[name]["ranking"] for name in ("both.first", "both")] == ["both.search", "both.first"]
    assert [found[name]["shortlist"] for name in ("both.first", "both")] == [9, 3]


@pytest.mark.parametrize("alpha", [3, 3.0])
def test_notation_makes_no_difference(config, alpha):
    config["experiments"]["rootsift"]["asmk"] = {"alpha": alpha}
    assert repr(read(config).values()["experiments"]["rootsift"]["asmk"]["alpha"]) == "3.0"


def test_like_takes_over_what_is_not_said(config):
    config["experiments"]["base"] = {"like": "rootsift", "asmk": {"alpha": 2.0, "idf": True}}
    config["experiments"]["mine"] = {"like": "base", "asmk": {"idf": False}}
    mine = read(config).values()["experiments"]["mine"]
    assert mine["asmk"]["alpha"] == 2.0 and mine["asmk"]["idf"] is False and mine["codebook"] == "rootsift"


def test_what_is_like_another_follows_the_changes_of_an_overlay(config):
    config["extractors"]["how_r18"]["image_size"] = 500
    assert read(config).values()["extractors"]["how_r18_single"]["image_size"] == 500


def test_the_dimension_of_a_trained_network_is_that_of_its_training(config):
    config["trainings"]["narrow"] = {"like": "how_r18", "dim": 64}
    config["checkpoints"]["how_r18"] |= {"origin": "trained", "training": "narrow"}
    config["rerankers"]["dinov2_ames"]["extractor"] = "how_r18"
    with pytest.raises(DataError, match="needs descriptors of dimension 768, how_r18 has 64"):
        read(config)


def test_settings_do_not_change_afterwards(config):
    settings = read(config).entries["experiments"]["rootsift"]
    with pytest.raises(ValueError, match="frozen"):
        settings.num_features = 3


def test_nothing_is_read_from_published_numbers(config):
    other = {name: {**entry, "values": {}, "settings": {}} for name, entry in published().items()}
    assert read_config(config, sources(), other).values() == read(config).values()


def test_scores_of_pairs_are_kept_under_names_that_files_may_have(config, monkeypatch):
    found = Rerankings(read(config).values())
    assert found.pairs("dinov2_ames_10") == "shortlist=1600,query_features=10,num_features=10"
    others = {value: {"label": value} for value in ("a/b", "{x}", "a b", "n" * 200, "plain")}
    names = {}
    for value, settings in others.items():
        monkeypatch.setattr(reranking, "pair_settings", lambda *_, settings=settings: settings)
        names[value] = found.pairs("dinov2_ames_10")
    assert names.pop("plain") == "shortlist=1600,label=plain" and len(set(names.values())) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names.values())


def test_where_junk_is_left_is_in_recipes_and_names_of_files_only_where_it_is_not_the_default(config):
    config["experiments"]["dinov2_ames"]["steps"]["ames"]["junk"] = "kept"
    found = Rerankings(read(config).values())
    kept, moved = "dinov2_ames", "dinov2_ames_dist"
    assert found.pairs(kept).startswith("shortlist=1600,junk=kept,") and "junk" not in found.pairs(moved)
    assert found.step(kept)["junk"] == "kept" and "junk" not in found.step(moved)
    assert found.pair_settings("dinov2_ames", found.pairs(kept))["junk"] == "kept"
    assert found.sweep(kept, {"shortlist": [100]})["junk"] == "kept"
    assert found.sweep(moved, {"shortlist": [100]}) == {"shortlist": [100]}


def test_the_shipped_experiments_of_homographies_leave_junk_in_its_place(config):
    spec = read(config)
    steps = [
        step
        for experiment in spec.entries["experiments"].values()
        for step in experiment.steps.values()
        if getattr(step, "rerank", None) and spec.entries["rerankers"][step.rerank].scorer == "homography"
    ]
    assert len(steps) >= 12 and {(step.junk, step.shortlist, step.threshold) for step in steps} == {("kept", 100, 5.0)}


def test_the_weights_of_superpoint_under_mit_replace_those_that_ask_for_consent(config):
    config["detectors"]["superpoint"]["checkpoint"] = "superpoint_mit"
    values = read(config).values()
    paths = Paths(values, sources())
    for extractor in ("superpoint_hndesc_caps", "superpoint_1024_hndesc_caps", "superpoint_1024_hndesc_r2d2"):
        networks = set(paths.networks(extractor).values())
        assert "superpoint_mit" in networks and "superpoint" not in networks
    assert paths.checkpoint("superpoint_mit").endswith("/superpoint_v6_from_tf.pth")

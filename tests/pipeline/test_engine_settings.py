"""Settings of the retrieval engines that do not fit each other."""

import copy

import pytest
from shipped import read, shipped_config

from reprise.storage.errors import DataError


@pytest.fixture
def config():
    """The shipped configuration with experiments of all engines."""
    result = copy.deepcopy(shipped_config())
    codebooks = result["codebooks"]
    codebooks["other"] = {**codebooks["rootsift"], "seed": 99}
    shared = {"extractor": "rootsift", "codebook": "rootsift"}
    result["rerankers"] |= {
        "words": {"scorer": "affine_words", **shared},
        "other_words": {"scorer": "affine_words", "extractor": "rootsift", "codebook": "other"},
        "nearest": {"scorer": "affine", "extractor": "rootsift"},
    }
    result["experiments"] |= {
        "bow": {"method": "BoW", "search": "bow", **shared},
        "bow_qe": {"method": "BoW + QE", "ranking": "bow", "steps": {"qe": {"expand": "words"}}},
        "bow_sv": {"method": "BoW + SV", "ranking": "bow", "steps": {"sv": {"rerank": "words"}}},
        "he": {"method": "HE", "search": "hamming", **shared},
        "he_qe": {"method": "HE + QE", "ranking": "he", "steps": {"qe": {"expand": "other_words"}}},
        "asmk_qe": {"method": "ASMK* + QE", "ranking": "rootsift", "steps": {"qe": {"expand": "other_words"}}},
        "global_qe": {"method": "QE", "ranking": "superglobal", "steps": {"qe": {"expand": "dinov2"}}},
    }
    return result


def test_they_are_read_with_the_published_defaults(config):
    values = read(config).values()["experiments"]
    assert values["bow"]["bow"] == {"query_assignments": 1, "topk": None} and values["bow"]["num_features"] is None
    assert values["he"]["hamming"]["votes"] == {
        "threshold": 48, "sigma": 32.0, "idf": True, "burst": True, "normalise": True,
    }  # fmt: skip
    assert (values["he"]["hamming"]["query_assignments"], values["he"]["hamming"]["expansion"]) == (3, None)
    assert (values["bow_sv"]["shortlist"], values["bow_sv"]["least"], values["bow_sv"]["threshold"]) == (1000, 4, 8.0)
    for name in ("bow_qe", "asmk_qe", "he_qe"):
        assert (values[name]["images"], values[name]["least"]) == (50, 15)
    assert (values["bow_qe"]["mean"], values["he_qe"]["new_words"]) == ("raw", 0.5)
    assert (values["global_qe"]["images"], values["global_qe"]["alpha"]) == (50, 3.0)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["experiments", "bow_qe", "steps", "qe"], {"expand": "wrds"}, r"steps\.qe\.expand.*did you mean 'words'"),
        (["experiments", "bow_qe", "steps", "qe"], {"expand": "nearest"}, "no reranker of the scorer affine_words"),
        (["experiments", "bow_qe", "steps", "qe"], {"expand": "other_words"}, "with the codebook 'rootsift'"),
        (["experiments", "asmk_qe", "steps", "qe"], {"expand": "words", "mean": "raw"}, "unknown key 'mean'"),
        (["experiments", "asmk_qe", "ranking"], "how_r18_1000", "the search has those of how_r18"),
        (["experiments", "asmk_qe", "ranking"], "rotsift", r"asmk_qe\.ranking.*did you mean 'rootsift'"),
        (["experiments", "asmk_qe", "ranking"], "asmk_qe", "re-ranks itself"),
        (["experiments", "he", "num_features"], 500, "has num_features None, the search 500"),
        (["experiments", "global_qe", "steps", "qe"], {"expand": "words"}, r"qe\.expand.*unknown name 'words'"),
        (["experiments", "global_qe", "steps", "qe"], {"expand": "dinov2_published"}, "are downloaded"),
        (["tables", "ames_distractors", "experiments"], ["asmk_qe"], "asmk_qe has steps after a search of"),
        (["experiments", "bow_qe", "steps", "qe"], {"expand": "words", "lest": 3}, "did you mean 'least'"),
        (["experiments", "bow_qe", "steps", "qe"], {"images": 3}, "key 'rerank' is missing"),
        (["experiments", "he", "hamming"], {"bits": 100}, "bits"),
        (
            ["rerankers", "words", "codebook"],
            "how_r18_500",
            "rerankers.words.codebook: 'how_r18_500' was trained on features of",
        ),
        (["rerankers", "words", "codebook"], "rotsift", "did you mean 'rootsift'"),
        (
            ["experiments", "rootsift_sv_oxford5k", "column"],
            "BoW",
            "rootsift_bow_oxford5k and rootsift_sv_oxford5k",
        ),
        (["codebooks", "rootsift", "centre"], True, "experiments.rootsift.codebook: 'rootsift' is centred, and asmk"),
    ],
)
def test_what_does_not_fit_is_named(config, path, value, message):
    entry = config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    with pytest.raises(DataError, match=message):
        read(config)


@pytest.mark.parametrize("experiment", ["bow", "bow_sv", "bow_qe", "he"])
def test_weights_of_words_are_not_shared_with_distractors(config, experiment):
    enlarged = next(iter(config["enlarged"]))
    config["tables"]["mine"] = {"title": "Mine", "experiments": [experiment], "datasets": [enlarged]}
    with pytest.raises(DataError, match=f"tables.mine: {experiment} uses idf, whose weights depend on all images"):
        read(config)

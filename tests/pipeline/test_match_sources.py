"""Where the matches of a gallery come from, for every kind of search and step."""

import pytest

from reprise.pipeline.match_sources import drawn_from, explained_settings

HAMMING = {"query_assignments": 3, "bits": 128, "votes": {"threshold": 48}, "expansion": None}
CONFIG = {
    "datasets": {"own": {"keep_features": True}, "passing": {"keep_features": False}},
    "rerankers": {name: {"scorer": name} for name in ("homography", "affine_words", "ames", "my.module:Scorer")},
    "experiments": {
        "asmk": {"search": "asmk"},
        "bow": {"search": "bow", "num_features": None, "bow": {"query_assignments": 1, "topk": 5}},
        "hamming": {"search": "hamming", "num_features": 900, "hamming": HAMMING},
        "hqe": {"search": "hamming", "hamming": {**HAMMING, "expansion": {"least": 5}}},
        "global": {"search": "global"},
        "verified": {"ranking": "global", "rerank": "homography"},
        "ames": {"ranking": "asmk", "rerank": "ames"},
        "plugin": {"ranking": "asmk", "rerank": "my.module:Scorer"},
        "expanded": {"ranking": "asmk", "expand": "affine_words"},
        "twice": {"ranking": "expanded", "expand": "affine_words"},
        "verified_expanded": {"ranking": "verified", "expand": "descriptors"},
        "global_expanded": {"ranking": "global", "expand": "descriptors"},
        "expanded_verified": {"ranking": "twice", "rerank": "affine_words"},
    },
}


@pytest.mark.parametrize(
    ("experiment", "source", "by", "note"),
    [
        ("asmk", "asmk", "asmk", ""),
        ("bow", "bow", "bow", ""),
        ("hamming", "hamming", "hamming", ""),
        ("hqe", "hqe", "hamming", "expanded query"),
        ("global", "global", None, "one global descriptor"),
        ("verified", "verified", "homography", ""),
        ("ames", "ames", None, "AMES compares"),
        ("plugin", "plugin", None, "no matches of keypoints"),
        ("expanded", "asmk", "asmk", "expanded query"),
        ("twice", "asmk", "asmk", "expanded query"),
        ("verified_expanded", "verified", "homography", "expanded query"),
        ("global_expanded", "global", None, "one global descriptor"),
        ("expanded_verified", "expanded_verified", "affine_words", ""),
    ],
)
def test_matches_are_those_of_what_compared_the_images(experiment, source, by, note):
    found = drawn_from(CONFIG, experiment, "own")
    assert (found.experiment, found.by) == (source, by)
    assert note in found.note and bool(found.note) == bool(note) and found.note.count(".") <= 1
    deleted = drawn_from(CONFIG, experiment, "passing")
    assert deleted.by is None and ("deleted after use" in deleted.note) == (by is not None)


def test_the_settings_of_a_search_are_those_that_its_score_hangs_on():
    assert explained_settings(CONFIG["experiments"]["bow"]) == {"num_features": None, "query_assignments": 1}
    assert explained_settings(CONFIG["experiments"]["hamming"]) == {
        "num_features": 900, "query_assignments": 3, "votes": {"threshold": 48},
    }  # fmt: skip

"""Matchings and experiments that locate queries: what does not fit each other is refused before anything is planned."""

import copy

import pytest
from shipped import read, shipped_config

from reprise.storage.errors import DataError

POSES = "sift_rootsift_poses"


@pytest.fixture(scope="module")
def shipped():
    return shipped_config()


@pytest.mark.parametrize(
    ("section", "name", "changes", "message"),
    [
        ("matchings", "superpoint_hndesc_caps", {"retrieval": None, "query_pairs": {}}, "(lists), or both"),
        ("matchings", "sift_rootsift", {"retrieval": "sift_patches"}, "sift_patches ranks no images; name an"),
        ("matchings", "sift_rootsift", {"retrieval": POSES}, f"{POSES} ranks no images; name an experiment that does"),
        (
            "matchings", "sift_rootsift", {"retrieval": None},
            f"matchings.sift_rootsift, of {POSES}, has neither 'query_pairs' of aachen_v1_1_held_out nor 'retrieval'",
        ),
        ("matchings", "sift_rootsift", {"query_pairs": {"aachen": "aachen_netvlad50"}}, "did you mean 'aachen_v1_1'"),
        ("experiments", POSES, {"matching": "rootsift_sift"}, "unknown name 'rootsift_sift'; did you mean"),
        ("experiments", POSES, {"localization": {"registration": "colmap"}}, "'pnp' or 'image_registrator'"),
        ("experiments", POSES, {"localization": {"min_inlier": 3}}, "did you mean 'min_inliers'"),
        ("experiments", POSES, {"steps": {"again": {"rerank": "x"}}}, "poses are not ranked; leave them out"),
        ("tables", "localization", {"datasets": ["roxford5k"]}, "roxford5k has images, with which"),
        ("tables", "rootsift", {"datasets": ["aachen_v1_1"]}, "aachen_v1_1 has poses, with which rootsift has nothing"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(shipped, section, name, changes, message):
    config = copy.deepcopy(shipped)
    config[section][name] |= changes
    with pytest.raises(DataError) as error:
        read(config)
    assert message in str(error.value)


def test_the_published_settings_differ_from_the_defaults_in_every_option(shipped):
    experiments = read(shipped).values()["experiments"]
    ours, published = (
        experiments[f"superpoint_hndesc_caps_poses{suffix}"]["localization"] for suffix in ("", "_published")
    )
    same = {key for key, value in ours.items() if published[key] == value}
    assert same == {"verification_error", "seed"}

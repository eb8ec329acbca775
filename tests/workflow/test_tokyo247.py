"""Tokyo 24/7 from a mirror under its real names to a table, re-ranked by homographies, on the smallest miniature."""

import csv

import numpy as np
import pytest
from workspace import Workspace

from reprise.formats.rankings import ALL, read_ranking

pytestmark = pytest.mark.workflow

TABLE = "results/hndesc_tokyo.csv"
OVERLAY = {
    "images": {"tokyo247_database": {"archives": ["tokyo247_03814"]}},
    "datasets": {"tokyo247": {"chunks": 1}},
    "detectors": {"sift": {"num_features": 200}},
    "codebooks": {"sift_rootsift": {"dataset": "tokyo247", "num_features": 50, "size": 16, "iterations": 2}},
    "rerankers": {"hndesc_caps": {"chunks": 1}},
    "experiments": {
        "sift_asmk": {"num_features": 50},
        "sift_asmk_homography": {"steps": {"homography": {"shortlist": 10}}},
    },
    "tables": {"hndesc_tokyo": {"experiments": ["sift_asmk", "sift_asmk_homography"]}},
}


@pytest.fixture(scope="module")
def space(tiny_mirror, tmp_path_factory):
    space = Workspace(tmp_path_factory.mktemp("tokyo247"), {"mirror": str(tiny_mirror), **OVERLAY})
    space.run(targets=[TABLE])
    return space


def test_recall_is_measured_of_every_time_of_day_with_panoramas_and_without(space):
    rows = list(csv.DictReader((space.folder / TABLE).open()))
    assert len(rows) == 2 * (3 + 3 * 4)
    counts = {row["group"]: int(row["count"]) for row in rows}
    assert counts["all"] == 3 * counts["day"] == 3 * counts["sunset"] == 3 * counts["night"] > 0
    measured = {(row["method"], row["metric"], row["group"]): float(row["measured"]) for row in rows}
    for method in {row["method"] for row in rows}:
        for kind in ("recall", "panorama recall"):
            values = [measured[method, f"{kind}@{n}", "all"] for n in (1, 5, 10)]
            assert values == sorted(values) and 0 <= values[0] <= values[-1] <= 100
        # The first image is the first of its panorama.
        assert measured[method, "recall@1", "all"] == measured[method, "panorama recall@1", "all"]
    assert {row["published"] for row in rows} == {""}


def test_only_the_short_list_is_in_another_order(space):
    before, after = (
        read_ranking(space.folder / f"results/rankings/{name}/tokyo247.h5").lists
        for name in ("sift_asmk", "sift_asmk_homography")
    )
    assert list(after) == [ALL]
    np.testing.assert_array_equal(after[ALL].ranks[:, 10:], before[ALL].ranks[:, 10:])
    np.testing.assert_array_equal(np.sort(after[ALL].ranks[:, :10]), np.sort(before[ALL].ranks[:, :10]))

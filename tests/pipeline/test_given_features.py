"""Features that were computed elsewhere, as inputs of jobs and in their recipes."""

import numpy as np
import pytest
from shipped import merge, read, shipped_config, sources

from reprise.pipeline.descriptions import Descriptions
from reprise.pipeline.paths import Paths
from reprise.storage.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for name in ("b", "a", "sub/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.save(tmp_path / f"{name}.npy", np.ones((2, 4), np.float32))
    return tmp_path


def described(entry, **changes):
    config = shipped_config()
    merge(config, {"extractors": {"theirs": {"type": "files", **entry}}, **changes})
    values = read(config).values()
    return Descriptions(values, Paths(values, sources()))


def test_of_downloaded_images_every_file_is_an_input_because_their_list_comes_later(folder):
    describe = described({"local_files": {"roxford5k": str(folder)}})
    asked = "theirs", "roxford5k", "database", (3, 16)
    assert describe.given_files(*asked) == [str(folder / f"{name}.npy") for name in ("a", "b", "sub/c")]
    before = describe.given_images(*asked)
    assert before["own_images"] is False and before.keys() == {"own_images", "images_hash"}
    np.save(folder / "b.npy", np.zeros((3, 4), np.float32))
    assert described({"local_files": {"roxford5k": str(folder)}}).given_images(*asked) != before


def test_a_recipe_holds_what_concerns_its_split_alone(folder):
    (folder / "x.h5").write_bytes(b"1")
    entry = {"global_files": {"roxford5k": {"database": str(folder), "queries": str(folder / "x.h5")}}, "box": "ignore"}
    describe = described(entry)
    database, queries = (describe.given("theirs", "roxford5k", split) for split in ("database", "queries"))
    assert database["files"] == {"global": str(folder)} and "box" not in database
    assert queries["files"] == {"global": str(folder / "x.h5")} and queries["box"] == "ignore"
    assert database["shared"] == queries["shared"] == []
    told = describe.given_images("theirs", "roxford5k", "queries", (1, 1))
    assert told.keys() == {"own_images", "files_hash"}  # the same for all chunks, as their one file is


def test_what_is_not_there_is_named(folder):
    with pytest.raises(DataError, match=r"theirs: names no features of the database of rparis6k"):
        described({"local_files": {"roxford5k": str(folder)}}).given_files("theirs", "rparis6k", "database", (1, 1))
    for path, message in (("no.h5", "there is no such file"), ("none", "there is no such folder")):
        describe = described({"local_files": {"roxford5k": str(folder / path)}})
        with pytest.raises(DataError, match=f"{path}: {message}"):
            describe.given_files("theirs", "roxford5k", "database", (1, 16))


def test_a_table_needs_the_features_of_its_datasets(folder):
    changes = {
        "neighbors": {"theirs": {"extractor": "theirs", "descriptor": "global"}},
        "experiments": {"theirs": {"method": "Theirs", "search": "global", "neighbors": "theirs"}},
        "tables": {"theirs": {"title": "Theirs", "experiments": ["theirs"], "datasets": ["roxford5k", "rparis6k"]}},
    }
    with pytest.raises(
        DataError, match=r"tables.theirs: theirs: extractors.theirs.files has no 'database' of rparis6k"
    ):
        described({"global_files": {"roxford5k": str(folder)}}, **changes)
    local = {"local_files": {"roxford5k": str(folder)}}
    with pytest.raises(DataError, match=r"neighbors.theirs.descriptor: extractors.theirs gives no global descriptor"):
        described(local, neighbors=changes["neighbors"])
    for scorer, lacking in (("homography", "keypoints"), ("affine", "keypoints and scales")):
        with pytest.raises(DataError, match=f"the scorer {scorer} needs {lacking}, which features"):
            described(local, rerankers={"theirs": {"scorer": scorer, "extractor": "theirs"}})
    ames = {"theirs": {"scorer": "ames", "extractor": "theirs", "checkpoint": "dinov2_ames"}}
    with pytest.raises(DataError, match=r"needs descriptors of dimension 768, theirs has 4"):
        described({**local, "dim": 4}, rerankers=ames)
    described({**local, "dim": 768}, rerankers=ames)

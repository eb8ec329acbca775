"""The text lists of AMES, and Google Landmarks v2 from its lists and ground truth."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from reprise.datasets.gldv2 import query_groups, read_gldv2_test
from reprise.datasets.gldv2_train import read_gldv2_train
from reprise.datasets.image_lists import read_image_list
from reprise.datasets.reading import read_dataset
from reprise.storage.errors import DataError


def listing(path, text):
    path.write_text(text)
    return path


@pytest.fixture
def test_set(tmp_path):
    lines = "".join(f"index/{i}/a/b/{i}ab.jpg,800,{600 + i}\n" for i in range(4))
    (tmp_path / "gnd.pkl").write_bytes(pickle.dumps({"gnd": [{"ok": [3, 1]}, {"ok": np.array([0])}, {"ok": []}]}))
    return {
        "ground_truth": tmp_path / "gnd.pkl",
        "database": listing(tmp_path / "test_gallery.txt", lines),
        "queries": listing(tmp_path / "test_query.txt", "test/x.jpg,9,8\ntest/y.jpg,7,6\ntest/z.jpg,5,4"),
    }


def test_lists_with_labels(tmp_path):
    path = listing(tmp_path / "train.txt", "train/0/1/2/012f.jpg,203093,768,1024\ntrain/f/f/f/fff0.jpg,7,100,50")
    listed = read_gldv2_train(Path("/images"), path)
    assert listed.images.names == ["train/0/1/2/012f.jpg", "train/f/f/f/fff0.jpg"]
    assert listed.images.paths[0] == Path("/images/train/0/1/2/012f.jpg")
    assert listed.labels.tolist() == [203093, 7] and listed.labels.dtype == np.int64


def test_lists_without_labels(tmp_path):
    listed = read_image_list(listing(tmp_path / "x.txt", "test/a.jpg,768,1024\r\n"), {"test": Path("/t")})
    assert listed.labels is None
    assert listed.images.paths == [Path("/t/a.jpg")]
    with pytest.raises(DataError, match=r"x\.txt: has no labels"):
        read_gldv2_train(Path("/t"), tmp_path / "x.txt")


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "line 1 has 0 fields"),
        ("a.jpg\n", "line 1 has 1 fields"),
        ("a.jpg,1,2,3\nb.jpg,1,2\n", "line 2 is 'b.jpg,1,2', expected a path and 3 numbers"),
        ("a.jpg,1,2,3\n\nb.jpg,1,2,3\n", "line 2 is ''"),
        ("a.jpg,-1,2,3\n", "line 1 is"),
        ("a.jpg,1.5,2,3\n", "line 1 is"),
        ("a.jpg,1,2,3\nb.jpg,1,0,3\n", "line 2 has a width or height of 0"),
        ("a.jpg,1,2,3\na.jpg,1,2,3\n", "'a.jpg' is listed more than once"),
        ("../a.jpg,1,2,3\n", "no image name below the folder"),
    ],
)
def test_wrong_lists_are_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as error:
        read_image_list(listing(tmp_path / "list.txt", text), tmp_path)
    assert "list.txt" in str(error.value)


def test_folders_by_first_component(tmp_path):
    path = listing(tmp_path / "x.txt", "train/a.jpg,1,2\n")
    with pytest.raises(DataError, match="in none of the folders index, test"):
        read_image_list(path, {"index": tmp_path, "test": tmp_path})


def test_test_set(tmp_path, test_set):
    dataset = read_gldv2_test(tmp_path, **test_set, private_queries=2)
    assert dataset.database.names[3] == "index/3/a/b/3ab.jpg" and dataset.queries.names[2] == "test/z.jpg"
    assert [truth["ok"].tolist() for truth in dataset.ground_truth] == [[3, 1], [0], []]
    assert all(set(truth) == {"ok"} for truth in dataset.ground_truth) and dataset.truth == "landmarks"
    assert {name: members.tolist() for name, members in dataset.groups.items()} == {
        "public": [True, False, False], "private": [False, True, True], "combined": [True] * 3,
    }  # fmt: skip


@pytest.mark.parametrize("private", [0, 3, 7])
def test_queries_of_one_kind_are_all_public(private):
    assert {name: members.tolist() for name, members in query_groups(3, private).items()} == {"public": [True] * 3}


@pytest.mark.parametrize(
    "content, message",
    [
        ([1], "expected a dict with the key gnd"),
        ({"gnd": [{"ok": [0]}]}, "'gnd' has 1 entries for 3 lines"),
        ({"gnd": [{"ok": [0]}, 5, {"ok": [0]}]}, r"gnd\[1\]: expected a mapping"),
        ({"gnd": [{"ok": [0]}, {"ok": [4]}, {"ok": [0]}]}, r"gnd\[1\]: 'ok': holds an index outside"),
        ({"gnd": [{"ok": [0]}, {}, {"ok": [0]}]}, r"gnd\[1\]: 'ok'"),
    ],
)
def test_wrong_ground_truth_is_refused(tmp_path, test_set, content, message):
    test_set["ground_truth"].write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=message):
        read_gldv2_test(tmp_path, **test_set, private_queries=2)


def test_counts_of_queries_are_checked(tmp_path, test_set):
    with pytest.raises(DataError, match="private_queries is 750"):
        read_gldv2_test(tmp_path, **test_set)


def test_descriptions(tmp_path, test_set):
    description = {
        "layout": "gldv2", "images": {"index": "i", "test": "t"}, "index": str(test_set["ground_truth"]),
        "database": str(test_set["database"]), "queries": str(test_set["queries"]), "private_queries": 1,
    }  # fmt: skip
    dataset = read_dataset(description)
    assert dataset.database.paths[0] == Path("i/0/a/b/0ab.jpg") and dataset.groups["private"].sum() == 1
    train = listing(tmp_path / "train.txt", "train/a.jpg,5,1,1\ntrain/b.jpg,6,1,1\n")
    dataset = read_dataset({"layout": "gldv2_train", "images": "x", "index": str(train), "first": 1})
    assert dataset.database.paths == [Path("x/train/a.jpg")] and dataset.queries is None

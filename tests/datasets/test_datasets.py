"""Ground truth and lists of images in every layout, and what is wrong with them when they are wrong."""

import json
import pickle

import numpy as np
import pytest

from reprise.datasets.benchmarks import read_benchmark
from reprise.datasets.images import ImageList
from reprise.datasets.list import check_list, read_list
from reprise.datasets.reading import read_dataset
from reprise.datasets.sfm120k import cid_path, read_training_set
from reprise.datasets.val_eccv20 import read_validation_set
from reprise.storage.errors import DataError


def dump(path, content):
    path.write_bytes(pickle.dumps(content))
    return path


def revisited(**changes):
    entry = {"easy": [0], "hard": np.array([1]), "junk": [], "bbx": (1.0, 2.0, 30.5, 40.0)}
    entry.update(changes)
    return {"imlist": ["a", "b", "c"], "qimlist": ["q"], "gnd": [entry]}


def test_revisited_layout(tmp_path):
    dataset = read_benchmark(tmp_path / "jpg", dump(tmp_path / "gnd.pkl", revisited()), "revisited")
    assert dataset.database.paths[2] == tmp_path / "jpg" / "c.jpg"
    assert dataset.queries.boxes == [(1.0, 2.0, 30.5, 40.0)]
    assert {key: value.tolist() for key, value in dataset.ground_truth[0].items()} == {
        "easy": [0], "hard": [1], "junk": [],
    }  # fmt: skip


def test_queries_without_a_box_are_whole_images(tmp_path):
    dataset = read_benchmark(tmp_path, dump(tmp_path / "gnd.pkl", revisited(bbx=None)), "revisited")
    assert dataset.queries.boxes == [None]


def test_classic_layout_without_junk(tmp_path):
    content = {"imlist": ["a", "b"], "qimlist": ["a"], "gnd": [{"ok": [1], "bbx": None}]}
    dataset = read_benchmark(tmp_path, dump(tmp_path / "gnd.pkl", content), "classic")
    assert dataset.ground_truth[0]["junk"].size == 0


@pytest.mark.parametrize(
    "content, message",
    [
        ([1, 2], "expected a dict with the keys imlist"),
        (revisited(easy=[0.9]), r"gnd\[0\] \(q\): 'easy': expected a list of integers"),
        (revisited(easy=np.array([True, False])), "'easy': expected a list of integers"),
        (revisited(easy=None), "'easy': expected a list of indices, got NoneType"),
        (revisited(bbx="foo"), r"gnd\[0\]\['bbx'\]"),
        ({**revisited(), "gnd": 5}, "'gnd' is a int, expected a list"),
        ({**revisited(), "gnd": [7]}, r"gnd\[0\] \(q\): expected a mapping"),
        ({**revisited(), "imlist": "abc"}, "'imlist': expected a list of image names"),
        ({**revisited(), "qimlist": [], "gnd": []}, "'qimlist': no image is listed"),
        (revisited(easy=[3]), r"gnd\[0\] \(q\): 'easy': holds an index outside"),
        (revisited(bbx=(5, 5, 5, 9)), r"gnd\[0\]\['bbx'\]: expected x1, y1, x2, y2"),
        (revisited(bbx=(1, 2, float("nan"), 9)), r"gnd\[0\]\['bbx'\]"),
        ({**revisited(), "qimlist": ["q", "r"]}, "'gnd' has 1 entries for 2 queries"),
        ({**revisited(), "imlist": ["a", "../../b", "c"]}, r"'../../b' is no image name"),
        (
            {"imlist": ["a"], "qimlist": ["q"], "gnd": [{"ok": [0]}]},
            "'easy' is missing.*set the dataset's layout",
        ),
    ],
)
def test_wrong_ground_truth_is_named(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as error:
        read_benchmark(tmp_path, dump(tmp_path / "gnd.pkl", content), "revisited")
    assert "gnd.pkl" in str(error.value)


def test_cid_scheme(tmp_path):
    assert cid_path(tmp_path, "0123456789abcdef") == tmp_path / "ef" / "cd" / "ab" / "0123456789abcdef"


def test_training_set(tmp_path):
    part = {"cids": ["aaaaaa1", "bbbbbb2"], "cluster": [7, 7], "qidxs": [0], "pidxs": [1]}
    training = read_training_set(tmp_path, dump(tmp_path / "x.pkl", {"train": part, "val": part}), "train")
    assert training.images.names == part["cids"]
    assert training.clusters.tolist() == [7, 7]
    assert (training.queries.tolist(), training.positives.tolist()) == ([0], [1])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"cids": ["aaaaaa1", "../etc/passwd"]}, "no content hash"),
        ({"qidxs": [5]}, r"\['qidxs'\]: holds an index outside"),
        ({"cluster": [1]}, "lists of different lengths"),
    ],
)
def test_wrong_training_set_is_named(tmp_path, change, message):
    part = {"cids": ["aaaaaa1", "bbbbbb2"], "cluster": [7, 7], "qidxs": [0], "pidxs": [1], **change}
    with pytest.raises(DataError, match=message):
        read_training_set(tmp_path, dump(tmp_path / "x.pkl", {"train": part}), "train")


def test_a_training_set_without_clusters_is_named(tmp_path):
    part = {"cids": ["aaaaaa1"], "qidxs": [0], "pidxs": [0]}
    with pytest.raises(DataError, match="has no key 'cluster'"):
        read_training_set(tmp_path, dump(tmp_path / "x.pkl", {"train": part}), "train")


def test_validation_queries_are_database_images(tmp_path):
    content = {"cids": ["aaaaaa1", "bbbbbb2", "cccccc3"], "qidx": [2], "gnd": [{"ok": [0], "junk": [2]}]}
    dataset = read_validation_set(tmp_path, dump(tmp_path / "x.pkl", content))
    assert dataset.queries.names == ["cccccc3"]
    assert dataset.queries.boxes is None


def test_validation_indices_outside_are_named(tmp_path):
    content = {"cids": ["aaaaaa1"], "qidx": [0], "gnd": [{"ok": [4]}]}
    with pytest.raises(DataError, match=r"gnd\[0\].*'ok': holds an index outside"):
        read_validation_set(tmp_path, dump(tmp_path / "x.pkl", content))


def test_list(tmp_path):
    (tmp_path / "list.txt").write_text("a/1.jpg\n\nb.png\n")
    dataset = read_list(tmp_path, tmp_path / "list.txt")
    assert dataset.database.paths == [tmp_path / "a" / "1.jpg", tmp_path / "b.png"]
    assert dataset.queries is None


@pytest.mark.parametrize(
    "text, message",
    [
        ("\n", "no image is listed"),
        ("../a\n", "'../a' is no image name"),
    ],
)
def test_wrong_list_is_named(tmp_path, text, message):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        read_list(tmp_path, tmp_path / "list.txt")


def test_a_line_that_repeats_is_reported_and_counts_once(tmp_path, caplog):
    (tmp_path / "list.txt").write_text("b.jpg\na.jpg\nb.jpg\n b.jpg \n")
    assert read_list(tmp_path, tmp_path / "list.txt").database.names == ["b.jpg", "a.jpg"]
    assert "list.txt: 1 paths are listed more than once, and count once: b.jpg" in caplog.text


def test_a_list_is_checked_before_its_images_exist(tmp_path):
    (tmp_path / "list.txt").write_text("b.jpg\na.jpg\nb.jpg\n")
    check_list(tmp_path / "list.txt", tmp_path / "list.json")
    assert json.loads((tmp_path / "list.json").read_text()) == {"images": 2, "repeated": {"b.jpg": 2}}
    for text, message in (("Sorry, not found\n", "has no extension"), ("", "no image is listed")):
        (tmp_path / "list.txt").write_text(text)
        with pytest.raises(DataError, match=message):
            check_list(tmp_path / "list.txt", tmp_path / "list.json")


def test_first_images_of_a_dataset(tmp_path):
    (tmp_path / "list.txt").write_text("a\nb\nc\n")
    description = {"layout": "list", "images": str(tmp_path), "index": str(tmp_path / "list.txt"), "first": 2}
    assert read_dataset(description).database.names == ["a", "b"]


@pytest.mark.parametrize("size, count", [(10, 3), (2, 5), (0, 2), (7, 7)])
def test_chunks_cover_a_list_without_gaps(tmp_path, size, count):
    images = ImageList([str(i) for i in range(size)], [tmp_path / str(i) for i in range(size)])
    parts = [images.chunk(index, count) for index in range(1, count + 1)]
    assert [name for part in parts for name in part.names] == images.names
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_images_of_a_benchmark_may_be_of_any_format(tmp_path):
    images = tmp_path / "jpg"
    images.mkdir()
    for name in ("a.jpg", "a.png", "b.PNG", "c.tiff", "d.webp"):
        (images / name).write_bytes(b"")
    entry = {"easy": [0], "hard": [], "junk": []}
    content = {"imlist": ["a", "b", "c", "gone"], "qimlist": ["d.webp"], "gnd": [entry]}
    (tmp_path / "gnd.pkl").write_bytes(pickle.dumps(content))
    dataset = read_benchmark(images, tmp_path / "gnd.pkl", "revisited")
    assert [path.name for path in dataset.database.paths] == ["a.jpg", "b.PNG", "c.tiff", "gone.jpg"]
    assert [path.name for path in dataset.queries.paths] == ["d.webp"]
    (images / "b.gif").write_bytes(b"")
    with pytest.raises(DataError, match=r"'b' may be b.PNG or b.gif; keep one of them"):
        read_benchmark(images, tmp_path / "gnd.pkl", "revisited")

"""The Oxford and Paris buildings with the text files of their authors, and what is wrong with these when it is."""

import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image

from reprise.datasets.oxford import read_oxford
from reprise.datasets.reading import load_layout, read_dataset
from reprise.extractors.chunks import extract_images
from reprise.extractors.registry import load_extractor
from reprise.formats.features import open_features
from reprise.reporting.metrics import load_metric, metrics_for
from reprise.storage.errors import DataError

TEXTS = {
    "keble_2_query.txt": "oxc1_tower_2 136.5 34.1 648.5 955.7",
    "keble_2_good.txt": "tower_2\ntower_1\n",
    "keble_2_ok.txt": "\ntower_3\n",
    "keble_2_junk.txt": "",
    "all_souls_1_query.txt": "gate 1 2 30 40\n",
    "all_souls_1_good.txt": "gate\n",
    "all_souls_1_ok.txt": "",
    "all_souls_1_junk.txt": "tower_1\n",
    "README.txt": "not of a query",
}
IMAGES = ("tower_3", "tower_1", "tower_2", "gate")


@pytest.fixture
def folder(tmp_path):
    """jpg/ and gt/ of two queries."""
    for name in ("jpg", "gt"):
        (tmp_path / name).mkdir()
    for name in IMAGES:
        (tmp_path / "jpg" / f"{name}.jpg").touch()
    for name, text in TEXTS.items():
        (tmp_path / "gt" / name).write_text(text)
    return tmp_path


def as_lists(dataset):
    return [{key: values.tolist() for key, values in truth.items()} for truth in dataset.ground_truth]


def test_queries_lists_and_boxes(folder):
    dataset = read_oxford(folder / "jpg", folder / "gt")
    assert dataset.truth == "oxford"
    assert dataset.database.names == ["gate", "tower_1", "tower_2", "tower_3"]
    assert dataset.queries.names == ["all_souls_1", "keble_2"]
    assert [path.name for path in dataset.queries.paths] == ["gate.jpg", "tower_2.jpg"]
    assert dataset.queries.boxes == [(1, 2, 30, 40), (136.5, 34.1, 648.5, 955.7)]
    assert as_lists(dataset) == [{"good": [0], "ok": [0], "junk": [1]}, {"good": [1, 2], "ok": [1, 2, 3], "junk": []}]


def test_metrics_of_the_classic_protocol_give_the_same(folder):
    dataset = read_oxford(folder / "jpg", folder / "gt")
    ranks = np.array([[1, 2, 0, 3], [0, 3, 1, 2]])
    assert metrics_for(dataset.truth) == ["map_oxford"]
    own, classic = (
        load_metric(name).evaluate({"all": ranks}, dataset.ground_truth, groups={}, kappas=(1,)).score("mAP", "classic")
        for name in ("map_oxford", "map_classic")
    )
    assert own == classic and own.count == 2


def test_the_archive_is_read_as_it_was_downloaded(folder):
    archive = folder / "gt_files.tgz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder / "gt", "groundtruth")
    settings = load_layout("oxford").read(
        {"layout": "oxford", "folder": str(folder), "index": str(archive), "chunks": 1}, "mine"
    )
    dataset = read_dataset({**settings.described(), **settings.own_files("mine")})
    assert as_lists(dataset) == as_lists(read_oxford(folder / "jpg", folder / "gt"))


def test_pickles_have_good_images_among_those_that_are_ok(folder):
    content = {
        "imlist": ["gate", "tower_1", "tower_2"],
        "qimlist": ["tower_2"],
        "gnd": [{"bbx": [1, 2, 3, 4], "ok": [1, 2], "junk": [0]}],
    }
    (folder / "gnd.pkl").write_bytes(pickle.dumps(content))
    dataset = read_oxford(folder / "jpg", folder / "gnd.pkl")
    assert dataset.truth == "oxford" and dataset.queries.boxes == [(1, 2, 3, 4)]
    assert as_lists(dataset) == [{"good": [], "ok": [1, 2], "junk": [0]}]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("keble_2_query.txt", "oxc1_tower_2 1 2 3", "keble_2_query.txt: is 'oxc1_tower_2 1 2 3', expected an image"),
        ("keble_2_query.txt", "", "keble_2_query.txt: is '', expected"),
        ("keble_2_query.txt", "oxc1_tower_2 5 2 3 4", "expected x1 < x2"),
        ("keble_2_query.txt", "oxc1_tower_2 1 2 nan 4", "expected x1 < x2"),
        ("keble_2_query.txt", "tower_9 1 2 3 4", "'tower_9' is none of the 4 images"),
        ("keble_2_ok.txt", "tower_1\ntower_9\n", "keble_2_ok.txt: 'tower_9' is none of the 4 images"),
        ("keble_2_junk.txt", None, "keble_2_junk.txt: there is no such file"),
    ],
)
def test_what_is_wrong_is_named(folder, name, text, message):
    path = folder / "gt" / name
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_oxford(folder / "jpg", folder / "gt")


def test_a_query_box_outside_of_its_image_is_no_query(folder, tmp_path):
    """It may reach beyond the image, but has to hold a pixel of it; only who decodes the image can tell."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    for name in IMAGES:
        Image.fromarray(pixels).save(folder / "jpg" / f"{name}.jpg")
    extractor = load_extractor("detected")
    (folder / "gt" / "all_souls_1_query.txt").write_text("oxc1_gate 60.0 -5.0 500.0 90.0")
    queries = read_oxford(folder / "jpg", folder / "gt").queries.chunk(1, 2)
    extract_images(queries, extractor, tmp_path / "queries.h5", attributes={})
    with open_features(tmp_path / "queries.h5") as found:
        assert len(found.keypoints(0, 1)) > 0 and (found.keypoints(0, 1)[:, 0] >= 60).all()
    (folder / "gt" / "all_souls_1_query.txt").write_text("oxc1_gate 136.5 34.1 648.5 955.7")
    queries = read_oxford(folder / "jpg", folder / "gt").queries.chunk(1, 2)
    with pytest.raises(DataError, match=r"gate\.jpg: the box .*136\.5.* holds no pixel of the image of 120 x 90"):
        extract_images(queries, extractor, tmp_path / "none.h5", attributes={})
    assert not (tmp_path / "none.h5").exists()


def test_other_files_are_no_ground_truth(folder):
    with pytest.raises(DataError, match="there is no such folder, archive or pickle"):
        read_oxford(folder / "jpg", folder / "nothing")
    with pytest.raises(DataError, match="holds no file named"):
        read_oxford(folder / "jpg", folder / "jpg")
    (folder / "torn.tgz").write_bytes(b"\x1f\x8b torn")
    with pytest.raises(DataError, match=r"torn.tgz: damaged or no archive"):
        read_oxford(folder / "jpg", folder / "torn.tgz")

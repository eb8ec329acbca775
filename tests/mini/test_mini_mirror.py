"""The mirror as a whole: its files, their structures, and that they are the same every time."""

import hashlib
import io
import json
import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image

from reprise.datasets.gldv2 import read_gldv2_test
from reprise.datasets.gldv2_train import read_gldv2_train
from reprise.datasets.oxford import read_oxford
from reprise.mini.releases.mirror import draw_mirror
from reprise.mini.releases.parts import PARTS, part_of
from reprise.mini.releases.retrieval_sfm import cid_path
from reprise.mini.world.sizes import MiniParameters, tiny
from reprise.storage.errors import DataError

FILES = {
    *("oxbuild_images-v1.tgz", "paris_1-v1.tgz", "paris_2-v1.tgz"),
    *("gt_files_170407.tgz", "paris_120310.tgz"),
    *("gnd_oxford5k.pkl", "gnd_paris6k.pkl", "gnd_roxford5k.pkl", "gnd_rparis6k.pkl"),
    *("ims.tar.gz", "retrieval-SfM-120k.pkl", "retrieval-SfM-120k-whiten.pkl", "retrieval-SfM-30k-whiten.pkl"),
    *("retrieval-SfM-120k-val-eccv2020.pkl", "revisitop1m.1.tar.gz", "revisitop1m.2.tar.gz", "revisitop1m.txt"),
    *("train/images_000.tar", "train/images_001.tar", "index/images_000.tar", "test/images_000.tar"),
    *("gldv2/train_750k.txt", "gldv2-test/test_gallery.txt", "gldv2-test/test_query.txt"),
    "gldv2-test/gnd_gldv2-test.pkl",
    *(f"patchdata/{name}.zip" for name in ("liberty", "notredame", "yosemite")),
    *("database_gsv_vga/03814.tar", "247query_subset_v2.zip", "netvlad_v100_datasets.tar.gz"),
    "hndesc_training_data",
    *("hpatches-release.zip", "utils/splits.json", "hpatches-sequences-release.zip"),
    *(f"retr_{kind}_split-{split}.csv" for kind in ("queries", "distractors")
      for split in ("full", "illum", "view", "a", "b", "c")),
    *("images/database_and_query_images.zip", "aachen_v1_1.zip", "aachen_v1.1/pairs-query-netvlad50.txt"),
    *("queries/day_time_queries_with_intrinsics.txt", "queries/night_time_queries_with_intrinsics.txt"),
}  # fmt: skip
MANIFESTS = {f"{part}.json" for part in PARTS}
CAMERAS = {f"{part}.cameras.json" for part in PARTS}
TOKYO = ("database_gsv_vga/03814.tar", "netvlad_v100_datasets.tar.gz")  # see test_mini_tokyo247.py
TEXTS = {"oxford5k": "gt_files_170407.tgz", "paris6k": "paris_120310.tgz"}
ARCHIVES = {"oxford5k": ["oxbuild_images-v1.tgz"], "paris6k": ["paris_1-v1.tgz", "paris_2-v1.tgz"]}


def read_archive(folder, *names):
    contents = {}
    for name in names:
        with tarfile.open(folder / name) as archive:
            for member in archive:
                if member.isfile():
                    assert member.name not in contents
                    contents[member.name] = archive.extractfile(member).read()
    return contents


def read_pickle(path):
    return pickle.loads(path.read_bytes())


def flat(contents):
    stems = [path.split("/")[-1].removesuffix(".jpg") for path in contents]
    assert len(set(stems)) == len(stems)
    return dict(zip(stems, contents.values(), strict=True))


def listed(folder, part):
    return json.loads((folder / f"{part}.json").read_text())["files"]


def test_every_file_is_there_and_listed(tiny_mirror):
    files = {str(path.relative_to(tiny_mirror)) for path in tiny_mirror.rglob("*") if path.is_file()}
    assert files == FILES | CAMERAS | MANIFESTS
    for part in PARTS:
        manifest = json.loads((tiny_mirror / f"{part}.json").read_text())
        assert set(manifest["files"]) == {file for file in FILES if part_of(file) == part} | {f"{part}.cameras.json"}
        assert manifest["seed"] == 5 and MiniParameters(**manifest["parameters"]) == tiny()
        for name, entry in manifest["files"].items():
            content = (tiny_mirror / name).read_bytes()
            assert entry == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_is_the_same_to_the_byte(tiny_mirror, tmp_path, part):
    draw_mirror(tmp_path, [part], seed=5, parameters=tiny())
    drawn = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert drawn == {*listed(tiny_mirror, part), f"{part}.json"}
    for name in drawn:
        assert (tmp_path / name).read_bytes() == (tiny_mirror / name).read_bytes(), name


def test_only_drawn_files_belong_to_a_part():
    assert part_of("how_r18.pth") is None and part_of("gnd_roxford5k.mat") is None


def test_another_seed_draws_other_bytes(tiny_mirror, tmp_path):
    draw_mirror(tmp_path, seed=6, parameters=tiny())
    for part in PARTS:
        first, second = (listed(folder, part) for folder in (tiny_mirror, tmp_path))
        assert all(first[name]["sha256"] != second[name]["sha256"] for name in first)


@pytest.mark.parametrize("dataset", ARCHIVES)
def test_revisited_ground_truth(tiny_mirror, dataset):
    truth = read_pickle(tiny_mirror / f"gnd_r{dataset}.pkl")
    images = flat(read_archive(tiny_mirror, *ARCHIVES[dataset]))
    assert set(truth) == {"imlist", "qimlist", "gnd"}
    assert set(truth["imlist"]) | set(truth["qimlist"]) == set(images)
    assert not set(truth["imlist"]) & set(truth["qimlist"])
    assert len(truth["gnd"]) == len(truth["qimlist"])
    positives = 0
    for query, entry in zip(truth["qimlist"], truth["gnd"], strict=True):
        assert set(entry) == {"easy", "hard", "junk", "bbx"}
        listed = entry["easy"] + entry["hard"] + entry["junk"]
        assert len(set(listed)) == len(listed)
        assert all(0 <= index < len(truth["imlist"]) for index in listed)
        # Only photographs of the same landmark are anything but negative.
        assert all(truth["imlist"][index].rsplit("_", 1)[0] == query.rsplit("_", 1)[0] for index in listed)
        width, height = Image.open(io.BytesIO(images[query])).size
        x1, y1, x2, y2 = entry["bbx"]
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
        positives += len(entry["easy"]) + len(entry["hard"])
    assert positives > 0


@pytest.mark.parametrize("dataset", ARCHIVES)
def test_classic_ground_truth(tiny_mirror, dataset):
    truth, revisited = (read_pickle(tiny_mirror / f"gnd_{prefix}{dataset}.pkl") for prefix in ("", "r"))
    assert sorted(truth["imlist"]) == sorted(revisited["imlist"] + revisited["qimlist"])
    for query, entry, new in zip(truth["qimlist"], truth["gnd"], revisited["gnd"], strict=True):
        assert set(entry) == {"ok", "junk", "bbx"} and not set(entry["ok"]) & set(entry["junk"])
        ok = {truth["imlist"][index] for index in entry["ok"]}
        assert query in ok
        assert {revisited["imlist"][index] for index in new["easy"] + new["hard"]} <= ok


@pytest.mark.parametrize("dataset", ARCHIVES)
def test_text_files_say_the_same_as_the_classic_pickle(tiny_mirror, tmp_path, dataset):
    for name, content in flat(read_archive(tiny_mirror, *ARCHIVES[dataset])).items():
        (tmp_path / f"{name}.jpg").write_bytes(content)
    texts, pickled = (read_oxford(tmp_path, tiny_mirror / name) for name in (TEXTS[dataset], f"gnd_{dataset}.pkl"))
    assert texts.database == pickled.database
    assert len(texts.queries) == tiny().landmarks * tiny().queries
    order = [texts.queries.paths.index(path) for path in pickled.queries.paths]
    for place, (row, box) in enumerate(zip(order, pickled.queries.boxes, strict=True)):
        assert texts.queries.boxes[row] == box
        for key in ("ok", "junk"):
            np.testing.assert_array_equal(texts.ground_truth[row][key], pickled.ground_truth[place][key])


@pytest.mark.parametrize("dataset", ARCHIVES)
def test_good_images_are_easy_and_ok_images_hard(tiny_mirror, dataset):
    texts = {name: text.decode().split() for name, text in read_archive(tiny_mirror, TEXTS[dataset]).items()}
    truth = read_pickle(tiny_mirror / f"gnd_r{dataset}.pkl")
    numbers = {}
    for query, entry in zip(truth["qimlist"], truth["gnd"], strict=True):
        landmark = query.rsplit("_", 1)[0]
        numbers[landmark] = numbers.get(landmark, 0) + 1
        named, *box = texts.pop(f"{landmark}_{numbers[landmark]}_query.txt")
        assert named == ("oxc1_" if dataset == "oxford5k" else "") + query
        assert tuple(map(float, box)) == tuple(entry["bbx"]) and all("." in corner for corner in box)
        good, ok, junk = (texts.pop(f"{landmark}_{numbers[landmark]}_{kind}.txt") for kind in ("good", "ok", "junk"))
        easy, hard, unclear = ([truth["imlist"][i] for i in entry[key]] for key in ("easy", "hard", "junk"))
        assert query in good and good == sorted(good)
        # All queries are images of this database, and not of the revisited one.
        lists = [set(names) - set(truth["qimlist"]) for names in (good, ok, junk)]
        assert lists == [set(easy), set(hard), set(unclear)]
    assert not texts


def test_training_lists(tiny_mirror):
    images = read_archive(tiny_mirror, "ims.tar.gz")
    splits = read_pickle(tiny_mirror / "retrieval-SfM-120k.pkl")
    assert set(splits) == {"train", "val"}
    for split in splits.values():
        assert set(split) == {"cids", "cluster", "qidxs", "pidxs"}
        assert len(split["cids"]) == len(split["cluster"])
        assert len(split["qidxs"]) == len(split["pidxs"]) > 0
        for query, positive in zip(split["qidxs"], split["pidxs"], strict=True):
            assert split["cluster"][query] == split["cluster"][positive] and query != positive
    cids = splits["train"]["cids"] + splits["val"]["cids"]
    assert {cid_path(cid) for cid in cids} == set(images)
    assert all(hashlib.sha256(content).hexdigest().startswith(path[-32:]) for path, content in images.items())
    for name in ("retrieval-SfM-120k-whiten.pkl", "retrieval-SfM-30k-whiten.pkl"):
        whitening = read_pickle(tiny_mirror / name)
        assert set(whitening) == {"cids", "qidxs", "pidxs"} and set(whitening["cids"]) <= set(cids)
        assert min(whitening["qidxs"]) >= 0 and max(whitening["pidxs"]) < len(whitening["cids"])


def test_validation_queries(tiny_mirror):
    truth = read_pickle(tiny_mirror / "retrieval-SfM-120k-val-eccv2020.pkl")
    validation = read_pickle(tiny_mirror / "retrieval-SfM-120k.pkl")["val"]
    assert set(truth) == {"cids", "qidx", "gnd"} and set(truth["cids"]) == set(validation["cids"])
    assert len(truth["qidx"]) == len(truth["gnd"]) == tiny().validation_queries
    for query, entry in zip(truth["qidx"], truth["gnd"], strict=True):
        assert entry["ok"] and query in entry["junk"] and not set(entry["ok"]) & set(entry["junk"])


def test_distractors(tiny_mirror):
    images = read_archive(tiny_mirror, "revisitop1m.1.tar.gz", "revisitop1m.2.tar.gz")
    assert (tiny_mirror / "revisitop1m.txt").read_text().split() == sorted(images)
    assert all("/" in path and path.endswith(".jpg") for path in images)


def test_landmarks_have_ids_and_listed_sizes(tiny_mirror):
    listed = read_gldv2_train({"train": tiny_mirror}, tiny_mirror / "gldv2/train_750k.txt")
    images = read_archive(tiny_mirror, "train/images_000.tar", "train/images_001.tar")
    assert {f"train/{name}" for name in images} == set(listed.images.names)
    assert len(listed.images) == tiny().gldv2_landmarks * tiny().gldv2_views
    labels, counts = np.unique(listed.labels, return_counts=True)
    assert len(labels) == tiny().gldv2_landmarks and set(counts) == {tiny().gldv2_views}
    lines = (tiny_mirror / "gldv2/train_750k.txt").read_text().split()
    sizes = [tuple(map(int, line.split(",")[-2:])) for line in lines]
    for name, size in zip(listed.images.names, sizes, strict=True):
        content = images[name.removeprefix("train/")]
        identity = hashlib.sha256(content).hexdigest()[:16]
        assert name == f"train/{'/'.join(identity[:3])}/{identity}.jpg"
        assert Image.open(io.BytesIO(content)).size == size


def test_landmark_queries(tiny_mirror):
    lists = {
        "database": tiny_mirror / "gldv2-test/test_gallery.txt",
        "queries": tiny_mirror / "gldv2-test/test_query.txt",
    }
    truth = tiny_mirror / "gldv2-test/gnd_gldv2-test.pkl"
    dataset = read_gldv2_test(tiny_mirror, truth, **lists, private_queries=tiny().gldv2_test_landmarks)
    index, queries = (read_archive(tiny_mirror, f"{split}/images_000.tar") for split in ("index", "test"))
    assert {f"index/{name}" for name in index} == set(dataset.database.names)
    assert {f"test/{name}" for name in queries} == set(dataset.queries.names)
    assert len(queries) == tiny().gldv2_test_landmarks * tiny().gldv2_test_queries
    assert any(len(entry["ok"]) for entry in dataset.ground_truth)


def test_images_are_whole_and_of_the_given_size(tiny_mirror):
    for name in [name for name in FILES if name.endswith(("gz", ".tar")) and name not in (*TEXTS.values(), *TOKYO)]:
        size = tiny().gldv2_image_size if name.endswith(".tar") else tiny().image_size
        for content in read_archive(tiny_mirror, name).values():
            image = Image.open(io.BytesIO(content))
            pixels = np.asarray(image)
            assert image.format == "JPEG" and image.mode == "RGB" and max(image.size) == size
            assert pixels.std() > 2


def test_archives_hold_nothing_of_the_machine(tiny_mirror):
    for name in [name for name in FILES if name.endswith(("gz", ".tar"))]:
        if name.endswith("gz"):
            assert (tiny_mirror / name).read_bytes()[4:8] == bytes(4)  # the time in the header of gzip
        with tarfile.open(tiny_mirror / name) as archive:
            members = archive.getmembers()
        assert [member.name for member in members] == sorted(member.name for member in members)
        assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}


def test_interrupted_drawing_leaves_no_manifest(tiny_mirror, tmp_path, monkeypatch):
    for part in ("oxford5k", "paris6k"):
        (tmp_path / f"{part}.json").write_text("{}")

    def fail(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr("reprise.mini.releases.mirror.draw_all", fail)
    with pytest.raises(OSError, match="no space"):
        draw_mirror(tmp_path, ["oxford5k"], parameters=tiny())
    assert list(tmp_path.iterdir()) == [tmp_path / "paris6k.json"]


@pytest.mark.parametrize("arguments", [{"seed": -1}, {"parts": ["oxford"]}])
def test_senseless_arguments_are_refused(tmp_path, arguments):
    with pytest.raises(DataError, match="draw_mirror"):
        draw_mirror(tmp_path, parameters=tiny(), **arguments)


def test_senseless_parameters_are_refused():
    with pytest.raises(DataError, match="landmarks is 0"):
        MiniParameters(landmarks=0)

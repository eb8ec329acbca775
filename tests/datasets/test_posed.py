"""Layouts of images with known cameras: Aachen as it is published, and a COLMAP model of one's own."""

import shutil

import numpy as np
import pytest

from reprise.datasets.aachen import Layout as Aachen
from reprise.datasets.colmap import Layout as Colmap
from reprise.datasets.reading import read_dataset, read_scene
from reprise.formats.colmap_models import ModelCamera, ModelImage, write_cameras, write_images
from reprise.storage.errors import DataError

CAMERA = ModelCamera("PINHOLE", 64, 48, (50.0, 50.0, 32.0, 24.0))
NAMES = [f"db/{number}.jpg" for number in range(1, 8)] + ["sequences/a/1.png"]


def write_model(folder, names=NAMES):
    folder.mkdir(parents=True)
    poses = {
        number: ModelImage(name, 1, np.array([1.0, 0, 0, 0]), np.array([number, 0, 0.0]))
        for number, name in enumerate(names, 1)
    }
    write_cameras(folder / "cameras.bin", {1: CAMERA})
    write_images(folder / "images.bin", poses)


@pytest.fixture
def aachen(tmp_path):
    """The description of a release with the model in its published place."""
    write_model(tmp_path / "3D-models" / "aachen_v_1_1")
    (tmp_path / "day.txt").write_text("query/day/nexus4/a.jpg SIMPLE_RADIAL 1600 1200 1469.2 800 600 -0.03\n")
    (tmp_path / "night.txt").write_text("\nquery/night/nexus5x/b.jpg SIMPLE_RADIAL 1600 1200 1479.4 800 600 0.1\n")
    return {
        "layout": "aachen", "images": str(tmp_path), "day": str(tmp_path / "day.txt"),
        "night": str(tmp_path / "night.txt"),
    }  # fmt: skip


def own(folder, **keys):
    """The description of one's own model."""
    layout = Colmap.read({"layout": "colmap", "folder": str(folder), "chunks": 1, **keys}, "datasets.mine")
    return {**layout.described(), **layout.own_files("mine")}


def test_aachen_lists_the_images_of_the_model_and_queries_of_day_and_night(aachen, tmp_path):
    dataset, scene = read_dataset(aachen), read_scene(aachen)
    assert dataset.database.names == sorted(NAMES) == list(scene.references)
    assert dataset.database.paths[0] == tmp_path / "images_upright" / "db" / "1.jpg"
    assert dataset.queries.names == ["query/day/nexus4/a.jpg", "query/night/nexus5x/b.jpg"]
    assert {group: rows.tolist() for group, rows in dataset.groups.items()} == {
        "day": [True, False], "night": [False, True],
    }  # fmt: skip
    assert scene.truth == {}
    assert scene.cameras["query/day/nexus4/a.jpg"].params == (1469.2, 800, 600, -0.03)


def test_the_model_of_aachen_may_be_in_the_folder_of_other_packages(aachen, tmp_path):
    for name in ("cameras.bin", "images.bin"):
        shutil.move(tmp_path / "3D-models" / "aachen_v_1_1" / name, tmp_path / "3D-models" / name)
    assert len(read_scene(aachen).references) == 8
    (tmp_path / "3D-models" / "cameras.bin").unlink()
    with pytest.raises(DataError, match=r"there is no cameras.bin in 3D-models/aachen_v_1_1 or 3D-models; unpack"):
        read_scene(aachen)


def test_images_below_db_are_held_out_in_place_of_the_queries(aachen):
    scene = read_scene({**aachen, "held_out_every": 3})
    assert scene.queries == ["db/2.jpg", "db/5.jpg"]
    assert list(scene.truth) == scene.queries and not set(scene.queries) & set(scene.references)
    assert len(scene.references) == 6
    assert list(scene.groups) == ["held-out"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.jpg SIMPLE_RADIAL 10 10 5 5 5", "SIMPLE_RADIAL has 4 parameters, found 3"),
        ("a.jpg SIMPLE_RADIALS 10 10 5 5 5 0", "camera model: unknown name 'SIMPLE_RADIALS'; did you mean"),
        ("a.jpg PINHOLE 10 10 nan 5 5 5", "no parameters of a camera"),
        ("a.jpg PINHOLE 10", "is no camera model, width, height and parameters"),
        ("../a.jpg PINHOLE 10 10 5 5 5 5", "no image name below the folder"),
        ("db/1.jpg PINHOLE 10 10 5 5 5 5", "'db/1.jpg' of day is an image of the model, too"),
        ("query/night/nexus5x/b.jpg PINHOLE 10 10 5 5 5 5", "of night is a query of another list, too"),
    ],
)
def test_wrong_lines_of_queries_are_refused_with_their_place(aachen, tmp_path, line, message):
    (tmp_path / "day.txt").write_text(line + "\n")
    with pytest.raises(DataError, match=message):
        read_scene(aachen)


def test_a_list_of_queries_is_not_empty(aachen, tmp_path):
    (tmp_path / "day.txt").write_text("\n")
    with pytest.raises(DataError, match=r"day.txt: lists no query"):
        read_scene(aachen)


def test_a_model_of_ones_own_is_read_with_the_images_that_are_held_out(tmp_path):
    write_model(tmp_path / "sparse" / "0")
    (tmp_path / "held.txt").write_text("# two of them\ndb/3.jpg\nsequences/a/1.png\n")
    scene = read_scene(own(tmp_path, model="sparse/0", held_out=str(tmp_path / "held.txt")))
    assert scene.queries == ["db/3.jpg", "sequences/a/1.png"]
    assert scene.truth["db/3.jpg"].translation.tolist() == [3, 0, 0]
    dataset = read_dataset(own(tmp_path, model="sparse/0", held_out_every=4))
    assert dataset.queries.paths == [tmp_path / "images" / "db" / f"{number}.jpg" for number in (2, 6)]
    with pytest.raises(DataError, match="0 images of the model are left; withhold fewer"):
        read_scene(own(tmp_path, model="sparse/0", held_out_every=1))


def test_new_images_are_queries_of_a_model_of_ones_own(tmp_path):
    write_model(tmp_path / "sparse")
    (tmp_path / "new.txt").write_text("new/1.jpg PINHOLE 64 48 50 50 32 24\n")
    scene = read_scene(own(tmp_path, queries=str(tmp_path / "new.txt")))
    assert scene.queries == ["new/1.jpg"] and scene.truth == {} and len(scene.references) == 8


def test_names_that_the_model_has_not_are_refused(tmp_path):
    write_model(tmp_path / "sparse")
    (tmp_path / "held.txt").write_text("3.jpg\n")
    with pytest.raises(DataError, match=r"held.txt: '3.jpg' is none of the 8 images of the model"):
        read_scene(own(tmp_path, held_out=str(tmp_path / "held.txt")))


def test_names_in_a_model_do_not_lead_out_of_the_folder(tmp_path):
    write_model(tmp_path / "sparse", ["../../etc/passwd", "b.jpg"])
    with pytest.raises(DataError, match="is no image name below the folder"):
        read_scene(own(tmp_path, held_out_every=2))


def test_settings_say_what_is_located(tmp_path):
    with pytest.raises(DataError, match="give one of 'held_out', 'held_out_every' and 'queries'"):
        own(tmp_path)
    with pytest.raises(DataError, match="key 'folder' is missing"):
        Colmap.read({"layout": "colmap", "images": "x", "chunks": 1, "held_out_every": 2}, "datasets.mine")
    with pytest.raises(DataError, match="key 'night' is missing; name the file night_time_queries_with_intrinsics.txt"):
        Aachen.read({"layout": "aachen", "images": "x", "chunks": 1, "day": "d"}, "datasets.mine")


def test_other_layouts_have_no_poses(tmp_path):
    with pytest.raises(DataError, match="layout list has no poses"):
        read_scene({"layout": "list", "images": str(tmp_path), "index": str(tmp_path / "x")})

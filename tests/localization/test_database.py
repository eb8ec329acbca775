"""COLMAP databases: ours, those of other versions, and what is none."""

import sqlite3

import numpy as np
import pytest

from reprise.formats.colmap_models import ModelCamera
from reprise.localization.database import check_database, read_database, write_database
from reprise.localization.settings import LocalizationSettings
from reprise.storage.errors import DataError

SETTINGS = LocalizationSettings()


@pytest.fixture
def old(tmp_path):
    """A database as COLMAP made them before version 3.10, such as the published one of Aachen v1.1."""
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript("""
            CREATE TABLE cameras (camera_id INTEGER PRIMARY KEY, model INTEGER, width INTEGER, height INTEGER,
                                  params BLOB, prior_focal_length INTEGER);
            CREATE TABLE images (image_id INTEGER PRIMARY KEY, name TEXT, camera_id INTEGER, prior_qw REAL,
                                 prior_qx REAL, prior_qy REAL, prior_qz REAL, prior_tx REAL);
            CREATE TABLE keypoints (image_id INTEGER PRIMARY KEY, rows INTEGER, cols INTEGER, data BLOB);
        """)
        connection.execute(
            "INSERT INTO cameras VALUES (4, 2, 640, 480, ?, 1)", (np.array([500.0, 320, 240, 0.1]).tobytes(),)
        )
        connection.execute("INSERT INTO images (image_id, name, camera_id) VALUES (7, 'db/1.jpg', 4)")
        connection.execute("INSERT INTO keypoints VALUES (7, 12, 4, ?)", (b"",))
    connection.close()
    return path


def test_a_database_of_an_earlier_version_is_read_by_the_names_of_its_columns(old):
    before = old.read_bytes()
    stored = read_database(old)
    assert stored.numbers == {"db/1.jpg": 7} and stored.keypoints == {"db/1.jpg": 12}
    assert stored.cameras["db/1.jpg"] == ModelCamera("SIMPLE_RADIAL", 640, 480, (500.0, 320.0, 240.0, 0.1))
    assert old.read_bytes() == before and [path.name for path in old.parent.iterdir()] == ["old.db"]


def test_a_database_of_an_earlier_version_is_not_given_to_colmap(old, golden_scene):
    with pytest.raises(DataError, match=r"old.db: was made by another version of COLMAP \(it has no table rigs\)"):
        check_database(old, golden_scene.scene)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE cameras SET model = 77", "model number 77, which is not known"),
        ("UPDATE cameras SET params = 'text'", "parameters that are no numbers"),
        ("UPDATE cameras SET params = x'00'", "parameters that are no numbers"),
        ("UPDATE images SET camera_id = 9", "'db/1.jpg' has a camera that is not in the database"),
        ("ALTER TABLE images RENAME COLUMN name TO title", "the table images has no column name"),
        ("DROP TABLE cameras", "there is no table cameras"),
    ],
)
def test_damaged_databases_are_refused(old, change, message):
    with sqlite3.connect(old) as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(DataError, match=message):
        read_database(old)


def test_what_is_no_database_is_refused(tmp_path):
    with pytest.raises(DataError, match="there is no such file; it should be a COLMAP database"):
        read_database(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("this is no database, whatever its name says" * 100)
    with pytest.raises(DataError, match="text.db: cannot be read as a COLMAP database"):
        read_database(tmp_path / "text.db")


def test_our_database_has_the_images_of_the_scene_and_fits_it(golden_scene, tmp_path):
    path = golden_scene.database(tmp_path / "database.db")
    stored = check_database(path, golden_scene.scene)
    assert list(stored.numbers) == [*golden_scene.scene.references, *golden_scene.scene.queries]
    assert stored.keypoints == {name: len(points) for name, points in golden_scene.keypoints.items()}


def test_references_without_any_keypoint_are_refused(golden_scene, tmp_path):
    none = {name: points[:0] for name, points in golden_scene.keypoints.items()}
    write_database(tmp_path / "d.db", golden_scene.scene, iter(none.items()), iter([]), SETTINGS)
    with pytest.raises(DataError, match="no reference has a keypoint; look at the features of the extractor"):
        check_database(tmp_path / "d.db", golden_scene.scene)


def test_matches_of_other_features_are_refused_and_leave_no_file(golden_scene, tmp_path):
    (first, second, rows), *_ = golden_scene.matches
    fewer = {**golden_scene.keypoints, first: golden_scene.keypoints[first][:3]}
    with pytest.raises(
        DataError, match=rf"keypoint \d+ of '{first}' is matched, which has 3; matches and features are"
    ):
        write_database(
            tmp_path / "d.db", golden_scene.scene, iter(fewer.items()), iter([(first, second, rows)]), SETTINGS
        )
    assert not (tmp_path / "d.db").exists()

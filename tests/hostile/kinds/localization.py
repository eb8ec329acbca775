"""Files of localization: COLMAP models and databases, matches, located queries, lists of queries and of pairs."""

import sqlite3
from pathlib import Path

import numpy as np
from hostile.kinds.base import Kind, Sample, by_bytes, each, files, hdf5_damage

from reprise.datasets.posed import read_query_cameras
from reprise.formats.colmap_models import (
    ModelCamera,
    ModelImage,
    ModelPoints,
    read_cameras,
    read_images,
    read_points,
    write_cameras,
    write_images,
    write_points,
)
from reprise.formats.located import Located, read_located, write_located
from reprise.formats.matches import collect_matches, read_match_chunks, write_matches
from reprise.localization.database import read_database
from reprise.localization.pairs import read_pairs
from reprise.localization.triangulation import read_triangulated


def _models() -> list[Sample]:
    def write(folder: Path) -> None:
        camera = ModelCamera("SIMPLE_RADIAL", 640, 480, (500.0, 320.0, 240.0, -0.02))
        unit, points = np.array([1.0, 0, 0, 0]), np.array([0, -1, 1])
        images = {
            number: ModelImage(f"db/{number}.jpg", 1, unit, np.ones(3), np.ones((3, 2)), points) for number in (1, 2)
        }
        write_cameras(folder / "cameras.bin", {1: camera})
        write_images(folder / "images.bin", images)
        tracks = [np.array([[1, 0], [2, 0]]), np.array([[1, 2], [2, 2]])]
        write_points(folder / "points3D.bin", ModelPoints(np.arange(2), np.ones((2, 3)), tracks))

    return [files(write)]


def _read_model(folder: Path) -> None:
    read_images(folder / "images.bin", read_cameras(folder / "cameras.bin"))
    read_points(folder / "points3D.bin")
    model = read_triangulated(folder)
    for name in model.images:
        model.of_keypoints(name)


def _databases() -> list[Sample]:
    def write(folder: Path) -> None:
        connection = sqlite3.connect(folder / "x.db")
        connection.executescript(
            "CREATE TABLE cameras (camera_id INTEGER PRIMARY KEY, model INTEGER, width INTEGER, height INTEGER,"
            " params BLOB);"
            "CREATE TABLE images (image_id INTEGER PRIMARY KEY, name TEXT, camera_id INTEGER);"
            "CREATE TABLE keypoints (image_id INTEGER PRIMARY KEY, rows INTEGER);"
            "INSERT INTO images VALUES (1, 'a', 1), (2, 'b', 1); INSERT INTO keypoints VALUES (1, 3), (2, 4);"
        )
        connection.execute("INSERT INTO cameras VALUES (1, 0, 64, 48, ?)", (np.ones(3).tobytes(),))
        connection.commit()
        connection.close()

    return [files(write)]


def _matches() -> list[Sample]:
    def write(folder: Path) -> None:
        pairs, rows = [("a", "b"), ("a", "c")], [np.array([[0, 1], [2, 0]]), np.array([[1, 1]])]
        for number in range(2):
            part = collect_matches(pairs[number : number + 1], rows[number : number + 1])
            write_matches(folder / f"{number}.h5", part, {"recipe": "{}"}, first_pair=number, num_pairs=2)

    return [files(write)]


def _located() -> list[Sample]:
    def write(folder: Path) -> None:
        found = {"a": Located(np.array([1.0, 0, 0, 0, 1, 2, 3]), 20, 30, 2), "b": Located(None, 3, 9, 2)}
        write_located(folder / "x.json", found, {"recipe": {}})

    return [files(write)]


def _lists() -> list[Sample]:
    return [{"queries.txt": b"query/a.jpg SIMPLE_RADIAL 640 480 500 320 240 0.1\n", "pairs.txt": b"a b\nb c\n"}]


def _read_lists(folder: Path) -> None:
    read_query_cameras(folder / "queries.txt")
    read_pairs(folder / "pairs.txt")


KINDS = {
    "COLMAP model": Kind(_models, _read_model, by_bytes()),
    "COLMAP database": Kind(_databases, lambda folder: [read_database(path) for path in each(folder)], by_bytes()),
    "matches": Kind(_matches, lambda folder: list(read_match_chunks(each(folder))), hdf5_damage),
    "located queries": Kind(_located, lambda folder: [read_located(path) for path in each(folder)], by_bytes()),
    "lists of localization": Kind(_lists, _read_lists, by_bytes()),
}

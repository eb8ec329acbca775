"""COLMAP databases: written from features and matches, and looked at, read-only, before COLMAP opens them.

Databases of other versions differ in their columns (before 3.10 images had ``prior_*`` columns, from 3.12 on there are
rigs and frames), so that columns are found by their names.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reprise.datasets.posed import Scene
from reprise.formats.colmap_models import CAMERA_MODELS, ModelCamera, check_camera
from reprise.localization.colmap import colmap_camera, explained, load_pycolmap
from reprise.localization.pairs import Pair
from reprise.localization.settings import LocalizationSettings
from reprise.localization.verification import agree_with_poses, calibrated_geometry, verify_by_ransac
from reprise.storage.arguments import quoted
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError

_NEEDED = {
    "cameras": ("camera_id", "model", "width", "height", "params"),
    "images": ("image_id", "name", "camera_id"),
    "keypoints": ("image_id", "rows"),
}
#: Tables of the databases of COLMAP 3.12 and later, which pycolmap writes and takes.
_OF_THIS_VERSION = ("rigs", "frames")
_REMEDY = "delete it and run again"


@dataclass(frozen=True)
class StoredImages:
    """What a database says of its images.

    Attributes:
        numbers: name -> number
        cameras: name -> camera
        keypoints: name -> number of keypoints; without images that have no entry
    """

    numbers: Mapping[str, int]
    cameras: Mapping[str, ModelCamera]
    keypoints: Mapping[str, int]


def image_numbers(scene: Scene) -> dict[str, int]:
    """Return the numbers of the images of a scene in databases and models: references first, from 1."""
    return {name: number for number, name in enumerate([*scene.references, *scene.queries], 1)}


def camera_numbers(scene: Scene) -> dict[ModelCamera, int]:
    """Return the numbers of the cameras of a scene, of which equal ones are one."""
    used = (scene.cameras[name] for name in image_numbers(scene))
    return {camera: number for number, camera in enumerate(dict.fromkeys(used), 1)}


def write_database(
    path: str | os.PathLike,
    scene: Scene,
    keypoints: Iterator[tuple[str, np.ndarray]],
    matches: Iterator[tuple[str, str, np.ndarray]],
    settings: LocalizationSettings,
) -> None:
    """Write the cameras, images, keypoints, matches and verified matches of a scene into a new COLMAP database.

    Matches of queries are verified where COLMAP registers the queries, which reads no others.

    Args:
        path: the file
        scene: the references and the queries
        keypoints: name and keypoints (n, 2) of each image, in pixels as COLMAP should have them
        matches: the names of both images of each pair, and their matches (m, 2)
        settings: of the verification

    Raises:
        DataError: keypoints or matches of an image that is not in the scene, or a match of a keypoint that is not there
    """
    pycolmap = load_pycolmap()
    numbers, images = image_numbers(scene), dict[str, np.ndarray]()
    by_ransac: list[Pair] = []
    with atomic_path(path) as temporary, explained(str(path), _REMEDY):
        with pycolmap.Database.open(temporary) as database:
            with pycolmap.DatabaseTransaction(database):
                _write_images(pycolmap, database, scene, numbers)
                for name, points in keypoints:
                    images[name] = np.ascontiguousarray(points, np.float32)
                    database.write_keypoints(numbers[name], images[name])
            with pycolmap.DatabaseTransaction(database):
                for first, second, rows in tqdm(matches, "matches", unit="pair"):
                    _check_rows(path, images, (first, second), rows)
                    database.write_matches(numbers[first], numbers[second], rows.astype(np.uint32))
                    if _is_verified_by_ransac(scene, (first, second), settings):
                        by_ransac.append((first, second))
                    elif first in scene.references and second in scene.references:
                        matched = images[first][rows[:, 0]], images[second][rows[:, 1]]
                        kept = agree_with_poses(scene, (first, second), matched, settings.verification_error)
                        geometry = calibrated_geometry(rows[kept])
                        database.write_two_view_geometry(numbers[first], numbers[second], geometry)
        if by_ransac:
            verify_by_ransac(temporary, by_ransac, settings)


def read_database(path: str | os.PathLike) -> StoredImages:
    """Read the cameras and images of a COLMAP database of any version, without changing it.

    Raises:
        DataError: no such file, another kind of file, tables or columns that are missing, or an unknown camera model
    """
    with _connected(path) as connection:
        columns = {table: _columns(path, connection, table, names) for table, names in _NEEDED.items()}
        cameras = {}
        for number, model, width, height, params in connection.execute(f"SELECT {columns['cameras']} FROM cameras"):
            cameras[number] = _camera(f"{path}: camera {number}", model, width, height, params)
        images = connection.execute(f"SELECT {columns['images']} FROM images ORDER BY image_id").fetchall()
        counts = dict(connection.execute(f"SELECT {columns['keypoints']} FROM keypoints"))
    for number, name, camera in images:
        if not isinstance(number, int) or not isinstance(name, str):
            raise DataError(f"{path}: image {quoted(number)} has the name {quoted(name)}, which is no text; {_REMEDY}")
        if camera not in cameras:
            raise DataError(f"{path}: {quoted(name)} has a camera that is not in the database; {_REMEDY}")
    return StoredImages(
        {name: number for number, name, _ in images},
        {name: cameras[camera] for _, name, camera in images},
        {name: counts[number] for number, name, _ in images if number in counts},
    )


def check_database(path: str | os.PathLike, scene: Scene) -> StoredImages:
    """Check that COLMAP can take a database together with a scene: both have the same images and cameras.

    Raises:
        DataError: a database of another version or of other images, or references without any keypoint
    """
    with _connected(path) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables.issuperset(_OF_THIS_VERSION):
        raise DataError(
            f"{path}: was made by another version of COLMAP (it has no table {_OF_THIS_VERSION[0]}); {_REMEDY}, which "
            "makes it anew from features and matches"
        )
    stored, numbers = read_database(path), image_numbers(scene)
    if dict(stored.numbers) != numbers:
        raise DataError(
            f"{path}: has {len(stored.numbers)} images, which are not the {len(numbers)} of the dataset; {_REMEDY}"
        )
    different = next((name for name in numbers if stored.cameras[name] != scene.cameras[name]), None)
    if different is not None:
        raise DataError(f"{path}: {quoted(different)} has another camera than in the dataset; {_REMEDY}")
    if not any(stored.keypoints.get(name) for name in scene.references):
        raise DataError(
            f"{path}: no reference has a keypoint; look at the features of the extractor, whose images may be too dark "
            "or too small for it"
        )
    return stored


def _write_images(pycolmap: Any, database: Any, scene: Scene, numbers: Mapping[str, int]) -> None:
    """Write cameras with a rig each, and images with a frame each, whose numbers are theirs."""
    cameras = camera_numbers(scene)
    for camera, camera_number in cameras.items():
        database.write_camera(colmap_camera(camera, camera_number), use_camera_id=True)
        rig = pycolmap.Rig(rig_id=camera_number)
        rig.add_ref_sensor(pycolmap.sensor_t(pycolmap.SensorType.CAMERA, camera_number))
        database.write_rig(rig, use_rig_id=True)
    for name, number in numbers.items():
        used = cameras[scene.cameras[name]]
        image = pycolmap.Image(name=name, image_id=number, camera_id=used)
        frame = pycolmap.Frame(frame_id=number, rig_id=used)
        frame.add_data_id(image.data_id)
        database.write_frame(frame, use_frame_id=True)
        image.frame_id = number
        database.write_image(image, use_image_id=True)


def _is_verified_by_ransac(scene: Scene, pair: Pair, settings: LocalizationSettings) -> bool:
    references = sum(name in scene.references for name in pair)
    return (settings.verification == "ransac" and references == 2) or (
        settings.registration == "image_registrator" and references == 1
    )


def _check_rows(
    path: str | os.PathLike, images: Mapping[str, np.ndarray], names: Sequence[str], rows: np.ndarray
) -> None:
    for column, name in enumerate(names):
        if name not in images:
            raise DataError(f"{path}: {quoted(name)} is matched and has no features; {_REMEDY}")
        if len(rows) and rows[:, column].max() >= len(images[name]):
            largest = rows[:, column].max()
            raise DataError(
                f"{path}: keypoint {largest} of {quoted(name)} is matched, which has {len(images[name])}; "
                "matches and features are of different runs, delete the matches and run again"
            )


def _camera(where: str, model: Any, width: Any, height: Any, params: Any) -> ModelCamera:
    if model not in CAMERA_MODELS:
        raise DataError(f"{where} has the model number {quoted(model)}, which is not known; {_REMEDY}")
    if not isinstance(params, bytes) or len(params) % 8 or not isinstance(width, int) or not isinstance(height, int):
        raise DataError(f"{where} has parameters that are no numbers; {_REMEDY}")
    values = tuple(np.frombuffer(params, "<f8").tolist())
    return check_camera(ModelCamera(CAMERA_MODELS[model][0], width, height, values), where)


def _columns(path: str | os.PathLike, connection: sqlite3.Connection, table: str, names: Sequence[str]) -> str:
    """Return the names of columns for a query, after a look whether all of them are there."""
    found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    missing = sorted(set(names) - found)
    if missing:
        what = f"the table {table} has no column {missing[0]}" if found else f"there is no table {table}"
        raise DataError(f"{path}: {what}; it is no COLMAP database, or one of an unknown version: {_REMEDY}")
    return ", ".join(names)


@contextmanager
def _connected(path: str | os.PathLike) -> Iterator[sqlite3.Connection]:
    """Open a database read-only."""
    if not Path(path).is_file():
        raise DataError(f"{path}: there is no such file; it should be a COLMAP database")
    address = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            yield connection
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a COLMAP database ({error}); {_REMEDY}") from error

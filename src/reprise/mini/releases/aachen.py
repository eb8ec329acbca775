"""Aachen Day-Night: photographs of a few buildings by day and night, and the COLMAP model of those of the database.

The world is in metres: buildings are as large as real ones, and cameras stand some ten metres before them, so that the
bounds of the benchmark mean what they mean there. Unlike the real model, this one is exact: points are where they are
drawn, and keypoints are their projections.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from reprise.formats.colmap_models import (
    CAMERAS,
    IMAGES,
    POINTS,
    ModelCamera,
    ModelImage,
    ModelPoints,
    write_cameras,
    write_images,
    write_points,
)
from reprise.mini.releases.drawn import Scenes
from reprise.mini.releases.packing import write_zip
from reprise.mini.releases.writing import Release
from reprise.mini.world.camera import Camera
from reprise.mini.world.drawing import PIXELS_PER_DENSITY, jpeg
from reprise.mini.world.keys import generator
from reprise.mini.world.landmarks import points_in_space, shown
from reprise.mini.world.lighting import draw_light
from reprise.mini.world.points import corners
from reprise.mini.world.scenes import Scene, draw_scene
from reprise.mini.world.sizes import MiniParameters
from reprise.mini.world.views import Manner, Picture, draw_view, take
from reprise.storage.atomic import write_text

_APART = 200.0  # metres between buildings
# How many photographs of a building are in a folder of the release, beside those in db.
_TAKEN = {
    "sequences/nexus4_sequences/sequence_1": 2,
    "query/day/nexus4": 2,
    "query/night/nexus5x": 1,
    "query/night/nexus5x_additional_night": 1,
}
_REFERENCES = ("db", "sequences")
_DAY = Manner((0, 26), (0.75, 1.15), 0.3, 0.2, ("sun", "overcast", "golden"))
_CORNERS = 80  # of each reference
_LISTED = 8  # references of a query in the list of pairs
_MODEL = "3D-models/aachen_v_1_1"


@dataclass(frozen=True)
class _Taken:
    """A photograph with its name in the release, and its camera in the world that all buildings share."""

    name: str
    picture: Picture
    camera: Camera


@dataclass(frozen=True)
class _Building:
    """A building, where it stands (3,), and its photographs."""

    scene: Scene
    shift: np.ndarray
    photographs: list[_Taken]


def write_aachen(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write both archives, the lists of queries and a list of pairs; the buildings are drawn for them alone."""
    buildings = [_photographed(seed, number, parameters) for number in range(max(parameters.landmarks // 4, 1))]
    photographs = [photograph for building in buildings for photograph in building.photographs]
    images = {f"images_upright/{each.name}": jpeg(each.picture) for each in photographs}
    later = {name for name in images if "/sequences/" in name or "additional" in name}
    model = _model(buildings, folder)
    archives = {
        "images/database_and_query_images.zip": {name: images[name] for name in images.keys() - later},
        "aachen_v1_1.zip": {**{name: images[name] for name in later}, **model},
    }
    for name, members in archives.items():
        write_zip(folder / name, members)
    texts = {
        **{
            f"queries/{time}_time_queries_with_intrinsics.txt": _queries(photographs, time) for time in ("day", "night")
        },
        "aachen_v1.1/pairs-query-netvlad50.txt": _pairs(photographs, generator(seed, "pairs")),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    cameras = {
        each.name: {"scene": building.scene.name, **each.camera.record()}
        for building in buildings
        for each in building.photographs
    }
    return Release([*archives, *texts], {"aachen": dict(sorted(cameras.items()))})


def _photographed(seed: int, number: int, parameters: MiniParameters) -> _Building:
    size, name = parameters.image_size, f"aachen_{number}"
    scene = draw_scene(seed, "world", name, archetype=number, density=max(size / PIXELS_PER_DENSITY, 6.0))
    shift = np.array([_APART * number, 0.0, 0.0])
    rng = generator(seed, "aachen", name)
    taken: list[_Taken] = []
    counts = {"db": parameters.views, **_TAKEN}
    for folder in (folder for folder, count in counts.items() for _ in range(count)):
        view = draw_view(scene, f"{name}_{len(taken)}", _DAY, size)
        if "night" in folder:
            view = replace(view, light=draw_light(rng, "night" if "additional" in folder else "dusk"))
        moved = replace(view.camera, t=view.camera.t - view.camera.R @ shift)
        taken.append(_Taken(f"{folder}/{100 * number + len(taken) + 1:04}.jpg", take(scene, view), moved))
    return _Building(scene, shift, taken)


def _model(buildings: list[_Building], folder: Path) -> dict[str, bytes]:
    """The files of the model of the references, by their names in the archive."""
    cameras: dict[int, ModelCamera] = {}
    images: dict[int, ModelImage] = {}
    positions: list[np.ndarray] = []
    tracks: dict[int, list[tuple[int, int]]] = {}
    for building in buildings:
        references = [each for each in building.photographs if each.name.startswith(_REFERENCES)]
        points, seen = _points(building.scene, [each.picture for each in references])
        for each, (rows, pixels) in zip(references, seen, strict=True):
            image, numbers = len(images) + 1, len(positions) + rows
            cameras[image] = _camera(each.camera)
            images[image] = _posed(each, image, pixels, numbers)
            for keypoint, number in enumerate(numbers.tolist()):
                tracks.setdefault(number, []).append((image, keypoint))
        positions += list(points + building.shift)
    names = {name: folder / f".{name}" for name in (CAMERAS, IMAGES, POINTS)}
    write_cameras(names[CAMERAS], cameras)
    write_images(names[IMAGES], images)
    shown_by = [np.array(tracks[number]) for number in range(len(positions))]
    write_points(names[POINTS], ModelPoints(np.arange(len(positions)), np.array(positions), shown_by))
    contents = {f"{_MODEL}/{name}": path.read_bytes() for name, path in names.items()}
    for path in names.values():
        path.unlink()
    return contents


def _points(scene: Scene, pictures: list[Picture]) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Points that two references show at least: (n, 3), and the rows and pixels of those that each one shows."""
    found = [points_in_space(scene, picture, corners(scene, picture, _CORNERS)) for picture in pictures]
    points, owners = (np.concatenate([each[part] for each in found]) for part in (0, 1))
    known = np.flatnonzero(owners >= 0)
    points, owners = points[known], owners[known]
    counts = np.zeros(len(points), int)
    for rows, _ in shown(pictures, points, owners):
        counts[rows] += 1
    kept = np.flatnonzero(counts >= 2)
    return points[kept], shown(pictures, points[kept], owners[kept])


def _camera(camera: Camera) -> ModelCamera:
    focal, cx, cy = camera.K[0, 0], camera.K[0, 2], camera.K[1, 2]
    return ModelCamera("SIMPLE_RADIAL", camera.width, camera.height, (float(focal), float(cx), float(cy), 0.0))


def _posed(taken: _Taken, camera: int, pixels: np.ndarray, points: np.ndarray) -> ModelImage:
    x, y, z, w = Rotation.from_matrix(taken.camera.R).as_quat()
    return ModelImage(taken.name, camera, np.array([w, x, y, z]), taken.camera.t, pixels, points.astype(np.int64))


def _queries(photographs: list[_Taken], time: str) -> str:
    lines = []
    for each in photographs:
        if each.name.startswith(f"query/{time}/"):
            camera = _camera(each.camera)
            values: list[Any] = [each.name, camera.model, camera.width, camera.height, *camera.params]
            lines.append(" ".join(map(str, values)) + "\n")
    return "".join(lines)


def _pairs(photographs: list[_Taken], rng: np.random.Generator) -> str:
    """Pair each query with references of its building, nearest first, and one of the other; one name is no query."""
    references = [each for each in photographs if each.name.startswith(_REFERENCES)]
    lines = []
    for each in photographs:
        if each.name.startswith("query/"):
            distances = [np.linalg.norm(each.camera.centre - other.camera.centre) for other in references]
            order = np.argsort(distances, kind="stable")
            chosen = [*order[: _LISTED - 1], order[-1 - int(rng.integers(4))]]
            lines += [f"{each.name} {references[row].name}\n" for row in chosen]
    lines.append(f"query/night/nexus5x/not_released.jpg {references[0].name}\n")
    return "".join(lines)

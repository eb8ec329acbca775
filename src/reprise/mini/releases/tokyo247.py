"""Tokyo 24/7: street views cut out of panoramas, photographs of the places at three times of day, and their list."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import savemat

from reprise.mini.releases.drawn import Scenes
from reprise.mini.releases.packing import write_archive, write_zip
from reprise.mini.releases.writing import Release
from reprise.mini.world.camera import Camera, look_at
from reprise.mini.world.drawing import PIXELS_PER_DENSITY, jpeg
from reprise.mini.world.keys import generator
from reprise.mini.world.lighting import draw_light
from reprise.mini.world.scenes import Scene, draw_scene
from reprise.mini.world.sizes import MiniParameters
from reprise.mini.world.views import MANNERS, View, draw_view, take

CUTOUTS = 12
DATABASE, QUERIES, LIST = "database_gsv_vga/03814.tar", "247query_subset_v2.zip", "netvlad_v100_datasets.tar.gz"
_TIMES = ("sun", "dusk", "night")
_ORIGIN = np.array([381_000.0, 3_946_000.0])  # UTM, zone 54
_APART = 400.0  # metres between places
_NEAR, _FAR = 8.0, 45.0  # metres between a query and the two panoramas of its place
_VIEW = 60.0  # degrees that a cut-out spans
_ROUNDS = 2  # photographs of each place and time
_DISTANCE = 25.0
_HEADER = 116  # bytes of text, with the date, that a MAT file begins with


def write_tokyo247(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write the street views, the queries and the list; the scenes are drawn for them alone."""
    views: dict[str, bytes] = {}
    queries: dict[str, bytes] = {}
    cameras: dict[str, Any] = {}
    positions: dict[str, np.ndarray] = {}
    size = parameters.gldv2_image_size * 3 // 4
    for number in range(max(parameters.landmarks // 2, 2) + 2):
        scene, place = _place(seed, number, size), _ORIGIN + np.array([_APART * number, 0])
        asked = number >= 2  # the first two places have street views alone
        first = draw_view(scene, f"{scene.name}_0", MANNERS["query"], size)
        for panorama, away in enumerate((_NEAR, _FAR)[: 1 + asked]):
            for name, view in _cutouts(scene, first.camera, panorama, away, size):
                views[name] = _png(take(scene, view).image)
                cameras[name] = {"scene": scene.name, **view.camera.record()}
                positions[name] = place + view.camera.centre[:2]
        for view in _photographs(scene, size) if asked else ():
            name = f"{len(queries) + 1:05}.jpg"
            queries[name] = jpeg(take(scene, view))
            cameras[name] = {"scene": scene.name, **view.camera.record()}
            positions[name] = place + view.camera.centre[:2]
    write_archive(folder / DATABASE, [(f"{name}.png", content) for name, content in views.items()])
    write_zip(folder / QUERIES, {f"{Path(QUERIES).stem}/{name}": content for name, content in queries.items()})
    listed = _list(views, queries, positions)
    write_archive(folder / LIST, [("datasets/tokyo247.mat", listed)])
    return Release([DATABASE, QUERIES, LIST], {"tokyo247": dict(sorted(cameras.items()))})


def _place(seed: int, number: int, size: int) -> Scene:
    rng = generator(seed, "place", number)
    name = f"tokyo_{number}{int(rng.integers(1000)):03}"
    return draw_scene(seed, "world", name, archetype=number, density=max(size / PIXELS_PER_DENSITY, 6.0))


def _cutouts(scene: Scene, camera: Camera, panorama: int, away: float, size: int) -> Iterator[tuple[str, View]]:
    """Iterate over the images of a panorama, beside a query or behind it: name without suffix, and view."""
    rng = generator(scene.seed, "panorama", scene.name, panorama)
    beside = rng.choice([-1, 1]) * np.array([away, 0.0, 0.0]) if panorama == 0 else np.array([0.0, -away, 0.0])
    centre = np.array([*(camera.centre + beside)[:2], 2.5])
    light = draw_light(rng, "overcast" if rng.random() < 0.5 else "sun")
    letters = "".join(rng.choice(list("ABCDEFGHJKMNPQRSTUVWXYZ"), 18))
    focal = size / 2 / np.tan(np.radians(_VIEW / 2))
    for turn in range(CUTOUTS):
        degrees = 360 // CUTOUTS * turn
        yaw = np.radians(degrees)
        aim = centre + np.array([np.sin(yaw), np.cos(yaw), 0.12])
        turned = look_at(centre, aim, roll=0.0, focal=float(focal), width=size, height=size * 3 // 4)
        name = f"03814/{scene.name[-4:]}{letters}_012_{degrees:03}"
        yield name, View(name, turned, light, 0.2, ())


def _photographs(scene: Scene, size: int) -> Iterator[View]:
    """Iterate over the queries of a place: by day, at sunset, at night, and again from other positions."""
    for turn in range(_ROUNDS):
        for time, weather in enumerate(_TIMES):
            name = f"{scene.name}_{turn}" if time == 0 else f"{scene.name}_{turn}_{weather}"
            view = draw_view(scene, name, MANNERS["query"], size)
            first = draw_view(scene, f"{scene.name}_0", MANNERS["query"], size)
            near = view if np.linalg.norm(view.camera.centre - first.camera.centre) < _DISTANCE / 2 else first
            rng = generator(scene.seed, "time", name)
            yield replace(view, camera=near.camera, light=draw_light(rng, weather))


def _png(image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def _list(views: dict[str, bytes], queries: dict[str, bytes], positions: dict[str, np.ndarray]) -> bytes:
    """Write the structure of NetVLAD; the list names .jpg files, as published, though the street views are .png."""
    content = {
        "whichSet": "test",
        "dbImageFns": _cell([f"{name}.jpg" for name in views]),
        "utmDb": np.array([positions[name] for name in views]).T,
        "qImageFns": _cell(list(queries)),
        "utmQ": np.array([positions[name] for name in queries]).T,
        "numImages": float(len(views)),
        "numQueries": float(len(queries)),
        "posDistThr": _DISTANCE,
        "posDistSqThr": _DISTANCE**2,
        "nonTrivPosDistSqThr": 100.0,
    }
    stream = io.BytesIO()
    savemat(stream, {"dbStruct": content}, do_compression=True)
    header = b"MATLAB 5.0 MAT-file, Tokyo 24/7 of the miniature".ljust(_HEADER)
    return header + stream.getvalue()[_HEADER:]


def _cell(texts: list[str]) -> np.ndarray:
    cell = np.empty((len(texts), 1), object)
    cell[:, 0] = texts
    return cell

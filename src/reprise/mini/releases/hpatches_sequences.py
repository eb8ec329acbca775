"""HPatches sequences: six photographs of one wall, and the homographies between them, exact by their cameras."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reprise.mini.releases.drawn import Scenes
from reprise.mini.releases.packing import write_zip
from reprise.mini.releases.writing import Release
from reprise.mini.world.camera import Camera, look_at
from reprise.mini.world.drawing import PIXELS_PER_DENSITY
from reprise.mini.world.keys import generator
from reprise.mini.world.lighting import WEATHERS, Light, draw_light
from reprise.mini.world.photography import photograph
from reprise.mini.world.planes import Plane, homography
from reprise.mini.world.rendering import Frame, paint_plane
from reprise.mini.world.scenes import draw_scene
from reprise.mini.world.sizes import MiniParameters
from reprise.mini.world.views import FAIR

FILE = "hpatches-sequences-release.zip"
IMAGES = 6
# Of published sequences, which are other pictures; the last is one of those that are left out.
_NAMES = {
    "i": ("ajuntament", "bologna", "dome", "leuven", "nuts", "salon", "school", "yellowtent"),
    "v": ("abstract", "bricks", "graffiti", "wall", "beyus", "boat", "churchill", "sunseason"),
}
_EXCLUDED = "v_talent"
_LONGEST = 320  # pixels
_SHARE = 0.7  # of the wall, that the first image shows
_AZIMUTHS, _ELEVATIONS, _ROLLS = (8.0, 42.0), (-14.0, 14.0), (-12.0, 12.0)  # degrees, of the others
_DISTANCES = (0.75, 1.35)  # of the others, in distances of the first
_FIELD = 40.0  # degrees that the width of an image covers
# Moves the centre of the first pixel from (0, 0), where published homographies have it, to (0.5, 0.5).
_HALF = np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])


def write_hpatches_sequences(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write the archive; its walls are drawn for it alone."""
    files: dict[str, bytes] = {}
    cameras: dict[str, Any] = {}
    count = min(max(parameters.landmarks // 2, 2), min(map(len, _NAMES.values())))
    names = [f"{kind}_{name}" for kind, all_names in _NAMES.items() for name in all_names[:count]]
    for number, name in enumerate([*names, _EXCLUDED]):
        wall = _wall(seed, name, number, parameters)
        views = _views(wall, name, generator(seed, "sequence", name), parameters)
        top = f"hpatches-sequences-release/{name}"
        for image, (camera, light) in enumerate(views, 1):
            files[f"{top}/{image}.ppm"] = _ppm(_taken(wall, camera, light, generator(seed, "wall", name, image)))
            cameras[f"{name}/{image}"] = {"scene": name, **camera.record()}
            if image > 1:
                files[f"{top}/H_1_{image}"] = _text(homography(wall, views[0][0], camera))
    write_zip(folder / FILE, files)
    return Release([FILE], {"hpatches_sequences": dict(sorted(cameras.items()))})


def _wall(seed: int, name: str, number: int, parameters: MiniParameters) -> Plane:
    """The largest wall of a building."""
    density = max(parameters.image_size / PIXELS_PER_DENSITY, 6.0)
    planes = draw_scene(seed, "world", f"sequence_{name}", archetype=number, density=density).landmark.planes
    fronts = [plane for plane in planes if plane.name.endswith("front")] or list(planes)
    return max(fronts, key=lambda plane: plane.width * plane.height)


def _views(wall: Plane, name: str, rng: np.random.Generator, parameters: MiniParameters) -> list[tuple[Camera, Light]]:
    """Cameras and lights: one camera in other lights (i), or other cameras in one light (v)."""
    first = _camera(wall, rng, parameters, azimuth=0.0, elevation=0.0, roll=0.0, distance=1.0)
    if name.startswith("i"):
        start = int(rng.integers(len(WEATHERS)))
        lights = [draw_light(rng, WEATHERS[(start + image) % len(WEATHERS)]) for image in range(IMAGES)]
        return [(first, light) for light in lights]
    light = draw_light(rng, FAIR[int(rng.integers(len(FAIR)))])
    others = [
        _camera(
            wall, rng, parameters,
            azimuth=float(rng.uniform(*_AZIMUTHS) * rng.choice([-1, 1])), elevation=float(rng.uniform(*_ELEVATIONS)),
            roll=float(rng.uniform(*_ROLLS)), distance=float(rng.uniform(*_DISTANCES)),
        )
        for _ in range(IMAGES - 1)
    ]  # fmt: skip
    return [(camera, light) for camera in (first, *others)]


def _camera(
    wall: Plane,
    rng: np.random.Generator,
    parameters: MiniParameters,
    *,
    azimuth: float,
    elevation: float,
    roll: float,
    distance: float,
) -> Camera:
    """A camera in front of the middle of a wall; angles in degrees, the distance in those of the first camera."""
    width = min(_LONGEST, parameters.image_size)
    height = width * 3 // 4
    focal = width / 2 / np.tan(np.radians(_FIELD) / 2)
    shown = _SHARE * min(wall.width, wall.height * width / height)  # metres
    middle = wall.points(wall.corners.mean(axis=0, keepdims=True))[0]
    turned, raised = np.radians(azimuth), np.radians(elevation)
    towards = np.cos(raised) * (np.cos(turned) * wall.normal + np.sin(turned) * wall.right) - np.sin(raised) * wall.down
    centre = middle + distance * focal * shown / width * towards
    aim = middle + rng.normal(0, 0.03, 1) * shown * wall.right
    return look_at(centre, aim, roll=np.radians(roll), focal=float(focal), width=width, height=height)


def _taken(wall: Plane, camera: Camera, light: Light, rng: np.random.Generator) -> np.ndarray:
    """The wall alone, in front of grey, as a photograph (h, w, 3) uint8."""
    backdrop = np.full((camera.height, camera.width, 3), 118, np.uint8)
    frame = Frame.over(backdrop, np.zeros(backdrop.shape[:2], np.float32))
    paint_plane(frame, 0, wall, camera, light)
    image, inverse_depth, _ = frame.finished()
    clear = replace(light, fog=0.0)  # between a camera and a wall before it
    return photograph(image, inverse_depth, clear, rng, blur=0.0)


def _ppm(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PPM")
    return stream.getvalue()


def _text(matrix: np.ndarray) -> bytes:
    """A homography as published, with all its digits."""
    moved = np.linalg.inv(_HALF) @ matrix @ _HALF
    moved /= moved[2, 2]
    return "".join(" ".join(f"{value:.17g}" for value in row) + "\n" for row in moved.tolist()).encode()

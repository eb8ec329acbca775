"""Photographs of a scene: position of the camera, light, obstacles."""

from dataclasses import dataclass

import numpy as np

from reprise.mini.world.backdrop import paint_backdrop
from reprise.mini.world.camera import Camera, look_at
from reprise.mini.world.keys import generator
from reprise.mini.world.lighting import Light, draw_light
from reprise.mini.world.occluders import paint_occluder
from reprise.mini.world.photography import photograph
from reprise.mini.world.rendering import Frame, paint_plane
from reprise.mini.world.scenes import Scene


@dataclass(frozen=True)
class Manner:
    """A way of taking photographs.

    Attributes:
        azimuth: range of the angle to the landmark's front, to either side, in degrees
        fill: range of the landmark's extent relative to the picture
        obstacles: mean number of obstacles
        blur: mean strength of the blur, in pixels
        weathers: names to choose from
    """

    azimuth: tuple[float, float]
    fill: tuple[float, float]
    obstacles: float
    blur: float
    weathers: tuple[str, ...]


FAIR = ("sun", "sun", "overcast", "golden")
MIXED = ("sun", "overcast", "golden", "rain", "fog", "dusk")
FOUL = ("overcast", "rain", "fog", "dusk", "night", "golden", "night")
MANNERS = {
    "query": Manner((0, 24), (0.7, 1.1), 0.8, 0.3, FAIR),
    "fair": Manner((0, 32), (0.5, 1.25), 2.5, 0.5, FAIR),
    "mixed": Manner((10, 52), (0.38, 1.8), 4.0, 0.7, MIXED),
    "hard": Manner((25, 66), (0.28, 2.3), 5.5, 0.9, FOUL),
    "extreme": Manner((50, 105), (0.16, 3.2), 6.0, 1.0, FOUL),
}


@dataclass(frozen=True)
class View:
    """One photograph before it is taken.

    Attributes:
        name: its name
        camera: its camera
        light: its light
        blur: strength of the blur, in pixels
        obstacles: kind and ground position (x, y) of each
    """

    name: str
    camera: Camera
    light: Light
    blur: float
    obstacles: tuple[tuple[str, tuple[float, float]], ...]


@dataclass(frozen=True)
class Picture:
    """A photograph.

    Attributes:
        view: what was photographed
        image: (h, w, 3) uint8 RGB
        owner: (h, w) int16, index of the plane of the scene at a pixel, or negative
    """

    view: View
    image: np.ndarray
    owner: np.ndarray


def draw_view(scene: Scene, name: str, manner: Manner, image_size: int) -> View:
    """Draw the parameters of the photograph ``name`` of the scene; ``image_size`` is its longer side in pixels."""
    rng = generator(scene.seed, "view", scene.name, name)
    camera = draw_camera(scene, rng, manner, image_size)
    light = draw_light(rng, manner.weathers[int(rng.integers(len(manner.weathers)))])
    obstacles = []
    target = np.array([np.mean(scene.landmark.footprint[0::2]), scene.landmark.footprint[1]])
    towards = target - camera.centre[:2]
    across = np.array([-towards[1], towards[0]])
    for _ in range(int(rng.poisson(manner.obstacles))):
        kind = str(rng.choice(["tree", "person", "car", "lamp", "bush"], p=[0.2, 0.38, 0.18, 0.12, 0.12]))
        spot = camera.centre[:2] + rng.uniform(0.3, 0.92) * towards + rng.uniform(-0.5, 0.5) * across
        obstacles.append((kind, (float(spot[0]), float(spot[1]))))
    blur = float(manner.blur * rng.exponential())
    return View(name, camera, light, min(blur, 2.5), tuple(obstacles))


def draw_camera(scene: Scene, rng: np.random.Generator, manner: Manner, image_size: int) -> Camera:
    """A camera on free ground that looks at the landmark."""
    x0, y0, x1, y1 = scene.landmark.footprint
    tall = scene.landmark.height
    upright = rng.random() < (0.7 if tall > 1.1 * (x1 - x0) else 0.15)
    short = int(image_size * (0.75 if rng.random() < 0.7 else 2 / 3))
    width, height = (short, image_size) if upright else (image_size, short)
    focal = image_size / 2 / np.tan(np.radians(rng.uniform(42, 66)) / 2)
    azimuth = np.radians(rng.uniform(*manner.azimuth)) * rng.choice([-1, 1])
    fill = float(np.exp(rng.uniform(*np.log(manner.fill))))
    extent = abs(np.cos(azimuth)) * (x1 - x0) + abs(np.sin(azimuth)) * (y1 - y0)
    distance = focal * max(extent / width, tall / height) / min(fill, 1.25)
    focal *= max(fill / 1.25, 1.0)  # larger details are taken with a longer lens
    aim = np.array([(x0 + x1) / 2, y0 + 1.0, tall * rng.uniform(0.4, 0.5)])
    if fill > 1.25:
        aim += rng.uniform(-0.35, 0.35, 3) * [x1 - x0, 0, 0.7 * tall]
    aim += rng.normal(0, 0.03, 3) * distance * [1, 0, 0.5]
    for _ in range(8):
        position = aim[:2] + distance * np.array([np.sin(azimuth), -np.cos(azimuth)])
        if not any(a - 3 < position[0] < c + 3 and b - 3 < position[1] < d + 3 for (a, b, c, d), _ in scene.footprints):
            break
        azimuth, distance = 0.75 * azimuth, 1.1 * distance
    centre = np.array([*position, rng.uniform(1.5, 2.2) + (rng.random() < 0.25) * rng.uniform(1, 7)])
    return look_at(centre, aim, roll=float(rng.normal(0, 0.03)), focal=float(focal), width=width, height=height)


def take(scene: Scene, view: View) -> Picture:
    """Render the photograph."""
    rng = generator(scene.seed, "take", scene.name, view.name)
    frame = Frame.over(*paint_backdrop(view.camera, view.light, scene.ground, scene.footprints, rng))
    for index, plane in enumerate(scene.planes):
        paint_plane(frame, index, plane, view.camera, view.light)
    for kind, spot in view.obstacles:
        paint_occluder(frame, rng, kind, np.array(spot), view.camera, view.light)
    image, inverse_depth, owner = frame.finished()
    return Picture(view, photograph(image, inverse_depth, view.light, rng, view.blur), owner)

"""Trees, people, cars and lamp posts that stand between the camera and the building."""

import cv2
import numpy as np

from reprise.mini.world.camera import Camera
from reprise.mini.world.lighting import Light, display
from reprise.mini.world.materials import RGB, shade_colour
from reprise.mini.world.rendering import OCCLUDER, SUPERSAMPLING, Frame

CLOTHES: tuple[RGB, ...] = (
    (52, 60, 88),
    (140, 44, 40),
    (210, 206, 198),
    (46, 44, 44),
    (70, 96, 62),
    (196, 150, 60),
    (98, 124, 160),
)
HEIGHTS = {"tree": (5.0, 10.0), "person": (1.6, 1.9), "car": (1.45, 1.6), "lamp": (5.0, 6.5), "bush": (1.0, 2.0)}
WIDTHS = {"tree": 0.85, "person": 0.42, "car": 2.9, "lamp": 0.3, "bush": 1.5}  # as fractions of the height


class Sprite:
    """A drawing with coordinates in [0, width] x [0, 1], its foot at y = 1."""

    def __init__(self, kind: str, pixels: int):
        self.scale = pixels
        shape = (pixels, max(int(pixels * WIDTHS[kind]), 2))
        self.colour, self.mask = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8)

    def polygon(self, points: list[tuple[float, float]], colour: RGB) -> None:
        """Fill a polygon."""
        pixels = np.round(np.array(points) * self.scale).astype(np.int32)
        cv2.fillPoly(self.colour, [pixels], colour)
        cv2.fillPoly(self.mask, [pixels], 255)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: RGB) -> None:
        """Fill an ellipse about (x, y)."""
        centre = (round(x * self.scale), round(y * self.scale))
        radii = (max(round(rx * self.scale), 1), max(round(ry * self.scale), 1))
        cv2.ellipse(self.colour, centre, radii, 0, 0, 360, colour, -1)
        cv2.ellipse(self.mask, centre, radii, 0, 0, 360, 255, -1)


def draw_leaves(
    sprite: Sprite, rng: np.random.Generator, centre: tuple[float, float], radii: tuple[float, float]
) -> None:
    """A crown of many small tufts, lighter towards the upper left."""
    green = shade_colour(
        ((74, 96, 42), (56, 84, 46), (108, 110, 50), (138, 96, 44))[int(rng.integers(4))], rng.uniform(0.7, 1.1)
    )
    tufts = int(np.clip(sprite.scale * radii[0] / 3, 6, 45))  # per clump: fewer where they could not be told apart
    clumps = rng.uniform(-0.72, 0.72, (12, 2))
    offsets = np.vstack([clump + rng.normal(0, 0.22, (tufts, 2)) for clump in clumps])
    offsets = offsets[np.linalg.norm(offsets, axis=1) < 1.02]
    rng.shuffle(offsets)
    for dx, dy in offsets[np.argsort(-offsets[:, 1] + rng.normal(0, 0.4, len(offsets)))]:
        size = rng.uniform(0.02, 0.065) * np.sqrt(45 / tufts) * radii[0]
        tone = shade_colour(green, 0.95 - 0.3 * dx - 0.4 * dy + rng.normal(0, 0.16))
        sprite.ellipse(centre[0] + dx * radii[0], centre[1] + dy * radii[1], size, 0.8 * size, tone)


def draw_sprite(rng: np.random.Generator, kind: str, pixels: int) -> Sprite:
    """One occluder of the given kind, ``pixels`` high."""
    sprite, w = Sprite(kind, pixels), WIDTHS[kind]
    if kind == "tree":
        trunk = shade_colour((84, 68, 54), rng.uniform(0.6, 1.2))
        sprite.polygon([(0.47 * w, 0.45), (0.53 * w, 0.45), (0.56 * w, 1), (0.44 * w, 1)], trunk)
        for side in (-1, 1):
            sprite.polygon([(0.5 * w, 0.62), (0.5 * w, 0.57), ((0.5 + 0.25 * side) * w, 0.36)], trunk)
        draw_leaves(sprite, rng, (0.5 * w, 0.36), (0.46 * w, 0.34))
    elif kind == "bush":
        draw_leaves(sprite, rng, (0.5 * w, 0.55), (0.48 * w, 0.45))
    elif kind == "lamp":
        iron = (40, 42, 44)
        sprite.polygon([(0.46 * w, 0.12), (0.54 * w, 0.12), (0.6 * w, 1), (0.4 * w, 1)], iron)
        sprite.polygon([(0.25 * w, 0.0), (0.75 * w, 0.0), (0.62 * w, 0.12), (0.38 * w, 0.12)], (226, 216, 180))
    elif kind == "person":
        draw_person(sprite, rng, w)
    else:
        draw_car(sprite, rng, w)
    return sprite


def draw_person(sprite: Sprite, rng: np.random.Generator, w: float) -> None:
    """A standing or walking figure."""
    top, legs = (CLOTHES[int(rng.integers(len(CLOTHES)))] for _ in range(2))
    skin, stride = shade_colour((206, 158, 128), rng.uniform(0.5, 1.1)), rng.uniform(0.02, 0.16) * w
    dark = shade_colour(legs, 0.75)
    for side in (-1, 1):
        foot = 0.5 * w + side * (0.1 * w + stride)
        sprite.polygon(
            [(0.34 * w, 0.5), (0.66 * w, 0.5), (foot + 0.07 * w, 0.99), (foot - 0.09 * w, 0.99)],
            dark if side < 0 else legs,
        )
    sprite.polygon([(0.24 * w, 0.2), (0.76 * w, 0.2), (0.7 * w, 0.56), (0.3 * w, 0.56)], top)
    for left, right in ((0.14, 0.28), (0.72, 0.86)):
        sprite.polygon(
            [(left * w, 0.22), (right * w, 0.22), (right * w, 0.52), (left * w, 0.52)], shade_colour(top, 0.8)
        )
    sprite.ellipse(0.5 * w, 0.1, 0.17 * w, 0.085, skin)
    sprite.ellipse(0.5 * w, 0.06, 0.18 * w, 0.055, shade_colour((70, 50, 36), rng.uniform(0.4, 1.6)))


def draw_car(sprite: Sprite, rng: np.random.Generator, w: float) -> None:
    """A parked car, seen from the side."""
    paint = ((170, 36, 34), (40, 60, 110), (190, 192, 196), (34, 36, 40), (222, 222, 218), (92, 110, 96))[
        int(rng.integers(6))
    ]
    roof = [(0.2 * w, 0.42), (0.32 * w, 0.06), (0.66 * w, 0.05), (0.82 * w, 0.4)]
    sprite.polygon(roof, shade_colour(paint, 1.08))
    sprite.polygon(
        [(0.01 * w, 0.5), (0.2 * w, 0.4), (0.82 * w, 0.38), (0.98 * w, 0.46), (0.99 * w, 0.84), (0.01 * w, 0.84)], paint
    )
    for left, right in ((0.25, 0.48), (0.51, 0.75)):
        sprite.polygon(
            [(left * w, 0.4), ((left + 0.08) * w, 0.12), ((right - 0.05) * w, 0.12), (right * w, 0.4)], (44, 52, 60)
        )
    sprite.polygon([(0.01 * w, 0.72), (0.99 * w, 0.72), (0.98 * w, 0.86), (0.02 * w, 0.86)], shade_colour(paint, 0.6))
    for x in (0.2, 0.8):
        sprite.ellipse(x * w, 0.82, 0.17, 0.17, (24, 24, 26))
        sprite.ellipse(x * w, 0.82, 0.09, 0.09, (150, 152, 156))


def paint_occluder(
    frame: Frame, rng: np.random.Generator, kind: str, spot: np.ndarray, camera: Camera, light: Light
) -> None:
    """Draw one occluder on the ground at ``spot`` (x, y), behind whatever is nearer."""
    metres = rng.uniform(*HEIGHTS[kind])
    pixel, depth = camera.project(np.array([[*spot, 0.0]]))
    size = int(SUPERSAMPLING * camera.K[1, 1] * metres / depth[0]) if depth[0] > 1.5 else 0
    if not 6 <= size <= 4 * camera.height:
        return
    sprite = draw_sprite(rng, kind, size)
    x = round(SUPERSAMPLING * pixel[0, 0] - sprite.mask.shape[1] / 2)
    y = round(SUPERSAMPLING * pixel[0, 1]) - size
    height, width = frame.owner.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + sprite.mask.shape[1], width), min(y + size, height)
    if x0 >= x1 or y0 >= y1:
        return
    window, part = np.s_[y0:y1, x0:x1], np.s_[y0 - y : y1 - y, x0 - x : x1 - x]
    # The ground touches the foot: a small margin keeps it from covering the feet.
    seen = (sprite.mask[part] > 0) & (frame.inverse_depth[window] < 1.08 / depth[0])
    level = 0.55 * light.sun_colour * (0.3 if light.floodlit else 1) + 0.7 * light.sky_colour
    lit = display(((sprite.colour[part] / 255.0) ** 2.2 * level).astype(np.float32), light.exposure)
    frame.image[window][seen] = lit[seen]
    frame.inverse_depth[window][seen] = 1 / depth[0]
    frame.owner[window][seen] = OCCLUDER

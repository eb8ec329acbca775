"""Composition of the texture of a wall from a motif and a plan."""

from dataclasses import dataclass

import cv2
import numpy as np

from reprise.mini.world.carvings import draw_clock, draw_emblem, draw_frieze, draw_lettering, draw_rose, draw_statue
from reprise.mini.world.materials import RGB, fractal, shade_colour, surface
from reprise.mini.world.ornaments import Canvas, draw_door, draw_window, outline
from reprise.mini.world.planes import Texture
from reprise.mini.world.styles import Motif

FLOOR = 4.2  # metres


@dataclass(frozen=True)
class Plan:
    """The openings and ornaments of a wall.

    Attributes:
        centre: the middle of the wall: nothing, door, clock, rose, arch (a passage one can see through)
        base: the ground floor: windows, doors, arcade, shop
        gable: the rise in metres of a triangular top
        richness: the probability of each carved ornament
        blind: whether the wall has no windows
    """

    centre: str = "nothing"
    base: str = "windows"
    gable: float = 0.0
    richness: float = 0.5
    blind: bool = False


def blank_wall(rng: np.random.Generator, motif: Motif, width: float, height: float, density: float) -> Canvas:
    """A wall of the motif's material without anything on it."""
    shape = (max(round(height * density), 2), max(round(width * density), 2))
    return Canvas(*surface(rng, motif.wall, shape, density, motif.wall_colour), density)


def roof_texture(
    rng: np.random.Generator, motif: Motif, width: float, height: float, density: float, top: tuple[float, float]
) -> Texture:
    """Make a roof surface.

    Args:
        rng: the random generator
        motif: the motif of the building
        width: in metres
        height: in metres
        density: texture pixels per metre
        top: where its upper edge begins and ends, as fractions of the width
    """
    shape = (max(round(height * density), 2), max(round(width * density), 2))
    canvas = Canvas(*surface(rng, motif.roof, shape, density, motif.roof_colour), density)
    for edge in (0.0, height - 0.25):
        canvas.rectangle(0, edge, width, 0.25, shade_colour(motif.roof_colour, 0.7), 0.12)
    canvas.keep(np.array([[top[0] * width, 0], [top[1] * width, 0], [width, height], [0, height]]))
    return canvas.texture()


def wall_texture(
    rng: np.random.Generator, motif: Motif, plan: Plan, width: float, height: float, density: float
) -> Texture:
    """A wall with its openings and ornaments. ``height`` includes the gable."""
    canvas = blank_wall(rng, motif, width, height, density)
    top, trim = plan.gable, motif.trim_colour
    details = np.random.default_rng([motif.detail_seed, int(width * 10)])
    pilasters = details.random() < 0.35
    bays = max(int(width / (motif.window_width * details.uniform(1.7, 2.3) + 0.6)), 1)
    floors = max(int((height - top) / FLOOR), 1)
    storey = (height - top) / floors
    draw_bands(canvas, rng, motif, top, width, height, storey, floors, plan.richness)
    if pilasters:
        for bay in range(bays + 1):
            left = min(max(bay * width / bays - 0.3, 0), width - 0.6)
            canvas.rectangle(left, top + 0.6, 0.6, height - top - 1.2, shade_colour(trim, 0.95), 0.22)
            canvas.rectangle(left - 0.1, top + 0.6, 0.8, 0.4, shade_colour(trim, 1.1), 0.3)
    else:
        draw_quoins(canvas, trim, top, width, height)
    if not plan.blind:
        draw_storeys(canvas, rng, motif, plan, top, width, storey, floors, bays)
    draw_emblems(canvas, rng, plan, top, width / bays, storey, trim)
    draw_centre(canvas, rng, motif, plan, width, height, storey)
    if plan.gable:
        draw_gable(canvas, rng, motif, plan, width)
    weather_stone(canvas, rng)
    return canvas.texture()


def draw_bands(
    canvas: Canvas, rng: np.random.Generator, motif: Motif, top: float, width: float, height: float, storey: float,
    floors: int, richness: float,
) -> None:  # fmt: skip
    """Cornice, string courses, frieze and plinth."""
    trim = motif.trim_colour
    for floor in range(1, floors):
        canvas.rectangle(0, top + floor * storey - 0.15, width, 0.28, shade_colour(trim, 0.95), 0.15)
        if rng.random() < 0.25 * richness:
            draw_frieze(canvas, rng, top + floor * storey - 0.35, 0.7, width, trim)
    if rng.random() < richness:
        draw_frieze(canvas, rng, top + 0.55, rng.uniform(0.5, 0.9), width, trim)
    canvas.rectangle(0, top, width, 0.55, shade_colour(trim, 1.08), 0.45)
    for dentil in np.arange(0.1, width, 0.5):
        canvas.rectangle(dentil, top + 0.32, 0.24, 0.26, shade_colour(trim, 0.8), 0.25)
    canvas.rectangle(0, height - 0.7, width, 0.7, shade_colour(motif.wall_colour, 0.72), 0.12)


def draw_quoins(canvas: Canvas, trim: RGB, top: float, width: float, height: float) -> None:
    """Corner stones, alternately long and short."""
    for step, y in enumerate(np.arange(top + 0.6, height - 0.6, 0.55)):
        length = 0.9 if step % 2 else 0.5
        colour = shade_colour(trim, 0.92 + 0.1 * (step % 2))
        canvas.rectangle(0, y, length, 0.5, colour, 0.08)
        canvas.rectangle(width - length, y, length, 0.5, colour, 0.08)


def draw_storeys(
    canvas: Canvas, rng: np.random.Generator, motif: Motif, plan: Plan, top: float, width: float, storey: float,
    floors: int, bays: int,
) -> None:  # fmt: skip
    """Draw the windows, and what the ground floor has instead."""
    bay = width / bays
    w, h = min(motif.window_width, 0.6 * bay), min(motif.window_height, 0.62 * storey)
    for floor in range(floors):
        ground = floor == floors - 1
        y = top + floor * storey + 0.55 * (storey - h) + (0.25 if floor == 0 else 0)
        for index in range(bays):
            x = (index + 0.5) * bay - w / 2
            if ground and plan.base == "doors" and rng.random() < 0.4:
                draw_door(canvas, rng, motif, x, top + floors * storey - 2.7, w, 2.7)
            elif ground and plan.base == "arcade":
                wide, tall = 0.66 * bay, 0.8 * storey
                left, arch_top = (index + 0.5) * bay - wide / 2, top + floors * storey - tall
                shape = motif.shape if motif.shape in ("arch", "pointed") else "arch"
                grown = outline(shape, left - 0.25, arch_top - 0.25, wide + 0.5, tall + 0.25)
                canvas.fill(grown, motif.trim_colour, 0.1)
                dark = shade_colour(motif.wall_colour, rng.uniform(0.16, 0.3))
                canvas.fill(outline(shape, left, arch_top, wide, tall), dark, -1.0)
            elif ground and plan.base == "shop":
                glass = shade_colour((70, 74, 76), rng.uniform(0.5, 1.6))
                canvas.rectangle(
                    x - 0.2 * bay, y - 0.2, w + 0.4 * bay, h + 0.5, glass, -0.15, int(rng.integers(1, 256))
                )
                draw_lettering(canvas, rng, x - 0.2 * bay, y - 0.95, w + 0.4 * bay, 0.7, painted=True)
            elif rng.random() < 0.04 * plan.richness:
                draw_statue(canvas, rng, x + 0.2 * w, y, h, motif.trim_colour)
            else:
                draw_window(canvas, rng, motif, x, y, w, h)


def draw_centre(
    canvas: Canvas, rng: np.random.Generator, motif: Motif, plan: Plan, width: float, height: float, storey: float
) -> None:
    """The middle of the wall, and the carvings that belong to this building alone."""
    middle, trim, density = width / 2, motif.trim_colour, canvas.density
    if plan.centre in ("door", "rose"):
        w, h = min(2.6, 0.4 * width), min(4.0, 0.9 * storey)
        canvas.rectangle(middle - w, height - h - 1.2, 2 * w, h + 1.2, shade_colour(motif.wall_colour, 1.05), 0.05)
        draw_door(canvas, rng, motif, middle - w / 2, height - h, w, h)
        if plan.centre == "door":
            draw_emblem(canvas, rng, middle - 0.6, height - h - 2.2, 1.2, trim)
    if plan.centre == "rose":
        radius = min(0.26 * width, 0.2 * (height - plan.gable) + 0.8, 3.4)
        draw_rose(canvas, rng, middle, plan.gable + 0.34 * (height - plan.gable), radius, trim)
    if plan.centre == "clock":
        radius = min(0.3 * width, 1.6)
        draw_clock(canvas, rng, middle, plan.gable + 1.4 + radius * 1.3, radius, trim)
    if plan.centre == "arch":
        w, h = 0.36 * width, 0.6 * (height - plan.gable)
        canvas.fill(outline("arch", middle - w / 2 - 0.6, height - h - 0.6, w + 1.2, h + 0.6), trim, 0.3)
        canvas.fill(
            outline("arch", middle - w / 2 - 0.25, height - h - 0.25, w + 0.5, h), shade_colour(trim, 0.85), 0.1
        )
        canvas.cut(outline("arch", middle - w / 2, height - h, w, h + 1 / density))
        draw_lettering(canvas, rng, middle - 0.4 * width, plan.gable + 1.5, 0.8 * width, 1.2, painted=False)
        for side in (0.1, 0.8):
            draw_statue(canvas, rng, side * width, height - 0.5 * h, 0.34 * h, trim)


def draw_emblems(
    canvas: Canvas, rng: np.random.Generator, plan: Plan, top: float, bay: float, storey: float, trim: RGB
) -> None:
    """Coats of arms on some of the piers between the windows."""
    piers = [(x, y) for x in range(1, round(canvas.width / bay)) for y in range(round((canvas.height - top) / storey))]
    rng.shuffle(piers)
    for column, floor in piers[: int(rng.poisson(1.6 * plan.richness))]:
        size = min(rng.uniform(0.7, 1.2), 0.4 * bay)
        draw_emblem(canvas, rng, column * bay - size / 2, top + floor * storey + 1.1, size, trim)


def draw_gable(canvas: Canvas, rng: np.random.Generator, motif: Motif, plan: Plan, width: float) -> None:
    """A triangular top with raking cornices and an ornament."""
    rise, trim, middle = plan.gable, motif.trim_colour, width / 2
    for left, right in ((0.0, middle), (width, middle)):
        canvas.fill(
            np.array([[left, rise], [right, 0], [right, 0.7], [left, rise + 0.7]]), shade_colour(trim, 1.1), 0.35
        )
    if rise > 2.5:
        radius = min(0.24 * rise, 0.12 * width + 0.4)
        draw_emblem(canvas, rng, middle - radius, rise * 0.62 - radius, 2 * radius, trim)
    canvas.keep(np.array([[0, rise], [middle, 0], [width, rise], [width, 1e3], [0, 1e3]]))


def weather_stone(canvas: Canvas, rng: np.random.Generator) -> None:
    """Years of rain: dirt runs down from everything that projects, and nothing keeps an even colour."""
    relief, density = canvas.relief, canvas.density
    edges = np.clip(-cv2.filter2D(relief, -1, np.array([[-1.0], [0.0], [1.0]])), 0, 0.5)
    run = np.zeros(2 * int(1.5 * density) + 1)
    run[: int(1.5 * density)] = np.linspace(0, 1, int(1.5 * density))
    columns = rng.uniform(0, 1, (1, max(int(canvas.width / 0.25), 2))).astype(np.float32)
    dirt = cv2.filter2D(edges, -1, run[:, None] / 3) * cv2.resize(columns, (relief.shape[1], 1))
    height, width = relief.shape
    stains = 0.10 * fractal(rng, height, width, 2.0 * density, 2)
    grain = 0.16 * fractal(rng, height, width, 0.3 * density, 3)
    tone = 1 - np.minimum(dirt, 0.45) + stains + grain
    canvas.albedo[...] = np.clip(canvas.albedo * tone[..., None], 3, 252).astype(np.uint8)

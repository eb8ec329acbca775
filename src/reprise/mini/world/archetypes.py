"""Kinds of buildings: palace, church, tower, rotunda, gate, row of houses.

All look to the south, around (0, 0). ``density`` is the resolution of their textures in pixels per metre.
"""

import itertools
from collections.abc import Callable

import numpy as np

from reprise.mini.world.buildings import Building, Mason, finished, rectangle
from reprise.mini.world.facades import FLOOR, Plan
from reprise.mini.world.planes import Plane
from reprise.mini.world.styles import City, Motif, draw_motif


def palace(name: str, rng: np.random.Generator, motif: Motif, city: City, density: float) -> Building:
    """A long front with a taller middle under a pediment."""
    mason = Mason(rng, motif, density)
    half, depth, height = rng.uniform(10, 16), rng.uniform(9, 13), FLOOR * rng.integers(2, 4)
    base = ("arcade", "windows", "doors")[int(rng.integers(3))]
    planes = mason.box(name, -half, 0, half, depth, 0, height, Plan(base=base, richness=0.8), Plan(richness=0.3))
    planes += mason.hipped(f"{name}.roof", rectangle(-half, 0, half, depth), height, rng.uniform(2, 4.5), 0.25)
    shift = rng.uniform(-0.4, 0.4) * half if rng.random() < 0.5 else 0.0
    wing, extra = rng.uniform(3.0, 4.5), rng.uniform(0, 3)
    front = Plan(centre="door", gable=rng.uniform(2, 3.2), richness=1.0)
    side = Plan(blind=True)
    middle = mason.box(f"{name}.middle", shift - wing, -1.2, shift + wing, 2, 0, height + extra, front, side)
    planes += middle[:2] + middle[3:]
    planes += mason.saddle(f"{name}.cap", shift - wing, -1.2, shift + wing, 3, height + extra, front.gable)
    return finished(name, planes, (-half, -1.2, half, depth))


def church(name: str, rng: np.random.Generator, motif: Motif, city: City, density: float) -> Building:
    """A gabled nave with a rose window, and a tower beside or upon it."""
    mason = Mason(rng, motif, density)
    half, depth, height = rng.uniform(5, 7.5), rng.uniform(14, 22), rng.uniform(9, 13)
    front = Plan(centre="rose", gable=rng.uniform(4, 7), richness=0.9)
    planes = mason.box(name, -half, 0, half, depth, 0, height, front, Plan(richness=0.3))
    planes += mason.saddle(f"{name}.roof", -half, 0, half, depth, height, front.gable)
    side = 1 if rng.random() < 0.5 else -1
    width, tall = rng.uniform(2.2, 3.2), height + rng.uniform(5, 11)
    x = side * (half + width * 0.9)
    tower = Plan(centre="clock", richness=0.6)
    y = rng.uniform(0, 5)
    planes += mason.box(f"{name}.tower", x - width, y, x + width, y + 2 * width, 0, tall, tower, tower)
    corners = rectangle(x - width, y, x + width, y + 2 * width)
    planes += mason.spire(f"{name}.spire", corners, tall, rng.uniform(4, 10), dome=bool(rng.random() < 0.25))
    return finished(name, planes, (min(-half, x - width), 0, max(half, x + width), depth))


def tower(name: str, rng: np.random.Generator, motif: Motif, city: City, density: float) -> Building:
    """A tower of four, six or eight sides above a low hall."""
    mason = Mason(rng, motif, density)
    half, depth, height = rng.uniform(6, 11), rng.uniform(8, 11), FLOOR * rng.uniform(1.4, 2.2)
    base = Plan(base=("doors", "arcade", "windows")[int(rng.integers(3))], richness=0.8)
    planes = mason.box(name, -half, 0, half, depth, 0, height, base, Plan(richness=0.3))
    planes += mason.hipped(f"{name}.roof", rectangle(-half, 0, half, depth), height, 3.0, 0.7)
    sides, radius = int(rng.choice([4, 6, 8])), rng.uniform(3.2, 4.5)
    top = height + rng.uniform(9, 14)
    middle = (float(rng.uniform(-0.4, 0.4) * half), radius - 1.0)
    walls, corners = mason.prism(f"{name}.shaft", middle, radius, sides, 0, top, Plan(centre="clock", richness=0.6))
    planes += walls
    planes += mason.spire(f"{name}.spire", corners, top, rng.uniform(3, 9), dome=bool(rng.random() < 0.4))
    return finished(name, planes, (-half, -1, half, depth))


def rotunda(name: str, rng: np.random.Generator, motif: Motif, city: City, density: float) -> Building:
    """A low square base, an octagonal drum and a dome."""
    mason = Mason(rng, motif, density)
    half, height = rng.uniform(7, 9.5), FLOOR * rng.uniform(1.0, 1.6)
    base = Plan(centre="door", base=("arcade", "windows")[int(rng.integers(2))], richness=0.8)
    planes = mason.box(name, -half, 0, half, 2 * half, 0, height, base, Plan(base=base.base, richness=0.6))
    planes += mason.hipped(f"{name}.skirt", rectangle(-half, 0, half, 2 * half), height, 1.2, 0.2)
    drum = height + rng.uniform(6, 9)
    walls, corners = mason.prism(f"{name}.drum", (0.0, half), 0.82 * half, 8, height, drum, Plan(richness=0.8))
    planes += walls + mason.spire(f"{name}.dome", corners, drum, rng.uniform(4.5, 8), dome=True)
    lantern, ring = mason.prism(f"{name}.lantern", (0.0, half), 1.2, 8, drum + 4, drum + 9.5, Plan(richness=0.0))
    planes += lantern + mason.spire(f"{name}.tip", ring, drum + 9.5, 2.0, dome=False)
    return finished(name, planes, (-half, 0, half, 2 * half))


def gate(name: str, rng: np.random.Generator, motif: Motif, city: City, density: float) -> Building:
    """A triumphal arch, or a gatehouse between two towers."""
    mason = Mason(rng, motif, density)
    half, depth, height = rng.uniform(6, 9), rng.uniform(4, 6), rng.uniform(11, 15)
    front = Plan(centre="arch", richness=1.0, blind=bool(rng.random() < 0.5))
    planes = mason.box(name, -half, 0, half, depth, 0, height, front, Plan(richness=0.6))
    planes[2] = mason.wall(f"{name}.back", (half, depth), (-half, depth), 0, height, front)
    passage = 0.36 * half
    planes.append(mason.wall(f"{name}.inner.left", (-passage, 0), (-passage, depth), 0, 0.6 * height, Plan(blind=True)))
    planes.append(mason.wall(f"{name}.inner.right", (passage, depth), (passage, 0), 0, 0.6 * height, Plan(blind=True)))
    if rng.random() < 0.5:
        for label, side in (("west", -1), ("east", 1)):
            x, top = side * (half + 1.2), height + rng.uniform(0, 4)
            walls, corners = mason.prism(f"{name}.{label}", (x, 2.0), 2.6, 8, 0, top, Plan(richness=0.3))
            planes += walls + mason.spire(f"{name}.{label}.cap", corners, top, rng.uniform(2, 6), dome=False)
        half += 3.8
    else:
        planes += mason.box(f"{name}.attic", -0.7 * half, 0.3, 0.7 * half, depth, height, height + 2.5,
                            Plan(richness=1.0, blind=True), Plan(blind=True))  # fmt: skip
    return finished(name, planes, (-half, 0, half, depth))


def row(name: str, rng: np.random.Generator, motif: Motif, city: City, density: float) -> Building:
    """Three or four houses side by side, each by its own mason; the first has the given motif."""
    widths = rng.uniform(5.5, 9, int(rng.integers(3, 5)))
    lefts = np.cumsum(np.append(-widths.sum() / 2, widths))
    planes: list[Plane] = []
    for house, (x0, x1) in enumerate(itertools.pairwise(lefts)):
        mason = Mason(rng, motif if house == 0 else draw_motif(rng, city), density)
        height, label = FLOOR * rng.uniform(1.9, 3.4), f"{name}.house{house}"
        gable = float(rng.uniform(2.5, 5)) if rng.random() < 0.5 else 0.0
        front = Plan(base=("shop", "doors", "windows")[int(rng.integers(3))], gable=gable, richness=0.6)
        planes += mason.box(label, x0, 0, x1, 9, 0, height, front, Plan(blind=True, richness=0.2))
        if gable:
            planes += mason.saddle(f"{label}.roof", x0, 0, x1, 9, height, gable)
        else:
            planes += mason.hipped(f"{label}.roof", rectangle(x0, 0, x1, 9), height, rng.uniform(2, 3.5), 0.35)
    return finished(name, planes, (float(lefts[0]), 0, float(lefts[-1]), 9))


ARCHETYPES: dict[str, Callable[[str, np.random.Generator, Motif, City, float], Building]] = {
    "palace": palace,
    "church": church,
    "tower": tower,
    "rotunda": rotunda,
    "gate": gate,
    "row": row,
}

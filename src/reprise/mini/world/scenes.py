"""A landmark among its neighbours."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from reprise.mini.world.archetypes import ARCHETYPES
from reprise.mini.world.backdrop import GROUNDS, ground_tile
from reprise.mini.world.buildings import Building
from reprise.mini.world.keys import generator
from reprise.mini.world.planes import Plane
from reprise.mini.world.styles import CITIES, draw_motif

NEIGHBOURS = 5  # buildings per city that fill the streets of all its landmarks


@dataclass(frozen=True)
class Scene:
    """A landmark, the neighbours beside it, and the ground. The landmark's planes come first in ``planes``."""

    name: str
    seed: int
    landmark: Building
    neighbours: tuple[Building, ...]
    ground: np.ndarray

    @property
    def planes(self) -> tuple[Plane, ...]:
        """All planes; pictures name the planes that they show by their index here."""
        return self.landmark.planes + tuple(plane for house in self.neighbours for plane in house.planes)

    @property
    def footprints(self) -> list[tuple[tuple[float, float, float, float], float]]:
        """Ground rectangle and height of every building."""
        return [(house.footprint, house.height) for house in (self.landmark, *self.neighbours)]


def moved(building: Building, x: float, y: float) -> Building:
    """The building somewhere else."""
    shift = np.array([x, y, 0.0])
    planes = tuple(replace(plane, origin=plane.origin + shift) for plane in building.planes)
    x0, y0, x1, y1 = building.footprint
    return replace(building, planes=planes, footprint=(x0 + x, y0 + y, x1 + x, y1 + y))


@lru_cache(maxsize=32)
def neighbour(seed: int, city: str, index: int, density: float) -> Building:
    """One of the ordinary houses of a city."""
    rng = generator(seed, "neighbour", city, index)
    kind = ("row", "palace")[index % 2]
    return ARCHETYPES[kind](f"neighbour{index}", rng, draw_motif(rng, CITIES[city]), CITIES[city], density)


def draw_scene(
    seed: int, city: str, name: str, *, archetype: int | None = None, motif: str | None = None, density: float = 22.0
) -> Scene:
    """Draw a scene of a city.

    Args:
        seed: seed of the miniature
        city: a key of CITIES
        name: the name of the scene
        archetype: index of the landmark's kind of building among those of the city, counted round; None: drawn
        motif: scenes with an equal motif are look-alikes, built by one mason to different plans; None: a motif of its
            own
        density: resolution of the textures in pixels per metre
    """
    rng = generator(seed, "scene", city, name)
    kinds = CITIES[city].archetypes
    kind = kinds[(int(rng.integers(len(kinds))) if archetype is None else archetype) % len(kinds)]
    vocabulary = draw_motif(generator(seed, "motif", city, motif or name), CITIES[city])
    landmark = ARCHETYPES[kind](name, rng, vocabulary, CITIES[city], density)
    left, right = rng.choice(NEIGHBOURS, 2, replace=False)
    x0, _, x1, _ = landmark.footprint
    houses = []
    for side, index in ((-1, int(left)), (1, int(right))):
        house = neighbour(seed, city, index, density)
        half = (house.footprint[2] - house.footprint[0]) / 2
        edge = x0 - half if side < 0 else x1 + half
        houses.append(moved(house, edge + side * rng.uniform(1.5, 9), rng.uniform(0, 9)))
    ground = ground_tile(rng, list(GROUNDS)[int(rng.integers(len(GROUNDS)))])
    return Scene(name, seed, landmark, tuple(houses), ground)

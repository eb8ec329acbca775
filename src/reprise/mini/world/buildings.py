"""Puts walls and roofs together: boxes, gabled halls, prisms and spires."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reprise.mini.world.facades import Plan, roof_texture, wall_texture
from reprise.mini.world.planes import Plane
from reprise.mini.world.styles import Motif

UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Building:
    """Planes that belong together, and the rectangle of ground (x0, y0, x1, y1) on which they stand."""

    name: str
    planes: tuple[Plane, ...]
    footprint: tuple[float, float, float, float]
    height: float


@dataclass(frozen=True)
class Mason:
    """Builds planes with one motif; every plane draws its details from the stream ``rng``."""

    rng: np.random.Generator
    motif: Motif
    density: float

    def wall(self, name: str, start: Sequence[float], end: Sequence[float], z0: float, z1: float, plan: Plan) -> Plane:
        """A vertical wall from ``start`` to ``end`` (x, y), left to right as seen from outside."""
        left, right = np.array(start, float), np.array(end, float)
        width = float(np.linalg.norm(right - left))
        direction = np.append((right - left) / width, 0.0)
        height = z1 - z0 + plan.gable
        texture = wall_texture(self.rng, self.motif, plan, width, height, self.density)
        return Plane(name, np.array([*left, z1 + plan.gable]), direction, -UP, width, height, texture)

    def box(
        self, name: str, x0: float, y0: float, x1: float, y1: float, z0: float, z1: float, front: Plan, sides: Plan
    ) -> list[Plane]:
        """Four walls; the front looks to the south."""
        back = Plan(gable=front.gable, richness=0.0, blind=True)
        return [
            self.wall(f"{name}.front", (x0, y0), (x1, y0), z0, z1, front),
            self.wall(f"{name}.right", (x1, y0), (x1, y1), z0, z1, sides),
            self.wall(f"{name}.back", (x1, y1), (x0, y1), z0, z1, back),
            self.wall(f"{name}.left", (x0, y1), (x0, y0), z0, z1, sides),
        ]

    def slope(self, name: str, eaves: np.ndarray, ridge: np.ndarray) -> Plane:
        """A roof surface between the eaves (2, 3), left to right as seen from outside, and the ridge (2, 3)."""
        width = float(np.linalg.norm(eaves[1] - eaves[0]))
        right = (eaves[1] - eaves[0]) / width
        along = (ridge - eaves[0]) @ right
        foot = eaves[0] + along[0] * right
        height = float(np.linalg.norm(ridge[0] - foot))
        up = (ridge[0] - foot) / height
        top = (float(along[0]) / width, float(along[1]) / width)
        texture = roof_texture(self.rng, self.motif, width, height, self.density, top)
        return Plane(name, eaves[0] + height * up, right, -up, width, height, texture)

    def hipped(self, name: str, corners: np.ndarray, z: float, rise: float, inset: float) -> list[Plane]:
        """A roof over the polygon (n, 2), counter-clockwise from above, that shrinks by ``inset`` (1: to a point)."""
        middle = corners.mean(0)
        low = np.column_stack([corners, np.full(len(corners), z)])
        high = np.column_stack([corners + inset * (middle - corners), np.full(len(corners), z + rise)])
        ahead = np.roll(np.arange(len(corners)), -1)
        return [
            self.slope(f"{name}.{i}", np.stack([low[i], low[j]]), np.stack([high[i], high[j]]))
            for i, j in enumerate(ahead)
        ]

    def saddle(self, name: str, x0: float, y0: float, x1: float, y1: float, z: float, rise: float) -> list[Plane]:
        """A roof with its ridge from front to back, over gables."""
        middle = (x0 + x1) / 2
        ridge = np.array([[middle, y1, z + rise], [middle, y0, z + rise]])
        left = np.array([[x0, y1, z], [x0, y0, z]])
        right = np.array([[x1, y0, z], [x1, y1, z]])
        return [self.slope(f"{name}.left", left, ridge), self.slope(f"{name}.right", right, ridge[::-1])]

    def prism(
        self, name: str, centre: tuple[float, float], radius: float, sides: int, z0: float, z1: float, plan: Plan
    ) -> tuple[list[Plane], np.ndarray]:
        """A tower with ``sides`` equal walls, one of them to the south; its planes and its corners (n, 2)."""
        angles = -np.pi / 2 - np.pi / sides + 2 * np.pi * np.arange(sides) / sides
        corners = np.array(centre) + radius * np.column_stack([np.cos(angles), np.sin(angles)])
        walls = [self.wall(f"{name}.{i}", corners[i], corners[(i + 1) % sides], z0, z1, plan) for i in range(sides)]
        return walls, corners

    def spire(self, name: str, corners: np.ndarray, z: float, rise: float, *, dome: bool) -> list[Plane]:
        """A pyramid, or a dome in three steps, over the corners (n, 2)."""
        if not dome:
            return self.hipped(name, corners, z, rise, 1.0)
        planes, middle = [], corners.mean(0)
        angles = np.linspace(0, np.pi / 2, 4)
        for step in range(3):
            scale = np.cos(angles[step])
            inset = 1 - np.cos(angles[step + 1]) / scale
            low, high = np.sin(angles[step : step + 2]) * rise
            ring = middle + scale * (corners - middle)
            planes += self.hipped(f"{name}{step}", ring, z + low, high - low, inset)
        return planes


def rectangle(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Corners (4, 2), counter-clockwise from above, the south side first."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def finished(name: str, planes: list[Plane], footprint: tuple[float, float, float, float]) -> Building:
    """The building of these planes."""
    height = max(float(plane.points(plane.corners)[:, 2].max()) for plane in planes)
    return Building(name, tuple(planes), footprint, height)

"""Drawn photographs, as they are read back from the folder of the drawing."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.mini.world.overlap import Overlap
from reprise.mini.world.shootings import Shooting


@dataclass(frozen=True)
class DrawnImage:
    """One drawn photograph.

    Attributes:
        name: its name in the drawing; a release may give it another
        manner: how it was taken, a key of ``views.MANNERS``
        box: x1, y1, x2, y2 of the landmark in pixels
        camera: scene, intrinsics, pose and size as JSON types, see :meth:`reprise.mini.world.camera.Camera.record`
        content: the JPEG file
    """

    name: str
    manner: str
    box: tuple[float, float, float, float]
    camera: dict[str, Any]
    content: bytes


@dataclass(frozen=True)
class DrawnScene:
    """The photographs of one scene.

    Attributes:
        name: its name
        images: the photographs
        overlaps: indices a and b of two images, and how the landmark of image a appears in image b
    """

    name: str
    images: tuple[DrawnImage, ...]
    overlaps: tuple[tuple[int, int, Overlap], ...]

    def pairs(self) -> Iterator[tuple[DrawnImage, DrawnImage, Overlap]]:
        """Iterate over the pairs of images that were compared."""
        for a, b, overlap in self.overlaps:
            yield self.images[a], self.images[b], overlap


Scenes = dict[str, list[DrawnScene]]


def read_scenes(working: Path, shootings: Iterable[Shooting]) -> Scenes:
    """Read the scenes in the folder ``working``, by dataset, in the order of the shootings."""
    scenes: Scenes = {}
    for shooting in shootings:
        folder = working / shooting.dataset
        record = json.loads((folder / f"{shooting.scene}.json").read_text())
        images = tuple(
            DrawnImage(
                entry["name"],
                entry["manner"],
                tuple(entry["box"]),
                {"scene": shooting.scene, **entry["camera"]},
                (folder / f"{entry['name']}.jpg").read_bytes(),
            )
            for entry in record["images"]
        )
        overlaps = tuple((a, b, Overlap(**overlap)) for a, b, overlap in record["overlaps"])
        scenes.setdefault(shooting.dataset, []).append(DrawnScene(shooting.scene, images, overlaps))
    return scenes

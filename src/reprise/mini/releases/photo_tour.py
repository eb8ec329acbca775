"""PhotoTour: sheets of patches of the same points in several photographs, their labels, and pairs of them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reprise.mini.releases.drawn import Scenes
from reprise.mini.releases.packing import write_zip
from reprise.mini.releases.writing import Release
from reprise.mini.world.drawing import PIXELS_PER_DENSITY
from reprise.mini.world.keys import generator
from reprise.mini.world.points import corners, cut, draw_radius, grey, jittered, sights, upright
from reprise.mini.world.scenes import Scene, draw_scene
from reprise.mini.world.sizes import MiniParameters
from reprise.mini.world.views import MANNERS, Picture, draw_view, take

SETS = ("liberty", "notredame", "yosemite")
SIDE, GRID = 64, 16
_JITTER = 0.06
_CORNERS = 25  # of a picture
_APART = 8.0  # pixels between two points of a picture, at least
_SEEN = 4  # patches of a point, at most
_VIEWS = ("query", "fair", "mixed", "fair")
_PAIRS = 2000


def write_photo_tour(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write an archive for each set; their scenes are drawn for them alone."""
    cameras: dict[str, dict[str, Any]] = {}
    names = [f"patchdata/{name}.zip" for name in SETS]
    for name, archive in zip(SETS, names, strict=True):
        cameras[name] = {}
        patches, labels, images = [], [], []
        for label, (image, patch) in _patches(name, seed, parameters, cameras[name]):
            patches.append(patch)
            labels.append(label)
            images.append(image)
        rng = generator(seed, "pairs", name)
        write_zip(
            folder / archive,
            {
                **_sheets(np.array(patches)),
                "info.txt": "".join(f"{a} {b}\n" for a, b in zip(labels, images, strict=True)).encode(),
                "m50_100000_100000_0.txt": _pairs(np.array(labels), rng).encode(),
            },
        )
    return Release(names, {name: dict(sorted(found.items())) for name, found in cameras.items()})


def _patches(
    name: str, seed: int, parameters: MiniParameters, cameras: dict[str, Any]
) -> Iterator[tuple[int, tuple[int, np.ndarray]]]:
    """Iterate over the patches of a set: the number of the point, and those of the image and its pixels."""
    label = 0
    size = parameters.image_size
    views = [_VIEWS[i % len(_VIEWS)] for i in range(parameters.cluster_views)]
    for number in range(max(parameters.landmarks // 2, 2)):
        scene, pictures = _photographed(seed, f"{name}_{number}", number, views, size)
        cameras |= {p.view.name: {"scene": scene.name, **p.view.camera.record()} for p in pictures}
        images, rng = [grey(picture) for picture in pictures], generator(seed, "points", scene.name)
        taken: list[list[np.ndarray]] = [[] for _ in pictures]
        for first in range(len(pictures)):
            for point in corners(scene, pictures[first], _CORNERS):
                found = sights(scene, pictures, first, point, draw_radius(rng))
                known = any(np.linalg.norm(point - other) < _APART for other in taken[first])
                if known or len(found) < 2:
                    continue
                for sight in found:  # so that no other picture gives the point another number
                    taken[sight.picture].append(sight.frame[:, 2])
                found = found[:_SEEN]
                for sight in found:
                    frame = jittered(upright(sight.frame), rng, _JITTER)
                    yield label, (number * len(views) + sight.picture, cut(images[sight.picture], frame, SIDE))
                label += 1


def _photographed(seed: int, name: str, archetype: int, manners: list[str], size: int) -> tuple[Scene, list[Picture]]:
    scene = draw_scene(seed, "world", name, archetype=archetype, density=max(size / PIXELS_PER_DENSITY, 6.0))
    views = [draw_view(scene, f"{name}_{i:02}", MANNERS[manner], size) for i, manner in enumerate(manners)]
    return scene, [take(scene, view) for view in views]


def _sheets(patches: np.ndarray) -> dict[str, bytes]:
    """Put patches (n, 64, 64) on sheets of 16 x 16, row after row; the last one is filled with black."""
    per_sheet = GRID * GRID
    files = {}
    for number, start in enumerate(range(0, len(patches), per_sheet)):
        sheet = np.zeros((per_sheet, SIDE, SIDE), np.uint8)
        part = patches[start : start + per_sheet]
        sheet[: len(part)] = part
        pixels = sheet.reshape(GRID, GRID, SIDE, SIDE).swapaxes(1, 2).reshape(GRID * SIDE, GRID * SIDE)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "BMP")
        files[f"patches{number:04}.bmp"] = stream.getvalue()
    return files


def _pairs(labels: np.ndarray, rng: np.random.Generator) -> str:
    """Draw pairs, half of them of the same point."""
    lines = []
    for number in range(_PAIRS):
        first = int(rng.integers(len(labels)))
        same = np.flatnonzero(labels == labels[first])
        others = same[same != first] if number % 2 == 0 else np.flatnonzero(labels != labels[first])
        second = int(rng.choice(others))
        lines.append(f"{first} {labels[first]} 0 {second} {labels[second]} 0 0\n")
    return "".join(lines)

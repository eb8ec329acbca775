"""MegaDepth as HNDesc learns from it: photographs, copies of them in another style, and keypoints."""

import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from reprise.mini.releases.drawn import Scenes
from reprise.mini.releases.packing import write_zip
from reprise.mini.releases.writing import Release
from reprise.mini.world.drawing import PIXELS_PER_DENSITY, jpeg
from reprise.mini.world.keys import generator
from reprise.mini.world.points import grey
from reprise.mini.world.scenes import draw_scene
from reprise.mini.world.sizes import MiniParameters
from reprise.mini.world.views import MANNERS, Picture, draw_view, take

ARCHIVE = "hndesc_training_data"
_VIEWS = ("query", "fair", "mixed", "fair")
_CORNERS, _APART = 500, 3.0  # keypoints of an image, at most, and pixels between two of them, at least
_STROKES = 4  # pixels of a brush


def write_megadepth(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write the archive; the scenes are drawn for it alone, small, so that small crops show much of them."""
    files: dict[str, bytes] = {}
    cameras: dict[str, dict[str, Any]] = {"train": {}, "test": {}}
    counts = {"train": parameters.landmarks, "test": max(parameters.landmarks // 2, 1)}
    for split, name, scene, picture in _photographs(seed, counts, parameters.image_size // 2):
        image = jpeg(picture)
        files[f"MegaDepth/{split}/{name}.jpg"] = image
        if split == "train":
            rng = generator(seed, "style", name)
            files[f"MegaDepth-stylized/{split}/{name}.jpg"] = _encoded(stylised(_decoded(image), rng))
        files[f"MegaDepth-light-features/kpts/superpoint/{name}.pkl"] = pickle.dumps(keypoints(picture), protocol=4)
        cameras[split][f"{split}/{name}"] = {"scene": scene, **picture.view.camera.record()}
    write_zip(folder / ARCHIVE, files)
    return Release([ARCHIVE], {split: dict(sorted(found.items())) for split, found in cameras.items()})


def stylised(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Paint an image (h, w, 3) uint8 RGB anew: with other colours, brush strokes, and without fine detail."""
    smooth = cv2.bilateralFilter(image, 5, 40, 3)
    colours = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB).astype(np.float32)
    mean, std = colours.mean(axis=(0, 1)), colours.std(axis=(0, 1)) + 1
    # From night to fog, in colours of any season.
    palette = rng.uniform([35, 100, 95], [190, 156, 165]), rng.uniform([14, 4, 4], [65, 24, 24])
    colours = (colours - mean) / std * palette[1] + palette[0]
    angle = rng.uniform(0, np.pi)  # of the strokes
    brush = np.zeros((2 * _STROKES + 1, 2 * _STROKES + 1), np.float32)
    reach = np.round(_STROKES * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    cv2.line(brush, (_STROKES - reach[0], _STROKES - reach[1]), (_STROKES + reach[0], _STROKES + reach[1]), 1.0)
    strokes = cv2.filter2D(rng.standard_normal(image.shape[:2]).astype(np.float32), -1, brush / brush.sum())
    colours[..., 0] += rng.uniform(0.08, 0.2) * palette[1][0] * strokes / strokes.std()
    return cv2.cvtColor(np.clip(colours, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)


def keypoints(picture: Picture) -> np.ndarray:
    """Find corners in place of the published detector's: (n, 3) float32 x, y, 1, row by row of the image."""
    found = cv2.goodFeaturesToTrack(grey(picture), _CORNERS, 0.01, _APART)
    points = np.empty((0, 2), np.float32) if found is None else found[:, 0]
    points = points[np.lexsort((points[:, 0], points[:, 1]))]
    return np.column_stack([points, np.ones(len(points), np.float32)])


def _photographs(seed: int, counts: dict[str, int], size: int) -> Iterator[tuple[str, str, str, Picture]]:
    """Iterate over the photographs: their split, their path below it without the suffix, their scene, themselves."""
    number = 0
    for split, count in counts.items():
        for archetype in range(count):
            scene = draw_scene(
                seed, "world", f"mega_{number}", archetype=archetype, density=max(size / PIXELS_PER_DENSITY, 6.0)
            )
            for index, manner in enumerate(_VIEWS):
                stamp = int(generator(seed, "photo", number, index).integers(10**9))
                view = draw_view(scene, f"{scene.name}_{index}", MANNERS[manner], size)
                yield split, f"{number:04}/dense0/imgs/{stamp:010}_o", scene.name, take(scene, view)
            number += 1


def _decoded(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def _encoded(image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=90)
    return stream.getvalue()

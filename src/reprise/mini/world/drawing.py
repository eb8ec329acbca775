"""Draws the photographs, one scene after the other."""

import io
import itertools
import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

import cv2
from PIL import Image

from reprise.mini.world.overlap import measure, query_box
from reprise.mini.world.scenes import draw_scene
from reprise.mini.world.shootings import Shooting, all_shootings, image_size
from reprise.mini.world.sizes import MiniParameters
from reprise.mini.world.views import MANNERS, Picture, draw_view, take

QUALITY = 90
PIXELS_PER_DENSITY = 19.0  # image size in pixels per texture pixel per metre: most views show textures reduced
TRAINING = ("train", "val")  # the datasets whose images are all compared; elsewhere only queries are


def draw_all(folder: Path, seed: int, parameters: MiniParameters, datasets: Collection[str]) -> None:
    """Draw every shooting of ``datasets`` into ``folder``.

    <dataset>/<image>.jpg are the photographs, <dataset>/<scene>.json their cameras and their ground truth.

    Args:
        folder: the folder
        seed: seed of the miniature
        parameters: sizes of the miniature
        datasets: names of the datasets
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for shooting in all_shootings(seed, parameters, datasets):
            draw_shooting(folder / shooting.dataset, seed, shooting, image_size(shooting, parameters))
    finally:
        cv2.setNumThreads(threads)


def draw_shooting(folder: Path, seed: int, shooting: Shooting, size: int) -> None:
    """Draw the photographs of one scene and measure how they overlap."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = draw_scene(
        seed,
        shooting.city,
        shooting.scene,
        archetype=shooting.archetype,
        motif=shooting.motif,
        density=max(size / PIXELS_PER_DENSITY, 6.0),
    )
    pictures: list[Picture] = []
    for name, manner in shooting.images:
        picture = take(scene, draw_view(scene, name, MANNERS[manner], size))
        (folder / f"{name}.jpg").write_bytes(jpeg(picture))
        pictures.append(picture)
    record = {
        "scene": shooting.scene,
        "images": [
            {"name": name, "manner": manner, "box": query_box(scene, picture), "camera": picture.view.camera.record()}
            for (name, manner), picture in zip(shooting.images, pictures, strict=True)
        ],
        "overlaps": [
            [a, b, asdict(measure(scene, pictures[a], pictures[b]))]
            for a, b in itertools.permutations(range(len(pictures)), 2)
            if shooting.dataset in TRAINING or shooting.images[a][1] == "query"
        ],
    }
    (folder / f"{shooting.scene}.json").write_text(json.dumps(record))


def jpeg(picture: Picture) -> bytes:
    """The picture as a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(picture.image).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()

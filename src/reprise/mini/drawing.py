"""Draws the photographs, one scene after the other, perhaps in several processes.

A worker is a fresh interpreter that is told everything on its command line: unlike the processes of multiprocessing
it does not import the caller's main module again, so that drawing can be started from any script.
"""

import argparse
import io
import itertools
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import cv2
from PIL import Image

from reprise.mini.ground_truth import measure, query_box
from reprise.mini.landmarks import Shooting, all_shootings, image_size
from reprise.mini.parameters import MiniParameters
from reprise.mini.scenes import draw_scene
from reprise.mini.views import MANNERS, Picture, draw_view, take

QUALITY = 90
PIXELS_PER_DENSITY = 19.0  # image size in pixels per texture pixel per metre: most views show textures reduced
TRAINING = ("train", "val")  # the datasets whose images are all compared; elsewhere only queries are


def draw_all(folder: Path, seed: int, parameters: MiniParameters, processes: int) -> None:
    """Draw every shooting into ``folder``: <dataset>/<image>.jpg, and <dataset>/<scene>.json with its ground truth."""
    if processes == 1:
        draw_part(folder, seed, parameters, 0, 1)
        return
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    arguments = ["--folder", str(folder), "--seed", str(seed), "--parameters", json.dumps(asdict(parameters))]
    command = [sys.executable, "-m", "reprise.mini.drawing", *arguments, "--part"]
    with ExitStack() as stack:
        workers = []
        for part in range(processes):
            numbered = [*command, str(part), str(processes)]
            worker = subprocess.Popen(numbered, env=environment, stderr=subprocess.PIPE, text=True)
            stack.enter_context(worker)
            stack.callback(worker.kill)  # if another one fails; does nothing to a process that has ended
            workers.append(worker)
        for worker in workers:
            message, status = worker.communicate()[1], worker.returncode
            if status:
                raise RuntimeError(f"a process that draws the miniature ended with status {status}:\n{message}")


def draw_part(folder: Path, seed: int, parameters: MiniParameters, part: int, parts: int) -> None:
    """Draw every ``parts``-th shooting, beginning with number ``part``."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for shooting in all_shootings(seed, parameters)[part::parts]:
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
            {"name": name, "manner": manner, "box": query_box(scene, picture)}
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="draw one part of the miniature")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--parameters", type=json.loads, required=True)
    parser.add_argument("--part", type=int, nargs=2, required=True)
    given = parser.parse_args()
    draw_part(given.folder, given.seed, MiniParameters(**given.parameters), *given.part)

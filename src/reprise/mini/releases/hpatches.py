"""HPatches: patches of the same points in six photographs at three levels of noise, and the lists of the benchmark."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reprise.evaluation.hpatches_tasks import IMAGES, NOISES, retrieval_patches
from reprise.mini.releases.drawn import Scenes
from reprise.mini.releases.packing import write_zip
from reprise.mini.releases.writing import Release
from reprise.mini.world.drawing import PIXELS_PER_DENSITY
from reprise.mini.world.keys import generator
from reprise.mini.world.lighting import WEATHERS, draw_light
from reprise.mini.world.points import corners, cut, draw_radius, grey, jittered, sights
from reprise.mini.world.scenes import Scene, draw_scene
from reprise.mini.world.sizes import MiniParameters
from reprise.mini.world.views import MANNERS, Picture, draw_view, take
from reprise.storage.atomic import write_text

SIDE = 65
_JITTER = {"ref": 0.0, "e": 0.05, "h": 0.1, "t": 0.18}
_CORNERS = 150  # of a reference image, of which those in all other images remain
_TEXTURED = 10  # grey levels of standard deviation
_QUERIES = 200
_SPLITS = ("full", "illum", "view", "a", "b", "c")


def write_hpatches(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write the archive and the lists of all splits; the scenes are drawn for them alone."""
    files: dict[str, bytes] = {}
    cameras: dict[str, Any] = {}
    references: dict[str, np.ndarray] = {}
    for kind in ("i", "v"):
        for number in range(max(parameters.landmarks // 2, 2)):
            scene, pictures = _photographed(seed, kind, number, parameters)
            name = f"{kind}_{scene.name.split('_')[-1]}"
            stacks = dict(_stacks(scene, pictures, generator(seed, "patches", scene.name)))
            references[name] = stacks["ref"]
            files |= {f"hpatches-release/{name}/{image}.png": _png(stack) for image, stack in stacks.items()}
            cameras |= {
                f"{name}/{i + 1}": {"scene": scene.name, **p.view.camera.record()} for i, p in enumerate(pictures)
            }
    write_zip(folder / "hpatches-release.zip", files)
    return Release(["hpatches-release.zip", *_lists(folder, references)], {"hpatches": dict(sorted(cameras.items()))})


def _photographed(seed: int, kind: str, number: int, parameters: MiniParameters) -> tuple[Scene, list[Picture]]:
    """Six photographs of a scene: from one place in other lights (i), or from other places (v)."""
    rng, size = generator(seed, "sequence", kind, number), parameters.image_size
    name = f"sequence_{kind}{number}{int(rng.integers(1000)):03}"
    scene = draw_scene(seed, "world", name, archetype=number, density=max(size / PIXELS_PER_DENSITY, 6.0))
    near = replace(MANNERS["query"], obstacles=0.3)
    views = [draw_view(scene, f"{name}_{i}", near, size) for i in range(1 + IMAGES)]
    if kind == "i":
        views = [
            replace(view, camera=views[0].camera, light=draw_light(rng, WEATHERS[(i + number) % len(WEATHERS)]))
            for i, view in enumerate(views)
        ]
    return scene, [take(scene, view) for view in views]


def _stacks(scene: Scene, pictures: list[Picture], rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Iterate over the types of patches, and the patches (n, 65, 65) of each."""
    points = corners(scene, pictures[0], _CORNERS)
    found = [sights(scene, pictures, 0, point, draw_radius(rng)) for point in points]

    everywhere = [[sight.frame for sight in seen] for seen in found if len(seen) == len(pictures)]
    frames = np.array(everywhere[:60])
    images = [grey(picture) for picture in pictures]
    yield "ref", np.array([cut(images[0], frame, SIDE) for frame in frames[:, 0]])
    for noise in NOISES:
        for image in range(1, 1 + IMAGES):
            patches = [cut(images[image], jittered(frame, rng, _JITTER[noise]), SIDE) for frame in frames[:, image]]
            yield f"{noise}{image}", np.array(patches)


def _png(patches: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(patches.reshape(-1, SIDE)).save(stream, "PNG")
    return stream.getvalue()


def _lists(folder: Path, references: dict[str, np.ndarray]) -> Iterator[str]:
    """Write splits.json, and queries and distractors of each split; iterate over their names."""
    names = sorted(references)
    splits = {split: _split(split, names) for split in _SPLITS}
    write_text(folder / "utils/splits.json", json.dumps(splits) + "\n")
    yield "utils/splits.json"
    for split, entry in splits.items():
        sequences = entry["test"]
        patches = [references[name] for name in sequences]
        textured = [each.reshape(len(each), -1).std(axis=1) > _TEXTURED for each in patches]
        drawn = retrieval_patches([len(each) for each in patches], textured, _QUERIES // 4, _QUERIES)
        for kind, rows in zip(("queries", "distractors"), drawn, strict=True):
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(["s", "idx"])
            writer.writerows([sequences[sequence], index] for sequence, index in rows.tolist())
            write_text(folder / f"retr_{kind}_split-{split}.csv", text.getvalue())
            yield f"retr_{kind}_split-{split}.csv"


def _split(split: str, names: list[str]) -> dict[str, Any]:
    if split in ("illum", "view"):
        return {"name": split, "test": [name for name in names if name[0] == split[0]]}
    if split == "full":
        return {"name": split, "test": names}
    # One sequence of each kind to train on, another one for each split.
    train = [[name for name in names if name[0] == kind]["abc".index(split) % (len(names) // 2)] for kind in "iv"]
    return {"name": split, "test": [name for name in names if name not in train], "train": train}

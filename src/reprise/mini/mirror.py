"""The miniature mirror: a folder with a small version of every file that the real downloads consist of."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reprise.mini.archives import write_archive
from reprise.mini.drawing import draw_all
from reprise.mini.gldv2 import write_gldv2
from reprise.mini.ground_truth import Overlap
from reprise.mini.keys import generator
from reprise.mini.landmarks import all_shootings
from reprise.mini.parameters import MiniParameters
from reprise.mini.pickles import (
    DrawnImage,
    DrawnScene,
    classic_ground_truth,
    revisited_ground_truth,
    training_split,
    validation_queries,
    whitening_split,
    write_pickle,
)
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError
from reprise.storage.hashes import sha256_file

Scenes = dict[str, list[DrawnScene]]
MANIFEST = "mirror.json"


def draw_mirror(folder: Path, *, seed: int = 0, processes: int = 1, parameters: MiniParameters | None = None) -> None:
    """Draw the miniature of every dataset into ``folder``, under the names of the published files.

    The bytes depend on seed and parameters only, not on the number of processes (given the machine and the versions
    of the libraries). ``mirror.json`` is written last, so that a folder that has it is whole: {"seed", "parameters",
    "files": {name: {"bytes", "sha256"}}}. Raises DataError for a seed or a number of processes that make no sense.
    """
    parameters = parameters or MiniParameters()
    if seed < 0 or processes < 1:
        raise DataError(f"draw_mirror: seed ({seed}) must be at least 0 and processes ({processes}) at least 1")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=".drawing-", dir=folder) as working:
        draw_all(Path(working), seed, parameters, processes)
        scenes = read_scenes(Path(working), seed, parameters)
    names = [
        *write_landmarks(folder, scenes),
        *write_training(folder, scenes, seed, parameters),
        *write_distractors(folder, scenes, seed, parameters),
        *write_gldv2(folder, scenes["gldv2"], scenes["gldv2-test"], seed),
    ]
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_file(folder / name)} for name in sorted(names)
    }
    manifest = {"seed": seed, "parameters": asdict(parameters), "files": files}
    write_text(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def read_scenes(working: Path, seed: int, parameters: MiniParameters) -> Scenes:
    """What was drawn, by dataset, in the order of the shootings."""
    scenes: Scenes = {}
    for shooting in all_shootings(seed, parameters):
        folder = working / shooting.dataset
        record = json.loads((folder / f"{shooting.scene}.json").read_text())
        images = tuple(
            DrawnImage(
                entry["name"], entry["manner"], tuple(entry["box"]), (folder / f"{entry['name']}.jpg").read_bytes()
            )
            for entry in record["images"]
        )
        overlaps = tuple((a, b, Overlap(**overlap)) for a, b, overlap in record["overlaps"])
        scenes.setdefault(shooting.dataset, []).append(DrawnScene(shooting.scene, images, overlaps))
    return scenes


def write_files(
    folder: Path, archives: Mapping[str, Iterable[tuple[str, bytes]]], pickles: Mapping[str, Any]
) -> list[str]:
    """Write archives and pickles; returns their names."""
    for name, members in archives.items():
        write_archive(folder / name, members)
    for name, content in pickles.items():
        write_pickle(folder / name, content)
    return [*archives, *pickles]


def write_landmarks(folder: Path, scenes: Scenes) -> list[str]:
    """Oxford and Paris: image archives, revisited and classic ground truth."""
    oxford, paris = scenes["roxford5k"], scenes["rparis6k"]
    half = (len(paris) + 1) // 2
    archives = {
        "oxbuild_images-v1.tgz": [(f"{i.name}.jpg", i.content) for scene in oxford for i in scene.images],
        **{
            f"paris_{number}-v1.tgz": [(f"paris/{s.name}/{i.name}.jpg", i.content) for s in part for i in s.images]
            for number, part in ((1, paris[:half]), (2, paris[half:]))
        },
    }
    pickles = {
        "gnd_oxford5k.pkl": classic_ground_truth(oxford),
        "gnd_paris6k.pkl": classic_ground_truth(paris),
        "gnd_roxford5k.pkl": revisited_ground_truth(oxford),
        "gnd_rparis6k.pkl": revisited_ground_truth(paris),
    }
    return write_files(folder, archives, pickles)


def write_training(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> list[str]:
    """retrieval-SfM: the image archive, the lists of training, validation and whitening images."""
    train, val = scenes["train"], scenes["val"]
    contents = {image.name: image.content for scene in train + val for image in scene.images}
    cids = {name: hashlib.sha256(content).hexdigest()[:32] for name, content in contents.items()}
    archives = {"ims.tar.gz": [(cid_path(cids[name]), content) for name, content in contents.items()]}
    pickles = {
        "retrieval-SfM-120k.pkl": {
            "train": training_split(train, cids, generator(seed, "order", "train")),
            "val": training_split(val, cids, generator(seed, "order", "val")),
        },
        "retrieval-SfM-120k-whiten.pkl": whitening_split(train, cids),
        "retrieval-SfM-30k-whiten.pkl": whitening_split(train[: (len(train) + 1) // 2], cids),
        "retrieval-SfM-120k-val-eccv2020.pkl": validation_queries(val, cids, parameters.validation_queries),
    }
    return write_files(folder, archives, pickles)


def cid_path(cid: str) -> str:
    """Where an image lies in the archive: folders named by its last characters, no extension."""
    return f"{cid[-2:]}/{cid[-4:-2]}/{cid[-6:-4]}/{cid}"


def write_distractors(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> list[str]:
    """revisitop1m: numbered archives and the list of all images."""
    images = [(distractor_path(image), image.content) for scene in scenes["revisitop1m"] for image in scene.images]
    order = generator(seed, "order", "revisitop1m").permutation(len(images))
    archives = {
        f"revisitop1m.{number + 1}.tar.gz": [images[i] for i in order[number :: parameters.archives]]
        for number in range(parameters.archives)
    }
    write_text(folder / "revisitop1m.txt", "".join(f"{path}\n" for path in sorted(path for path, _ in images)))
    return [*write_files(folder, archives, {}), "revisitop1m.txt"]


def distractor_path(image: DrawnImage) -> str:
    """Path of a distractor image, extension included: in a folder named by the start of its hash."""
    digest = hashlib.sha256(image.content).hexdigest()[:24]
    return f"{digest[:2]}/{digest}.jpg"

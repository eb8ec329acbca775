"""Google Landmarks v2 in the miniature: image archives, the image lists of AMES, and the ground truth of its test."""

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from reprise.mini.archives import write_archive
from reprise.mini.ground_truth import judge
from reprise.mini.keys import generator
from reprise.mini.pickles import DrawnImage, DrawnScene, write_pickle
from reprise.storage.atomic import write_text

TRAINING_ARCHIVES = 2
LANDMARK_IDS = 203094  # ids of the published training set are below


def write_gldv2(folder: Path, train: list[DrawnScene], test: list[DrawnScene], seed: int) -> list[str]:
    """Write training set and test; returns the names of the files."""
    return [*write_train(folder, train, seed), *write_test(folder, test)]


def write_train(folder: Path, scenes: list[DrawnScene], seed: int) -> list[str]:
    """The archives of the training images, and the list with a landmark id for each."""
    ids = generator(seed, "landmark ids").choice(LANDMARK_IDS, len(scenes), replace=False)
    labelled = [(image, int(label)) for scene, label in zip(scenes, ids, strict=True) for image in scene.images]
    labelled.sort(key=lambda pair: image_path(pair[0]))
    lines = [f"train/{image_path(image)},{label},{size(image)}\n" for image, label in labelled]
    write_text(folder / "gldv2/train_750k.txt", "".join(lines))
    names = []
    for number in range(TRAINING_ARCHIVES):
        part = [image for image, _ in labelled[number::TRAINING_ARCHIVES]]
        names.append(write_images(folder, f"train/images_{number:03}.tar", part))
    return [*names, "gldv2/train_750k.txt"]


def write_test(folder: Path, scenes: list[DrawnScene]) -> list[str]:
    """Index and query images, their lists, and gnd: a list with the index images of its landmark, ok, per query."""
    database = sorted((i for scene in scenes for i in scene.images if i.manner != "query"), key=image_path)
    places = {image.name: place for place, image in enumerate(database)}
    # The first query of every landmark, then the second of every one: both halves are of all landmarks.
    turns = zip(*([i for i in s.images if i.manner == "query"] for s in scenes if with_queries(s)), strict=True)
    queries = [image for turn in turns for image in turn]
    ok: dict[str, list[int]] = {query.name: [] for query in queries}
    for scene in scenes:
        for query, image, overlap in scene.pairs():
            if image.name in places and judge(overlap) in ("easy", "hard"):
                ok[query.name].append(places[image.name])
    truth: dict[str, Any] = {"gnd": [{"ok": sorted(ok[query.name])} for query in queries]}
    write_pickle(folder / "gldv2-test/gnd_gldv2-test.pkl", truth)
    for name, split, images in (("test_gallery", "index", database), ("test_query", "test", queries)):
        lines = [f"{split}/{image_path(image)},{size(image)}\n" for image in images]
        write_text(folder / f"gldv2-test/{name}.txt", "".join(lines))
    return [
        write_images(folder, "index/images_000.tar", database),
        write_images(folder, "test/images_000.tar", queries),
        *(f"gldv2-test/{name}" for name in ("gnd_gldv2-test.pkl", "test_gallery.txt", "test_query.txt")),
    ]


def with_queries(scene: DrawnScene) -> bool:
    """Whether the scene is one of the landmarks of the test."""
    return any(image.manner == "query" for image in scene.images)


def write_images(folder: Path, name: str, images: Iterable[DrawnImage]) -> str:
    """Write an archive; returns its name."""
    write_archive(folder / name, ((image_path(image), image.content) for image in images))
    return name


def image_path(image: DrawnImage) -> str:
    """Where an image lies: in folders named by the first three digits of its id."""
    name = hashlib.sha256(image.content).hexdigest()[:16]
    return f"{name[0]}/{name[1]}/{name[2]}/{name}.jpg"


def size(image: DrawnImage) -> str:
    """Width and height as the lists have them."""
    width, height = Image.open(io.BytesIO(image.content)).size
    return f"{width},{height}"

"""Google Landmarks v2: image archives, the image lists of AMES, and the ground truth of its test."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from reprise.mini.releases.drawn import DrawnImage, DrawnScene, Scenes
from reprise.mini.releases.packing import write_archive
from reprise.mini.releases.pickled import write_pickle
from reprise.mini.releases.writing import Release, cameras_of, digest
from reprise.mini.world.keys import generator
from reprise.mini.world.overlap import judge
from reprise.mini.world.sizes import MiniParameters
from reprise.storage.atomic import write_text

TRAINING_ARCHIVES = 2
LANDMARK_IDS = 203094  # ids of the published training set are below


def write_train(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write the archives of the training images, and the list with a landmark id for each."""
    landmarks = scenes["gldv2"]
    ids = generator(seed, "landmark ids").choice(LANDMARK_IDS, len(landmarks), replace=False)
    labelled = [(image, int(label)) for scene, label in zip(landmarks, ids, strict=True) for image in scene.images]
    labelled.sort(key=lambda pair: image_path(pair[0]))
    lines = [f"train/{image_path(image)},{label},{size(image)}\n" for image, label in labelled]
    write_text(folder / "gldv2/train_750k.txt", "".join(lines))
    images = [image for image, _ in labelled]
    names = [
        write_images(folder, f"train/images_{number:03}.tar", images[number::TRAINING_ARCHIVES])
        for number in range(TRAINING_ARCHIVES)
    ]
    return Release([*names, "gldv2/train_750k.txt"], {"train": cameras_of(images, lambda i: f"train/{image_path(i)}")})


def write_test(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write index and query images, their lists, and gnd: per query a list ok with the index images of its landmark."""
    test = scenes["gldv2-test"]
    database = sorted((i for scene in test for i in scene.images if i.manner != "query"), key=image_path)
    # The first query of every landmark, then the second of every one: both halves are of all landmarks.
    turns = zip(*([i for i in s.images if i.manner == "query"] for s in test if with_queries(s)), strict=True)
    queries = [image for turn in turns for image in turn]
    write_pickle(folder / "gldv2-test/gnd_gldv2-test.pkl", ground_truth(test, database, queries))
    for name, split, images in (("test_gallery", "index", database), ("test_query", "test", queries)):
        lines = [f"{split}/{image_path(image)},{size(image)}\n" for image in images]
        write_text(folder / f"gldv2-test/{name}.txt", "".join(lines))
    files = [
        write_images(folder, "index/images_000.tar", database),
        write_images(folder, "test/images_000.tar", queries),
        *(f"gldv2-test/{name}" for name in ("gnd_gldv2-test.pkl", "test_gallery.txt", "test_query.txt")),
    ]
    cameras = {
        "index": cameras_of(database, lambda image: f"index/{image_path(image)}"),
        "test": cameras_of(queries, lambda image: f"test/{image_path(image)}"),
    }
    return Release(files, cameras)


def ground_truth(scenes: list[DrawnScene], database: list[DrawnImage], queries: list[DrawnImage]) -> dict[str, Any]:
    """Make gnd: for each query the indices in ``database`` of the images that show its landmark."""
    places = {image.name: place for place, image in enumerate(database)}
    ok: dict[str, list[int]] = {query.name: [] for query in queries}
    for scene in scenes:
        for query, image, overlap in scene.pairs():
            if image.name in places and judge(overlap) in ("easy", "hard"):
                ok[query.name].append(places[image.name])
    return {"gnd": [{"ok": sorted(ok[query.name])} for query in queries]}


def with_queries(scene: DrawnScene) -> bool:
    """Tell whether the scene is one of the landmarks of the test."""
    return any(image.manner == "query" for image in scene.images)


def write_images(folder: Path, name: str, images: Iterable[DrawnImage]) -> str:
    """Write an archive, and return its name."""
    write_archive(folder / name, ((image_path(image), image.content) for image in images))
    return name


def image_path(image: DrawnImage) -> str:
    """Return the path of an image: in folders named by the first three digits of its id."""
    name = digest(image, 16)
    return f"{name[0]}/{name[1]}/{name[2]}/{name}.jpg"


def size(image: DrawnImage) -> str:
    """Format width and height as in the lists."""
    width, height = Image.open(io.BytesIO(image.content)).size
    return f"{width},{height}"

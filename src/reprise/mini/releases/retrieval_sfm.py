"""retrieval-SfM: the image archive, the lists of training, validation and whitening images."""

from pathlib import Path

from reprise.mini.releases.drawn import DrawnImage, DrawnScene, Scenes
from reprise.mini.releases.pickled import training_split, validation_queries, whitening_split
from reprise.mini.releases.writing import Release, cameras_of, digest, write_files
from reprise.mini.world.keys import generator
from reprise.mini.world.sizes import MiniParameters


def write_retrieval_sfm(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write the archive and the lists; images are identified by a cid, and have no extension in the archive."""
    train, val = scenes["train"], scenes["val"]
    images = _images(train + val)
    cids = {image.name: digest(image, 32) for image in images}
    archives = {"ims.tar.gz": [(cid_path(cids[image.name]), image.content) for image in images]}
    pickles = {
        "retrieval-SfM-120k.pkl": {
            "train": training_split(train, cids, generator(seed, "order", "train")),
            "val": training_split(val, cids, generator(seed, "order", "val")),
        },
        "retrieval-SfM-120k-whiten.pkl": whitening_split(train, cids),
        "retrieval-SfM-30k-whiten.pkl": whitening_split(train[: (len(train) + 1) // 2], cids),
        "retrieval-SfM-120k-val-eccv2020.pkl": validation_queries(val, cids, parameters.validation_queries),
    }
    cameras = {
        split: cameras_of(_images(part), lambda image: cids[image.name])
        for split, part in (("train", train), ("val", val))
    }
    return Release(write_files(folder, archives, pickles), cameras)


def _images(scenes: list[DrawnScene]) -> list[DrawnImage]:
    return [image for scene in scenes for image in scene.images]


def cid_path(cid: str) -> str:
    """Return the path of an image in the archive: folders named by its last characters, no extension."""
    return f"{cid[-2:]}/{cid[-4:-2]}/{cid[-6:-4]}/{cid}"

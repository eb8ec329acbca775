"""A training set of tiny pictures, and a training on it that takes a second."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from reprise.datasets.images import Dataset, ImageList
from reprise.datasets.sfm120k import TrainingSet
from reprise.training import TrainingSettings, train_how

CLUSTERS, VIEWS = 6, 3
SETTINGS = {
    "backbone": "resnet18",
    "skip_stages": 3,
    "dim": 8,
    "epochs": 3,
    "learning_rate": 1e-3,
    "image_size": 48,
    "negatives": 3,
    "queries": 5,
    "pool": 17,
    "batch": 2,
    "whitening": {"images": 6, "num_features": 50},
    "validation": {
        "frequency": 2,
        "num_features": 40,
        "scales": [1.0, 0.5],
        "codebook": {"images": 8, "num_features": 40, "size": 16},
    },
}


def write_images(folder: Path) -> list[Path]:
    """Three views each of six coloured patterns; the first image is smaller than the rest."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for cluster in range(CLUSTERS):
        pattern = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((8, 8, 1)))
        for view in range(VIEWS):
            noisy = np.clip(pattern + rng.normal(0, 25, pattern.shape), 0, 255).astype(np.uint8)
            paths.append(folder / f"{cluster}_{view}.png")
            Image.fromarray(noisy[: 40 if len(paths) == 1 else None]).save(paths[-1])
    return paths


def training_set(folder: Path) -> TrainingSet:
    paths = write_images(folder)
    first = np.arange(0, CLUSTERS * VIEWS, VIEWS)
    return TrainingSet(
        ImageList([path.name for path in paths], paths),
        np.repeat(np.arange(CLUSTERS), VIEWS),
        np.concatenate([first, first]),
        np.concatenate([first + 1, first + 2]),
    )


def validation_set(data: TrainingSet) -> Dataset:
    """Each first view asks for the other two."""
    queries = range(0, CLUSTERS * VIEWS, VIEWS)
    images = data.images
    chosen = ImageList([images.names[q] for q in queries], [images.paths[q] for q in queries])
    return Dataset(images, chosen, [{"ok": [q + 1, q + 2], "junk": [q]} for q in queries])


def outputs(folder: Path) -> dict[str, Path]:
    return {
        "best": folder / "best.pth",
        "last": folder / "last.pth",
        "history": folder / "history.csv",
        "curves": folder / "curves.svg",
        "state": folder / "state",
    }


def train(folder: Path, *, trunk=None, identity="a", data=None, **changes) -> None:
    """Train with SETTINGS and ``changes`` on the CPU, in one thread; images and outputs are in ``folder``."""
    torch.set_num_threads(1)
    data = data or training_set(folder / "images")
    settings = TrainingSettings.read({**SETTINGS, **changes}, "settings")
    validation = validation_set(data) if settings.validation else None
    train_how(settings, data, validation, trunk=trunk, identity=identity, device="cpu", **outputs(folder))


if __name__ == "__main__":
    train(Path(sys.argv[1]), **json.loads(sys.argv[2]))

"""From the description of a dataset in a recipe to the dataset."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reprise.datasets.benchmarks import LEVELS, read_benchmark
from reprise.datasets.gldv2 import read_gldv2_test, read_gldv2_train
from reprise.datasets.images import Dataset
from reprise.datasets.lists import read_list
from reprise.datasets.sfm120k import TrainingSet, read_training_set, read_validation_set
from reprise.storage.errors import DataError


def read_dataset(description: Mapping) -> Dataset:
    """Read the dataset that ``description`` names.

    Keys: ``layout`` (revisited, classic, sfm120k, val_eccv20, gldv2, gldv2_train or list), ``images`` (folder; for
    gldv2 and gldv2_train also a mapping from the first component of the listed paths to a folder), ``index`` (the
    ground-truth or database pickle, or the list), ``part`` (of sfm120k), ``first`` (only so many images of the
    database); for gldv2 ``database`` and ``queries`` (the lists of images), ``num_queries`` (only the first ones)
    and ``private_queries`` (so many of the list, the last ones, are private).
    """
    layout, index = description["layout"], Path(description["index"])
    if layout in ("gldv2", "gldv2_train"):
        return _read_gldv2(description)
    images = Path(description["images"])
    if layout in LEVELS:
        dataset = read_benchmark(images, index, layout)
    elif layout == "sfm120k":
        dataset = Dataset(read_training_set(images, index, description["part"]).images)
    elif layout == "val_eccv20":
        dataset = read_validation_set(images, index)
    else:
        dataset = read_list(images, index)
    first = description.get("first")
    return Dataset(dataset.database.first(first), dataset.queries, dataset.ground_truth) if first else dataset


def read_pairs(description: Mapping) -> TrainingSet:
    """Read the training images and matching pairs of a dataset of layout sfm120k; keys as in :func:`read_dataset`."""
    return read_training_set(Path(description["images"]), Path(description["index"]), description["part"])


def read_labels(description: Mapping) -> np.ndarray:
    """The label of each image of a dataset of layout gldv2_train, (images,) int64; keys as in :func:`read_dataset`.

    DataError: a dataset without labels.
    """
    if description["layout"] != "gldv2_train":
        raise DataError(f"{description['index']}: layout {description['layout']} has no labels; use gldv2_train")
    labels = read_gldv2_train(_folders(description), Path(description["index"])).labels
    assert labels is not None
    return labels[: description.get("first")]


def _folders(description: Mapping) -> Path | dict[str, Path]:
    images = description["images"]
    return {key: Path(folder) for key, folder in images.items()} if isinstance(images, Mapping) else Path(images)


def _read_gldv2(description: Mapping) -> Dataset:
    folders, index = _folders(description), Path(description["index"])
    if description["layout"] == "gldv2_train":
        return Dataset(read_gldv2_train(folders, index).images.first(description.get("first")))
    lists = (Path(description[key]) for key in ("database", "queries"))
    counts = {key: description[key] for key in ("num_queries", "private_queries") if key in description}
    return read_gldv2_test(folders, index, *lists, **counts)

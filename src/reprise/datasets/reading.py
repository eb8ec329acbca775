"""From the description of a dataset in a recipe to the dataset."""

from collections.abc import Mapping
from pathlib import Path

from reprise.datasets.benchmarks import LEVELS, read_benchmark
from reprise.datasets.images import Dataset
from reprise.datasets.lists import read_list
from reprise.datasets.sfm120k import read_training_set, read_validation_set


def read_dataset(description: Mapping) -> Dataset:
    """Read the dataset that ``description`` names.

    Keys: ``layout`` (revisited, classic, sfm120k, val_eccv20 or list), ``images`` (folder), ``index`` (the ground-truth
    or database pickle, or the list), ``part`` (of sfm120k), ``first`` (only so many images of the database).
    """
    layout, images, index = description["layout"], Path(description["images"]), Path(description["index"])
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

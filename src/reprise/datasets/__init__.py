"""Images and ground truth of every benchmark, one module per format."""

from reprise.datasets.benchmarks import read_benchmark
from reprise.datasets.images import Dataset, ImageList
from reprise.datasets.lists import read_list
from reprise.datasets.reading import read_dataset
from reprise.datasets.sfm120k import TrainingSet, cid_path, read_training_set, read_validation_set

__all__ = [
    "Dataset",
    "ImageList",
    "TrainingSet",
    "cid_path",
    "read_benchmark",
    "read_dataset",
    "read_list",
    "read_training_set",
    "read_validation_set",
]

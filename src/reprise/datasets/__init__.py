"""Images and ground truth of every benchmark, one module per layout."""

from reprise.datasets.benchmarks import read_benchmark
from reprise.datasets.gldv2 import read_gldv2_test
from reprise.datasets.gldv2_train import read_gldv2_train
from reprise.datasets.hpatches import HPatches, read_hpatches
from reprise.datasets.image_lists import LabelledList, read_image_list
from reprise.datasets.images import Dataset, ImageList
from reprise.datasets.list import read_list
from reprise.datasets.phototour import PhotoTour, read_phototour
from reprise.datasets.reading import read_dataset
from reprise.datasets.sfm120k import TrainingSet, cid_path, read_training_set
from reprise.datasets.val_eccv20 import read_validation_set

__all__ = [
    "Dataset",
    "HPatches",
    "ImageList",
    "LabelledList",
    "PhotoTour",
    "TrainingSet",
    "cid_path",
    "read_benchmark",
    "read_dataset",
    "read_gldv2_test",
    "read_gldv2_train",
    "read_hpatches",
    "read_image_list",
    "read_list",
    "read_phototour",
    "read_training_set",
    "read_validation_set",
]

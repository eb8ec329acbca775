"""From the description of a dataset in a recipe to the dataset: the layout that it names is loaded by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reprise.datasets.images import Dataset
from reprise.datasets.layout import DatasetLayout
from reprise.datasets.megadepth import KeypointImages
from reprise.datasets.phototour import PhotoTour
from reprise.datasets.posed import PosedLayout, Scene
from reprise.datasets.sfm120k import TrainingSet
from reprise.storage.errors import DataError
from reprise.storage.modules import NamedModules

LAYOUTS = NamedModules("reprise.datasets", "Layout")


def load_layout(name: str, where: str = "layout") -> type[DatasetLayout]:
    """Load the class of a layout.

    Args:
        name: a module of this package, or ``package.module:Class``
        where: what errors begin with

    Raises:
        DataError: there is no such layout
    """
    layout: type[DatasetLayout] = LAYOUTS.load_class(name, where)
    return layout


def read_dataset(description: Mapping[str, Any]) -> Dataset:
    """Read the dataset that ``description`` names.

    Args:
        description: ``layout``, and what :meth:`DatasetLayout.load` of that layout takes

    Raises:
        DataError: a file that is missing, damaged or of another form
    """
    return load_layout(description["layout"]).load(description)


def training_files(description: Mapping[str, Any]) -> list[Path]:
    """List the files that a training reads of a dataset, beside its lists; see :func:`read_dataset`."""
    return load_layout(description["layout"]).training_files(description)


def read_pairs(description: Mapping[str, Any]) -> TrainingSet:
    """Read the training images and matching pairs of a dataset.

    Args:
        description: as for :func:`read_dataset`

    Raises:
        DataError: as :func:`read_dataset`, or a layout that has no pairs
    """
    return _what_teaches(description, "pairs", "load_pairs")


def read_labels(description: Mapping[str, Any]) -> np.ndarray:
    """Read the label of each training image of a dataset.

    Args:
        description: as for :func:`read_dataset`

    Returns:
        (N,) int64

    Raises:
        DataError: as :func:`read_dataset`, or a layout that has no labels
    """
    return _what_teaches(description, "landmarks", "load_labels")


def read_patches(description: Mapping[str, Any], *, shrunk: bool = True) -> PhotoTour:
    """Read the patches of a dataset.

    Args:
        description: as for :func:`read_dataset`
        shrunk: to 32 x 32, as networks take them

    Raises:
        DataError: as :func:`read_dataset`, or a layout that has no patches
    """
    return _what_teaches(description, "patches", "load_patches", shrunk=shrunk)


def read_scene(description: Mapping[str, Any], *, observations: bool = False) -> Scene:
    """Read the cameras of a dataset, and the poses that are known.

    Args:
        description: as for :func:`read_dataset`
        observations: read which points of the model the references show, too

    Raises:
        DataError: as :func:`read_dataset`, or a layout that has no poses
    """
    layout = load_layout(description["layout"])
    if not issubclass(layout, PosedLayout):
        raise DataError(f"{description['images']}: layout {description['layout']} has no poses; name another dataset")
    return layout.load_scene(description, observations=observations)


def read_keypoint_images(description: Mapping[str, Any], *, listed: bool = True) -> KeypointImages:
    """List the images of a dataset that has keypoints, and copies in another style.

    Args:
        description: as for :func:`read_dataset`
        listed: every image has a file of keypoints; False: a detector finds them

    Raises:
        DataError: as :func:`read_dataset`, or a layout that has no keypoints
    """
    return _what_teaches(description, "keypoints", "load_keypoints", listed=listed)


def _what_teaches(description: Mapping[str, Any], kind: str, loader: str, **options: Any) -> Any:
    layout = load_layout(description["layout"])
    if layout.teaches != kind:
        where = description.get("index", description["images"])
        raise DataError(f"{where}: layout {description['layout']} has no {kind}; name another dataset")
    return getattr(layout, loader)(description, **options)

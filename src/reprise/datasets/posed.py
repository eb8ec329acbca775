"""Datasets of images with known cameras: what the layouts have in common that locate queries in a COLMAP model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from reprise.datasets.images import Dataset, ImageList, check_names
from reprise.datasets.layout import DatasetLayout
from reprise.datasets.text import read_lines
from reprise.formats.colmap_models import (
    CAMERAS,
    IMAGES,
    ModelCamera,
    ModelImage,
    check_camera,
    read_cameras,
    read_images,
)
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError

#: The kind of truth of these layouts.
POSES = "poses"
HELD_OUT = "held-out"


@dataclass(frozen=True)
class Scene:
    """Images of known cameras.

    Attributes:
        references: the images that a model is made of, in the order of the database, with their poses
        queries: the images that are located, in their order
        cameras: of all images, by name
        truth: the poses of the queries that have a known one, by name
        groups: name of a group -> its queries
    """

    references: Mapping[str, ModelImage]
    queries: Sequence[str]
    cameras: Mapping[str, ModelCamera]
    truth: Mapping[str, ModelImage]
    groups: Mapping[str, Sequence[str]]


class PosedLayout(DatasetLayout):
    """Base of the layouts whose database is a COLMAP model: a folder with cameras.bin and images.bin."""

    truth: ClassVar[str | None] = POSES

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read which images there are; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        scene, folder = cls.load_scene(description), cls.image_folder(description)
        database, queries = (
            ImageList(list(names), [folder / name for name in names]) for names in (scene.references, scene.queries)
        )
        groups = {group: np.isin(queries.names, list(names)) for group, names in scene.groups.items()}
        return Dataset(database, queries, None, POSES, groups)

    @classmethod
    def load_scene(cls, description: Mapping[str, Any], *, observations: bool = False) -> Scene:
        """Read the cameras, and the poses that are known.

        Args:
            description: as for :meth:`load`
            observations: read which points of the model the references show, too

        Raises:
            DataError: a file that is missing, truncated or of another form
        """
        raise TypeError(f"{cls.__name__} says nothing of how its cameras are read")

    @classmethod
    def image_folder(cls, description: Mapping[str, Any]) -> Path:
        """Return the folder that the names of the images are below."""
        return Path(description["images"])


def read_model(folder: Path, *, observations: bool) -> tuple[dict[str, ModelImage], dict[str, ModelCamera]]:
    """Read a model: its images, and the camera of each, by their names and in the order of these.

    Raises:
        DataError: a file that is missing, truncated or of another form, or a name that leads out of a folder
    """
    cameras = read_cameras(folder / CAMERAS)
    images = {image.name: image for image in read_images(folder / IMAGES, cameras, observations=observations).values()}
    names = check_names(sorted(images), str(folder / IMAGES))
    return {name: images[name] for name in names}, {name: cameras[images[name].camera] for name in names}


def read_query_cameras(path: Path) -> dict[str, ModelCamera]:
    """Read a list of queries with the intrinsics of their cameras.

    Each line has the name of an image, a camera model of COLMAP, width, height and the parameters of the model.

    Raises:
        DataError: no such file, a line of another form, an unknown camera model, or a name that is listed twice
    """
    rows = [
        (number, line.split())
        for number, line in enumerate(read_lines(path, "one query with its camera per line"), 1)
        if line and not line.startswith("#")
    ]
    if not rows:
        raise DataError(f"{path}: lists no query; download it again, or leave it out")
    names = check_names([row[0] for _, row in rows], str(path), [number for number, _ in rows])
    return {
        name: _camera(row[1:], f"{path}: line {number} ({name})")
        for name, (number, row) in zip(names, rows, strict=True)
    }


def read_names(path: Path) -> list[str]:
    """Read a list of image names, one per line; DataError for another file, or a name that is listed twice."""
    lines = read_lines(path, "write one image name per line, as the model has it")
    kept = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    return check_names([line for _, line in kept], str(path), [number for number, _ in kept])


def withheld(
    images: Mapping[str, ModelImage], cameras: Mapping[str, ModelCamera], names: Sequence[str], where: str
) -> Scene:
    """Withhold images of a model, which are located in what is left; their poses are the truth.

    Args:
        images: of the model, by name
        cameras: of each, by name
        names: those that are withheld
        where: what errors begin with

    Raises:
        DataError: a name that the model has not, or no image that is left
    """
    unknown = [name for name in names if name not in images]
    if unknown:
        raise DataError(
            f"{where}: {quoted(unknown[0])} is none of the {len(images)} images of the model ({len(unknown)} such "
            "names); write them as the model has them"
        )
    truth = {name: images[name] for name in names}
    references = {name: image for name, image in images.items() if name not in truth}
    if len(references) < 2:
        raise DataError(f"{where}: {len(references)} images of the model are left; withhold fewer")
    return Scene(references, list(truth), cameras, truth, {HELD_OUT: list(truth)})


def with_queries(
    images: Mapping[str, ModelImage],
    cameras: Mapping[str, ModelCamera],
    groups: Mapping[str, Mapping[str, ModelCamera]],
    where: str,
) -> Scene:
    """Make the scene of a model and groups of queries whose poses are not known.

    Raises:
        DataError: a query that is an image of the model, or of two groups
    """
    queries: dict[str, ModelCamera] = {}
    for group, members in groups.items():
        for name in members:
            if name in images or name in queries:
                other = "an image of the model" if name in images else "a query of another list"
                raise DataError(f"{where}: {quoted(name)} of {group} is {other}, too; remove it from one of them")
        queries |= members
    return Scene(
        images, list(queries), {**cameras, **queries}, {}, {group: list(members) for group, members in groups.items()}
    )


def every(names: Sequence[str], step: int) -> list[str]:
    """Return every ``step``-th of names in their order, beginning in the middle of the first ``step``."""
    return list(names)[(step - 1) // 2 :: step]


def _camera(fields: Sequence[str], where: str) -> ModelCamera:
    try:
        model, width, height, *params = fields
        camera = ModelCamera(model, int(width), int(height), tuple(map(float, params)))
    except ValueError as error:
        raise DataError(
            f"{where}: {quoted(' '.join(fields))} is no camera model, width, height and parameters; correct the line"
        ) from error
    return check_camera(camera, where)

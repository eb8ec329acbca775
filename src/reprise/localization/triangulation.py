"""Points of a model from verified matches and the given poses of its images, which stay as they are."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reprise.datasets.posed import Scene
from reprise.formats.colmap_models import (
    CAMERAS,
    IMAGES,
    MODEL_FILES,
    POINTS,
    ModelImage,
    read_cameras,
    read_images,
    read_points,
)
from reprise.localization.colmap import colmap_camera, colmap_pose, explained, load_pycolmap
from reprise.localization.database import camera_numbers, check_database, image_numbers
from reprise.localization.settings import LocalizationSettings
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError

_SPARSEST = 1000


@dataclass(frozen=True)
class TriangulatedModel:
    """The references with the points that were triangulated.

    Attributes:
        images: by name, with observations
        positions: (n, 3) of the points
        place: (m,) row of ``positions`` of a point by its number, -1 for numbers without one
    """

    images: Mapping[str, ModelImage]
    positions: np.ndarray
    place: np.ndarray

    def of_keypoints(self, name: str) -> np.ndarray:
        """Return the row of ``positions`` of each keypoint of a reference, -1 without one: (k,) int64."""
        points = self.images[name].points
        assert points is not None
        return np.where(points < 0, -1, self.place[np.maximum(points, 0)])


def triangulate(database: str | os.PathLike, scene: Scene, folder: Path, settings: LocalizationSettings) -> str:
    """Triangulate the points of the references, and write the model to a folder.

    Args:
        database: with verified matches
        scene: with the poses of the references
        folder: the folder of ``MODEL_FILES``
        settings: of the triangulation

    Returns:
        COLMAP's summary of the model: points, observations, lengths of tracks, reprojection error

    Raises:
        DataError: a database of another version or other images, or no point at all
    """
    pycolmap = load_pycolmap()
    check_database(database, scene)
    model = _posed_model(pycolmap, scene)
    with tempfile.TemporaryDirectory(prefix="colmap-") as working, explained(str(database), "delete it and run again"):
        # COLMAP writes into the databases that it reads.
        copy = Path(working) / "database.db"
        shutil.copyfile(database, copy)
        found = pycolmap.triangulate_points(
            model, copy, working, working, options=_options(pycolmap, settings), refine_intrinsics=False
        )
        if not found.num_points3D():
            raise DataError(
                f"{database}: no point was triangulated from {len(scene.references)} references; look at the matches: "
                "lower min_num_matches, raise verification_error, or match other or more pairs"
            )
        for name in MODEL_FILES:
            with atomic_path(folder / name) as temporary:
                temporary.write_bytes((Path(working) / name).read_bytes())
        return str(found.summary())


def read_triangulated(folder: Path) -> TriangulatedModel:
    """Read a model that :func:`triangulate` wrote.

    Raises:
        DataError: files that are missing, damaged, or do not fit each other
    """
    images = read_images(folder / IMAGES, read_cameras(folder / CAMERAS), observations=True)
    points = read_points(folder / POINTS, tracks=False)
    seen = [image.points for image in images.values() if image.points is not None]
    shown = max((int(each.max(initial=-1)) for each in seen), default=-1)
    largest = int(points.ids.max(initial=-1))
    # Numbers of points that were merged or left out stay free.
    if shown > largest or not 0 <= largest < _SPARSEST * (len(points.ids) + 1000):
        raise DataError(f"{folder}: {IMAGES} and {POINTS} are of different models; delete both and run again")
    place = np.full(largest + 1, -1, np.int64)
    place[points.ids] = np.arange(len(points.ids))
    return TriangulatedModel({image.name: image for image in images.values()}, points.positions, place)


def _posed_model(pycolmap: Any, scene: Scene) -> Any:
    """A model with the poses and cameras of the references, and no points."""
    numbers, cameras = image_numbers(scene), camera_numbers(scene)
    model = pycolmap.Reconstruction()
    for camera in dict.fromkeys(scene.cameras[name] for name in scene.references):
        model.add_camera_with_trivial_rig(colmap_camera(camera, cameras[camera]))
    for name, image in scene.references.items():
        added = pycolmap.Image(name=name, image_id=numbers[name], camera_id=cameras[scene.cameras[name]])
        model.add_image_with_trivial_frame(added, colmap_pose(image))
    return model


def _options(pycolmap: Any, settings: LocalizationSettings) -> Any:
    options = pycolmap.IncrementalPipelineOptions()
    options.min_num_matches = settings.min_num_matches
    options.mapper.filter_max_reproj_error = settings.filter_max_reproj_error
    options.ba_refine_focal_length = options.ba_refine_principal_point = options.ba_refine_extra_params = False
    options.extract_colors = False  # images are not read
    options.random_seed = settings.seed
    return options

"""Poses of queries from matches with references, whose keypoints have points of a model.

A query of which too few keypoints agree gets no pose. That of a similar image never stands in for it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reprise.datasets.posed import Scene
from reprise.formats.colmap_models import MODEL_FILES, ModelCamera
from reprise.formats.located import Located
from reprise.localization.colmap import colmap_camera, explained, load_pycolmap, plain_pose
from reprise.localization.database import check_database, image_numbers
from reprise.localization.settings import LocalizationSettings
from reprise.localization.triangulation import TriangulatedModel

# Poses of this number of points have a finite number of solutions.
_LEAST = 4


def locate_queries(
    model: TriangulatedModel,
    scene: Scene,
    keypoints: Mapping[str, np.ndarray],
    matches: Iterable[tuple[str, str, np.ndarray]],
    settings: LocalizationSettings,
) -> dict[str, Located]:
    """Find the pose of each query by RANSAC on its matches with points of the model, and refine it.

    Args:
        model: the references with their points
        scene: with the cameras of the queries
        keypoints: (n, 2) of each query, in pixels as COLMAP has them
        matches: the names of both images of each pair, and their matches; pairs of two references are passed over
        settings: of the poses

    Returns:
        name of a query -> what was found, in the order of the queries

    Raises:
        DataError: a match of a keypoint that a query or the model has not
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in scene.queries}
    for query, reference, rows in _of_queries(scene, matches):
        points = model.of_keypoints(reference)
        with explained(f"matches of '{query}' and '{reference}'", "delete the matches and the model, and run again"):
            found[query].append(np.column_stack([rows[:, 0], points[rows[:, 1]]]))
    return {
        name: _locate(scene.cameras[name], keypoints[name], found[name], model.positions, settings)
        for name in tqdm(scene.queries, "poses", unit="query")
    }


def register_queries(
    folder: Path, database: str | os.PathLike, scene: Scene, settings: LocalizationSettings
) -> dict[str, Located]:
    """Find the pose of each query by COLMAP's registration of images, as ``colmap image_registrator`` does.

    Args:
        folder: the model that :func:`reprise.localization.triangulation.triangulate` wrote
        database: with the verified matches of the queries
        scene: the references and the queries
        settings: of the poses

    Returns:
        name of a query -> what was found, in the order of the queries

    Raises:
        DataError: a database or a model of other images
    """
    pycolmap = load_pycolmap()
    check_database(database, scene)
    numbers = image_numbers(scene)
    options = _mapper_options(pycolmap, settings)
    with tempfile.TemporaryDirectory(prefix="colmap-") as working, explained(str(folder), "delete it and run again"):
        copy = Path(working) / "database.db"
        shutil.copyfile(database, copy)
        for name in MODEL_FILES:
            shutil.copyfile(folder / name, Path(working) / name)
        model = pycolmap.Reconstruction(working)
        with pycolmap.Database.open(copy) as opened:
            kept = pycolmap.DatabaseCacheOptions(min_num_matches=settings.min_num_matches)
            cache = pycolmap.DatabaseCache.create(opened, kept)  # has to outlive the mapper
        mapper = pycolmap.IncrementalMapper(cache)
        mapper.begin_reconstruction(model)
        located = {}
        for name in tqdm(scene.queries, "poses", unit="query"):
            known = numbers[name] in cache.images  # those without verified matches are not
            registered = known and mapper.register_next_image(options, numbers[name])
            located[name] = _registered(model.images[numbers[name]], registered) if known else _NOTHING
        mapper.end_reconstruction(False)
    return located


_NOTHING = Located(None, 0, 0, 0)


def _registered(image: Any, registered: bool) -> Located:
    if not registered:
        return _NOTHING
    return Located(plain_pose(image.cam_from_world()), image.num_points3D, image.num_points3D, 0)


def _locate(
    camera: ModelCamera,
    keypoints: np.ndarray,
    matched: Sequence[np.ndarray],
    positions: np.ndarray,
    settings: LocalizationSettings,
) -> Located:
    """Find a pose; ``matched`` are rows (m, 2) of a keypoint and a point, one array for each reference."""
    rows = np.concatenate([np.zeros((0, 2), np.int64), *matched])
    rows = np.unique(rows[rows[:, 1] >= 0], axis=0)  # several references may show one point
    count = len(np.unique(rows[:, 0]))
    if count < _LEAST:
        return Located(None, 0, count, len(matched))
    pycolmap = load_pycolmap()
    estimation, refinement = pycolmap.AbsolutePoseEstimationOptions(), pycolmap.AbsolutePoseRefinementOptions()
    estimation.ransac.max_error = settings.max_error
    estimation.ransac.random_seed = settings.seed
    points = np.asarray(keypoints, np.float64)[rows[:, 0]]
    answer = pycolmap.estimate_and_refine_absolute_pose(
        points, positions[rows[:, 1]], colmap_camera(camera), estimation, refinement
    )
    if answer is None:
        return Located(None, 0, count, len(matched))
    # A keypoint with several points, of which some agree, counts once.
    inliers = len(np.unique(rows[np.asarray(answer["inlier_mask"], bool), 0]))
    pose = plain_pose(answer["cam_from_world"])
    enough = inliers >= max(settings.min_inliers, settings.min_inlier_ratio * count)
    return Located(pose if enough and np.isfinite(pose).all() else None, inliers, count, len(matched))


def _mapper_options(pycolmap: Any, settings: LocalizationSettings) -> Any:
    options = pycolmap.IncrementalMapperOptions()
    options.abs_pose_max_error = settings.max_error
    options.abs_pose_min_num_inliers = settings.min_inliers
    options.abs_pose_min_inlier_ratio = settings.min_inlier_ratio
    options.abs_pose_refine_focal_length = options.abs_pose_refine_extra_params = False
    options.random_seed = settings.seed
    return options


def _of_queries(scene: Scene, matches: Iterable[tuple[str, str, np.ndarray]]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Iterate over the pairs of a query and a reference: their names and matches, of the query first."""
    queries = set(scene.queries)
    for first, second, rows in matches:
        if first in queries and second in scene.references:
            yield first, second, rows
        elif second in queries and first in scene.references:
            yield second, first, rows[:, ::-1]

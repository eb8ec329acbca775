"""Localization of real photographs that are held out of a model of all of them.

    python benchmarks/localization.py FOLDER --scene sceaux --scene kermit [--r2d2 WEIGHTS]

FOLDER has the photographs, .jpg files; those of a scene begin with its name. COLMAP reconstructs the scene from all of
them, with RootSIFT of SIFT keypoints, or R2D2 on images of at most 640 pixels, and mutual nearest neighbours. Then
every fold is held out in turn: the others keep the poses and cameras of the whole model, points are triangulated anew
from their matches alone, and the images held out are located in them. Their errors are relative to the whole model,
which is no independent truth: it was made of the same features. It has no unit either, so that distances are in percent
of the median distance from a camera to the points that it sees.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from reprise.datasets.posed import Scene, read_model, withheld
from reprise.evaluation.poses import camera_centres, pose_errors
from reprise.extractors.registry import load_extractor
from reprise.formats.colmap_models import POINTS, ModelCamera, ModelImage, read_points
from reprise.localization.database import write_database
from reprise.localization.pairs import write_pairs
from reprise.localization.poses import locate_queries, register_queries
from reprise.localization.settings import LocalizationSettings
from reprise.localization.triangulation import read_triangulated, triangulate
from reprise.matching import mutual_nearest_neighbors

FOLDS = 4
_HEADER = (
    "scene, in the model of all, points, held out, with a pose, median position %, median degrees, within 1 %/1 deg, "
    "within 5 %/5 deg, seconds: features, matches, model, folds"
)
Matches = list[tuple[str, str, np.ndarray]]


def main() -> None:
    """Measure each scene."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scene", action="append", required=True)
    parser.add_argument("--registration", choices=["pnp", "image_registrator"], default="pnp")
    parser.add_argument("--r2d2", type=Path, metavar="WEIGHTS", help="R2D2 in place of RootSIFT")
    options = parser.parse_args()
    extractor = features_of(options.r2d2)
    settings = LocalizationSettings(registration=options.registration)
    print(_HEADER)
    for name in options.scene:
        print(measure(options.folder, name, extractor, settings), flush=True)


def measure(folder: Path, name: str, extractor: Any, settings: LocalizationSettings) -> str:
    """One line of results."""
    times = [time.perf_counter()]
    paths = sorted(folder.glob(f"{name}*.jpg"))
    features = {path.name: described(path, extractor) for path in paths}
    times.append(time.perf_counter())
    matches = [
        (a, b, mutual_nearest_neighbors(features[a][1], features[b][1])) for a, b in itertools.combinations(features, 2)
    ]
    times.append(time.perf_counter())
    with tempfile.TemporaryDirectory() as working:
        images, cameras, points = reconstruct(folder, Path(working), features, matches)
        times.append(time.perf_counter())
        if len(images) < 2 * FOLDS:
            return f"{name}, {len(images)} of {len(paths)}, not measured: the largest model has too few images"
        matches = [each for each in matches if each[0] in images and each[1] in images]
        errors = np.concatenate(
            [
                held_out_errors(images, cameras, list(images)[fold::FOLDS], features, matches, settings, Path(working))
                for fold in range(FOLDS)
            ]
        )
        times.append(time.perf_counter())
    errors[:, 0] *= 100 / size_of(images, points)
    found = np.isfinite(errors[:, 0])
    shares = [((errors <= bound).all(axis=1)).mean() for bound in (1, 5)]
    median = np.median(errors, axis=0)
    return (
        f"{name}, {len(images)} of {len(paths)}, {len(points)}, {len(errors)}, {found.sum()}, {median[0]:.2f}, "
        f"{median[1]:.3f}, {100 * shares[0]:.0f} %, {100 * shares[1]:.0f} %, "
        + ", ".join(f"{later - earlier:.1f}" for earlier, later in itertools.pairwise(times))
    )


def features_of(weights: Path | None) -> Any:
    """What finds keypoints and describes them."""
    if weights:
        return load_extractor("r2d2", checkpoint=str(weights), image_size=640, num_features=4000)
    return load_extractor("detected", detector={"type": "sift"}, descriptor={"type": "rootsift"}, num_features=4000)


def described(path: Path, extractor: Any) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints and descriptors of a photograph."""
    found = extractor.extract(path)
    return found.keypoints.astype(np.float32), found.descriptors


def reconstruct(
    folder: Path, working: Path, features: dict[str, tuple[np.ndarray, np.ndarray]], matches: Matches
) -> tuple[dict[str, ModelImage], dict[str, ModelCamera], np.ndarray]:
    """The largest model of COLMAP's incremental mapping: images, the camera of each, points."""
    import pycolmap

    pycolmap.logging.minloglevel = 2
    pycolmap.set_random_seed(0)
    database = working / "all.db"
    names = list(features)
    with pycolmap.Database.open(database):
        pass
    pycolmap.import_images(database, folder, image_names=names)
    with pycolmap.Database.open(database) as opened:
        numbers = {image.name: image.image_id for image in opened.read_all_images()}
        for name, (keypoints, _) in features.items():
            opened.write_keypoints(numbers[name], keypoints)
        for a, b, rows in matches:
            opened.write_matches(numbers[a], numbers[b], rows.astype(np.uint32))
    write_pairs(working / "pairs.txt", [(a, b) for a, b, _ in matches])
    verified = pycolmap.TwoViewGeometryOptions()
    verified.ransac.random_seed = 0
    pycolmap.verify_matches(database, working / "pairs.txt", verified)
    options = pycolmap.IncrementalPipelineOptions(num_threads=1, random_seed=0)
    (working / "sparse").mkdir()
    models = pycolmap.incremental_mapping(database, folder, working / "sparse", options)
    if not models:
        return {}, {}, np.zeros((0, 3))
    largest = max(models, key=lambda number: models[number].num_reg_images())
    models[largest].write(working / "sparse")
    images, cameras = read_model(working / "sparse", observations=True)
    return images, cameras, read_points(working / "sparse" / POINTS).positions


def held_out_errors(
    images: dict[str, ModelImage],
    cameras: dict[str, ModelCamera],
    names: list[str],
    features: dict[str, tuple[np.ndarray, np.ndarray]],
    matches: Matches,
    settings: LocalizationSettings,
    working: Path,
) -> np.ndarray:
    """Errors (n, 2) of images that are left out: distance in the unit of the model, and degrees."""
    scene: Scene = withheld(images, cameras, names, "held out")
    keypoints = {name: features[name][0] for name in images}
    database = working / "fold.db"
    write_database(database, scene, iter(keypoints.items()), iter(matches), settings)
    triangulate(database, scene, working / "fold", settings)
    if settings.registration == "pnp":
        located = locate_queries(read_triangulated(working / "fold"), scene, keypoints, matches, settings)
    else:
        located = register_queries(working / "fold", database, scene, settings)
    found = np.array([np.full(7, np.nan) if each.pose is None else each.pose for each in located.values()])
    true = np.array([[*images[name].quaternion, *images[name].translation] for name in located])
    return pose_errors(found[:, :4], found[:, 4:], true[:, :4], true[:, 4:])


def size_of(images: dict[str, ModelImage], points: np.ndarray) -> float:
    """The median distance of a camera from the points of the model."""
    centres = camera_centres(
        np.array([image.quaternion for image in images.values()]),
        np.array([image.translation for image in images.values()]),
    )
    return float(np.median(np.linalg.norm(points[:, None] - centres[None], axis=2)))


if __name__ == "__main__":
    main()

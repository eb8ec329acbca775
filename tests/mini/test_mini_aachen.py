"""The miniature of Aachen Day-Night: a model that is exact, in metres, and images that can be located in it."""

import itertools
import json
import zipfile

import numpy as np
import pytest

from reprise.datasets.reading import read_scene
from reprise.evaluation.poses import THRESHOLDS, camera_centres, pose_errors, rotation_matrices, shares_within
from reprise.extractors.registry import load_extractor
from reprise.formats.colmap_models import POINTS, read_points
from reprise.localization.database import write_database
from reprise.localization.pairs import covisible_pairs
from reprise.localization.poses import locate_queries
from reprise.localization.settings import LocalizationSettings
from reprise.localization.triangulation import TriangulatedModel, read_triangulated, triangulate
from reprise.matching import mutual_nearest_neighbors
from reprise.mini.releases.mirror import draw_mirror
from reprise.mini.world.sizes import MiniParameters

MIDDLE = [THRESHOLDS[1]]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The archives, unpacked, and the mirror: one building."""
    mirror, folder = tmp_path_factory.mktemp("mirror"), tmp_path_factory.mktemp("aachen")
    draw_mirror(mirror, ["aachen"], seed=3, parameters=MiniParameters(landmarks=4))
    for archive in sorted(mirror.rglob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    return mirror, folder


@pytest.fixture(scope="module")
def held_out(release):
    return read_scene({"layout": "aachen", "images": str(release[1]), "held_out_every": 3}, observations=True)


def errors_of(located, scene):
    found = np.array([np.full(7, np.nan) if each.pose is None else each.pose for each in located.values()])
    true = np.array([[*scene.truth[name].quaternion, *scene.truth[name].translation] for name in located])
    return pose_errors(found[:, :4], found[:, 4:], true[:, :4], true[:, 4:])


def exact_model(release, scene):
    """The model as it is released, with the true points."""
    points = read_points(release[1] / "3D-models" / "aachen_v_1_1" / POINTS)
    assert points.ids.tolist() == list(range(len(points.ids)))
    return TriangulatedModel(scene.references, points.positions, np.arange(len(points.ids)))


def test_keypoints_of_the_model_are_the_projections_of_its_points(release, held_out):
    positions = exact_model(release, held_out).positions
    for name, image in {**held_out.references, **held_out.truth}.items():
        focal, cx, cy, k = held_out.cameras[name].params
        seen = positions[image.points] @ rotation_matrices(image.quaternion)[0].T + image.translation
        pixels = focal * seen[:, :2] / seen[:, 2:] + [cx, cy]
        assert k == 0 and len(pixels) > 50
        assert np.abs(pixels - image.keypoints).max() < 1e-6


def test_the_world_is_in_metres(held_out):
    """Cameras of people who photograph a house stand some ten metres from it, and above the ground."""
    images = held_out.references.values()
    centres = camera_centres([image.quaternion for image in images], [image.translation for image in images])
    assert (centres[:, 2] > 1).all() and (centres[:, 2] < 12).all()
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    assert 2 < np.median(apart) < 60


def test_queries_have_the_cameras_that_they_were_taken_with(release):
    mirror, folder = release
    cameras = json.loads((mirror / "aachen.cameras.json").read_text())["aachen"]
    lists = {time: str(mirror / "queries" / f"{time}_time_queries_with_intrinsics.txt") for time in ("day", "night")}
    scene = read_scene({"layout": "aachen", "images": str(folder), **lists})
    assert {group: len(names) for group, names in scene.groups.items()} == {"day": 2, "night": 2}
    for name in scene.queries:
        assert scene.cameras[name].params[0] == cameras[name]["K"][0][0]
        assert (folder / "images_upright" / name).is_file()


def test_held_out_images_are_located_by_exact_points_and_exact_matches(release, held_out):
    model = exact_model(release, held_out)
    keypoints = {name: image.keypoints for name, image in held_out.truth.items()}
    located = locate_queries(model, held_out, keypoints, exact_matches(held_out), LocalizationSettings())
    errors = errors_of(located, held_out)
    assert len(errors) == 4
    assert shares_within(errors, MIDDLE)[0] >= 0.9
    assert errors[:, 0].max() < 1e-3


def exact_matches(scene):
    """All pairs of keypoints of a held-out image and a reference that show one point."""
    for (query, a), (reference, b) in itertools.product(scene.truth.items(), scene.references.items()):
        _, rows, columns = np.intersect1d(a.points, b.points, return_indices=True)
        yield query, reference, np.column_stack([rows, columns])


def test_held_out_images_are_located_by_rootsift(release, held_out, tmp_path):
    names = [*held_out.references, *held_out.queries]
    extractor = load_extractor(
        "detected", detector={"type": "sift"}, descriptor={"type": "rootsift"}, num_features=1500
    )
    features = {name: extractor.extract(release[1] / "images_upright" / name) for name in names}
    keypoints = {name: found.keypoints.astype(np.float32) for name, found in features.items()}
    pairs = covisible_pairs(held_out.references, 5) + list(itertools.product(held_out.queries, held_out.references))
    matches = [
        (a, b, mutual_nearest_neighbors(features[a].descriptors, features[b].descriptors, 0.8)) for a, b in pairs
    ]
    settings = LocalizationSettings()
    write_database(tmp_path / "database.db", held_out, iter(keypoints.items()), iter(matches), settings)
    triangulate(tmp_path / "database.db", held_out, tmp_path, settings)
    located = locate_queries(read_triangulated(tmp_path), held_out, keypoints, matches, settings)
    assert shares_within(errors_of(located, held_out), MIDDLE)[0] >= 0.5

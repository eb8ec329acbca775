"""Cameras, planes and the pictures of them."""

from dataclasses import replace

import numpy as np
import pytest

from reprise.mini.world.camera import look_at
from reprise.mini.world.keys import generator
from reprise.mini.world.overlap import judge, landmark_mask, measure, query_box
from reprise.mini.world.planes import homography, plane_to_image, transform
from reprise.mini.world.scenes import draw_scene
from reprise.mini.world.views import MANNERS, draw_view, take


@pytest.fixture(scope="module")
def scene():
    return draw_scene(3, "college", "test_hall", archetype=2)


@pytest.fixture(scope="module")
def pictures(scene):
    manners = ["query", "fair", "fair", "mixed", "hard", "extreme"]
    return [take(scene, draw_view(scene, f"{i}_{name}", MANNERS[name], 200)) for i, name in enumerate(manners)]


def camera_at(x, y, z, focal=300.0):
    return look_at(np.array([x, y, z]), np.array([0.0, 0.0, 6.0]), roll=0.1, focal=focal, width=400, height=300)


def test_camera_projects_its_own_rays():
    camera = camera_at(3.0, -20.0, 1.7)
    pixels = np.array([[0.5, 0.5], [200.0, 150.0], [399.0, 12.0]])
    points = camera.centre + 7.0 * camera.rays(pixels)
    projected, depth = camera.project(points)
    np.testing.assert_allclose(projected, pixels, atol=1e-8)
    np.testing.assert_allclose(depth, 7.0, atol=1e-9)


def test_camera_is_upright_and_rigid():
    camera = look_at(np.array([0.0, -9, 2]), np.array([0.0, 0, 2]), roll=0.0, focal=300, width=40, height=30)
    np.testing.assert_allclose(camera.R @ camera.R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.R) == pytest.approx(1)
    (east, high), _ = camera.project(np.array([[1.0, 0, 2], [0, 0, 3]]))
    assert east[0] > 20 and high[1] < 15  # east is to the right when looking north; up is up


def test_homography_agrees_with_projection(scene):
    a, b = camera_at(-6, -24, 1.8), camera_at(9, -15, 3.0, focal=410)
    rng = np.random.default_rng(0)
    for plane in scene.landmark.planes:
        if not (plane.faces(a) and plane.faces(b)):
            continue
        points = plane.points(rng.random((20, 2)) * [plane.width, plane.height])
        (in_a, depth_a), (in_b, _) = a.project(points), b.project(points)
        np.testing.assert_allclose(transform(homography(plane, a, b), in_a), in_b, rtol=1e-6, atol=1e-5)
        inverse_depth = np.column_stack([in_a, np.ones(20)]) @ np.linalg.inv(plane_to_image(plane, a))[2]
        np.testing.assert_allclose(1 / inverse_depth, depth_a, rtol=1e-8)


def test_plane_to_image_maps_the_corners(scene):
    camera = camera_at(2, -30, 2)
    for plane in scene.landmark.planes:
        pixels, _ = camera.project(plane.points(plane.corners))
        np.testing.assert_allclose(transform(plane_to_image(plane, camera), plane.corners), pixels, atol=1e-6)


def test_planes_face_outward(scene):
    x0, y0, x1, y1 = scene.landmark.footprint
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2, 1.0])
    front = next(plane for plane in scene.landmark.planes if plane.name.endswith(".front"))
    assert front.normal @ (front.origin - middle) > 0
    for plane in scene.planes:
        assert plane.right @ plane.down == pytest.approx(0, abs=1e-9)
        assert np.linalg.norm(plane.normal) == pytest.approx(1)
        assert plane.points(plane.corners)[:, 2].min() > -1e-6


def test_pictures_show_what_the_homography_predicts(scene):
    """A plane photographed twice under one light agrees with itself through the homography."""
    manner = MANNERS["query"]
    views = [draw_view(scene, name, manner, 320) for name in ("left", "right")]
    first = take(scene, views[0])
    second = take(scene, replace(views[0], camera=views[1].camera, obstacles=views[0].obstacles))
    index = int(np.bincount(first.owner[landmark_mask(scene, first)]).argmax())
    rows, columns = np.nonzero(first.owner == index)
    pixels = np.column_stack([columns, rows]) + 0.5
    matches = transform(homography(scene.planes[index], views[0].camera, views[1].camera), pixels)
    inside = views[1].camera.inside(matches)
    cells = np.floor(matches[inside]).astype(int)
    same = second.owner[cells[:, 1], cells[:, 0]] == index
    a = first.image[rows[inside][same], columns[inside][same]].mean(1)
    b = second.image[cells[same][:, 1], cells[same][:, 0]].mean(1)
    shuffled = np.random.default_rng(0).permutation(b)
    assert same.sum() > 500
    assert np.corrcoef(a, b)[0, 1] > 0.6 > 0.2 > abs(np.corrcoef(a, shuffled)[0, 1])


def test_overlap_with_itself_is_whole(scene, pictures):
    overlap = measure(scene, pictures[0], pictures[0])
    assert overlap.share == 1 and overlap.scale == pytest.approx(1) and overlap.angle == pytest.approx(0, abs=1e-4)
    assert judge(overlap) == "easy"


def test_overlap_falls_with_difficulty(scene, pictures):
    shares = [measure(scene, pictures[0], picture).share for picture in pictures[1:]]
    assert min(shares[:2]) > max(shares[3:])


def test_query_box_bounds_the_landmark(scene, pictures):
    for picture in pictures:
        x1, y1, x2, y2 = query_box(scene, picture)
        height, width = picture.owner.shape
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
        mask = landmark_mask(scene, picture)
        assert mask[int(y1) : int(y2), int(x1) : int(x2)].sum() == mask.sum()


def test_keys_decide_the_stream():
    assert generator(1, "a", 2).random() == generator(1, "a", 2).random()
    assert len({generator(seed, *key).random() for seed in (1, 2) for key in (("a",), ("b",), ("a", "b"))}) == 6

"""COLMAP's binary models: what pycolmap writes is read, what is written it reads, and nothing damaged is."""

import struct

import numpy as np
import pytest

from reprise.formats.colmap_models import (
    CAMERA_MODELS,
    ModelCamera,
    ModelImage,
    ModelPoints,
    read_cameras,
    read_images,
    read_points,
    write_cameras,
    write_images,
    write_points,
)
from reprise.storage.errors import DataError

pycolmap = pytest.importorskip("pycolmap")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """A model that pycolmap drew and wrote."""
    folder = tmp_path_factory.mktemp("synthetic")
    pycolmap.set_random_seed(0)
    options = pycolmap.SyntheticDatasetOptions(num_rigs=2, num_frames_per_rig=3, num_points3D=20)
    model = pycolmap.synthesize_dataset(options)
    model.write(folder)
    return folder, model


def small_model():
    camera = ModelCamera("SIMPLE_RADIAL", 640, 480, (500.0, 320.0, 240.0, -0.02))
    images = {
        3: ModelImage(
            "db/1.jpg", 7, np.array([1.0, 0, 0, 0]), np.array([0.5, -1, 2]), np.array([[10.5, 20.25], [3, 4]]),
            np.array([-1, 9]),
        ),
        5: ModelImage(
            "sequences/ä b.png", 7, np.array([0.6, 0, 0.8, 0]), np.zeros(3), np.array([[1.0, 2]]), np.array([9])
        ),
    }  # fmt: skip
    points = ModelPoints(np.array([9]), np.array([[1.0, 2, 3]]), [np.array([[3, 1], [5, 0]])])
    return {7: camera}, images, points


def write_model(folder):
    cameras, images, points = small_model()
    write_cameras(folder / "cameras.bin", cameras)
    write_images(folder / "images.bin", images)
    write_points(folder / "points3D.bin", points)


def test_all_models_of_cameras_have_the_numbers_and_parameters_of_colmap():
    for number, (name, count) in CAMERA_MODELS.items():
        kind = getattr(pycolmap.CameraModelId, name)
        assert int(kind.value) == number
        assert len(pycolmap.Camera.create_from_model_id(1, kind, 500.0, 640, 480).params) == count


def test_a_model_of_colmap_is_read(synthetic):
    folder, model = synthetic
    cameras = read_cameras(folder / "cameras.bin")
    images = read_images(folder / "images.bin", cameras, observations=True)
    points = read_points(folder / "points3D.bin")
    assert list(cameras) == sorted(model.cameras) and list(images) == sorted(model.images)
    for number, image in images.items():
        expected = model.images[number]
        assert image.name == expected.name and cameras[image.camera].params == tuple(expected.camera.params)
        pose = expected.cam_from_world()
        assert np.allclose(np.abs(image.quaternion @ pose.rotation.quat[[3, 0, 1, 2]]), 1, atol=1e-12)
        assert np.array_equal(image.translation, pose.translation)
        assert np.array_equal(image.keypoints, [point.xy for point in expected.points2D])
        shown = [point.point3D_id if point.has_point3D() else -1 for point in expected.points2D]
        assert image.points.tolist() == shown
    assert {number: position.tolist() for number, position in zip(points.ids, points.positions, strict=True)} == {
        number: point.xyz.tolist() for number, point in model.points3D.items()
    }
    first = int(points.ids[0])
    track = [[element.image_id, element.point2D_idx] for element in model.points3D[first].track.elements]
    assert points.tracks[0].tolist() == track


def test_observations_are_passed_over_unless_they_are_asked_for(synthetic):
    folder, _ = synthetic
    images = read_images(folder / "images.bin", read_cameras(folder / "cameras.bin"))
    assert all(image.keypoints is None and image.points is None for image in images.values())


def test_what_is_written_is_read_by_colmap_and_read_back(tmp_path):
    write_model(tmp_path)
    model = pycolmap.Reconstruction(tmp_path)
    assert model.images[5].name == "sequences/ä b.png" and model.points3D[9].xyz.tolist() == [1, 2, 3]
    assert model.cameras[7].params.tolist() == [500, 320, 240, -0.02]
    cameras = read_cameras(tmp_path / "cameras.bin")
    assert cameras == small_model()[0]
    images = read_images(tmp_path / "images.bin", cameras, observations=True)
    for number, expected in small_model()[1].items():
        assert images[number].points.tolist() == expected.points.tolist()
        assert np.array_equal(images[number].keypoints, expected.keypoints)


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin", "points3D.bin"])
def test_a_file_that_ends_anywhere_or_goes_on_is_refused(tmp_path, name):
    write_model(tmp_path)
    whole = (tmp_path / name).read_bytes()

    def read():
        if name == "images.bin":
            return read_images(tmp_path / name, [7], observations=True)
        return (read_cameras if name == "cameras.bin" else read_points)(tmp_path / name)

    read()
    for content in [*(whole[:length] for length in range(len(whole))), whole + b"\0"]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"{name}: .*(copy or download the model again)"):
            read()


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin", "points3D.bin"])
def test_a_huge_count_is_refused_before_anything_of_that_size_is_made(tmp_path, name):
    write_model(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(struct.pack("<Q", 1 << 60) + content[8:])
    readers = {
        "cameras.bin": read_cameras,
        "images.bin": lambda path: read_images(path, [7]),
        "points3D.bin": read_points,
    }
    with pytest.raises(DataError, match="truncated"):
        readers[name](tmp_path / name)


def test_unknown_camera_models_and_cameras_are_refused(tmp_path):
    write_model(tmp_path)
    with pytest.raises(DataError, match=r"'db/1.jpg' has the camera 7, which cameras.bin has not"):
        read_images(tmp_path / "images.bin", [1])
    content = bytearray((tmp_path / "cameras.bin").read_bytes())
    content[12:16] = struct.pack("<i", 99)
    (tmp_path / "cameras.bin").write_bytes(content)
    with pytest.raises(DataError, match="camera 7 has the model number 99, which is not known"):
        read_cameras(tmp_path / "cameras.bin")


def test_poses_and_cameras_that_mean_nothing_are_refused(tmp_path):
    cameras, images, _ = small_model()
    broken = ModelImage("a", 7, np.array([np.nan, 0, 0, 0]), np.zeros(3))
    write_images(tmp_path / "images.bin", {**images, 6: broken})
    with pytest.raises(DataError, match="image 6: .* is no quaternion of unit length"):
        read_images(tmp_path / "images.bin", cameras)
    with pytest.raises(DataError, match="SIMPLE_RADIAL has 4 parameters, found 3"):
        write_cameras(tmp_path / "c.bin", {1: ModelCamera("SIMPLE_RADIAL", 640, 480, (500.0, 320.0, 240.0))})

"""Keypoints of a detector, in place of those of files."""

import numpy as np
import pytest
from keypoint_images_data import write_keypoint_images
from PIL import Image

from reprise.datasets.megadepth import read_megadepth
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.storage.errors import DataError
from reprise.training.hndesc.detected_images import DetectedImages


def write(path, names, first=0):
    """Keypoints of images: the n-th has n of them, and the first one none."""
    points = {}
    with feature_writer(path, 0, {"recipe": "{}", "first_image": first}, keypoint_type="f8") as writer:
        for row, name in enumerate(names, first):
            points[name] = np.arange(2 * row, dtype=np.float64).reshape(-1, 2) + 0.5
            ones = np.ones(row, np.float32)
            writer.append(name, LocalFeatures(np.zeros((row, 0), np.float32), ones, points[name], ones))
    return points


@pytest.fixture
def images(tmp_path):
    return read_megadepth(write_keypoint_images(tmp_path / "mine"), listed=False)


def test_keypoints_of_all_chunks_have_their_first_pixel_at_zero(images, tmp_path):
    names = images.images.names
    points = write(tmp_path / "1.h5", names[:2]) | write(tmp_path / "2.h5", names[2:], first=2)
    found = DetectedImages.read(images, [tmp_path / "1.h5", tmp_path / "2.h5"])
    assert len(found) == len(names) == 6 and found.stylised == images.stylised
    for row, name in enumerate(names):
        np.testing.assert_array_equal(found.points(row), points[name] - 0.5)
    assert found.points(0).shape == (0, 2)


def test_keypoints_of_other_images_are_refused(images, tmp_path):
    write(tmp_path / "1.h5", images.images.names[::-1])
    with pytest.raises(DataError, match=r"1\.h5: hold keypoints of other images; delete them"):
        DetectedImages.read(images, [tmp_path / "1.h5"])


def test_a_photograph_that_is_to_be_rotated_is_refused(images, tmp_path):
    write(tmp_path / "1.h5", images.images.names)
    found = DetectedImages.read(images, [tmp_path / "1.h5"])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(images.images.paths[3]).save(images.images.paths[3], exif=exif)
    found.points(2)
    with pytest.raises(DataError, match="EXIF says that it is to be rotated; store it upright"):
        found.points(3)

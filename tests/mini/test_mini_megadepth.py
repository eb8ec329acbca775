"""MegaDepth of the miniature: copies in another style show the same, and keypoints are places to recognise."""

import zipfile

import cv2
import numpy as np
import pytest

from reprise.datasets.megadepth import read_keypoints, read_megadepth
from reprise.images.pixels import read_pixels
from reprise.training.hndesc.loading import CropLoader, check_images
from reprise.training.hndesc.settings import HNDescSettings


@pytest.fixture(scope="module")
def unpacked(tiny_mirror, tmp_path_factory):
    folder = tmp_path_factory.mktemp("megadepth")
    zipfile.ZipFile(tiny_mirror / "hndesc_training_data").extractall(folder)
    return folder


def edges(image):
    luma = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 2)
    return np.hypot(cv2.Sobel(luma, -1, 1, 0), cv2.Sobel(luma, -1, 0, 1)).ravel()


def test_copies_have_other_colours_and_the_same_edges(unpacked):
    images = read_megadepth(unpacked)
    check_images(images)
    assert len(images) == 8 and None not in images.stylised
    pairs = [(read_pixels(a), read_pixels(b)) for a, b in zip(images.images.paths, images.stylised, strict=True)]
    same = np.mean([np.corrcoef(edges(a), edges(b))[0, 1] for a, b in pairs])
    others = np.mean([np.corrcoef(edges(a), edges(b[:, ::-1]))[0, 1] for a, b in pairs])
    assert same > 0.5 > others + 0.2
    assert np.mean([np.abs(a.astype(int) - b).mean() for a, b in pairs]) > 20


@pytest.mark.parametrize("split", ["train", "test"])
def test_keypoints_are_in_their_images_row_by_row(unpacked, split):
    images = read_megadepth(unpacked, split)
    for path, keypoints in zip(images.images.paths, images.keypoints, strict=True):
        height, width = read_pixels(path).shape[:2]
        points = read_keypoints(keypoints)
        assert len(points) > 40 and (points >= 0).all() and (points <= [width - 1, height - 1]).all()
        assert (np.diff(points[:, 1]) >= 0).all()


def test_nearly_all_crops_have_points(unpacked):
    images = read_megadepth(unpacked)
    batches = CropLoader(images, HNDescSettings(batch=4, crop_size=48), 1).training(range(6))
    samples = [sample for batch in batches for sample in batch.samples]
    assert sum(sample.fell_back for sample in samples) <= 1
    assert np.median([len(sample.source_keypoints) for sample in samples]) > 15

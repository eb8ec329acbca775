"""The sequences of the miniature: their homographies are exact, and what they map looks alike."""

import zipfile

import cv2
import numpy as np
import pytest

from reprise.datasets.hpatches_sequences import read_sequences
from reprise.evaluation.image_matching import EXCLUDED_SEQUENCES


@pytest.fixture(scope="module")
def folder(tiny_mirror, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequences")
    zipfile.ZipFile(tiny_mirror / "hpatches-sequences-release.zip").extractall(folder)
    return folder


def test_names_are_published_ones(folder):
    names = [sequence.name for sequence in read_sequences(folder)]
    assert [name[:2] for name in names] == ["i_", "i_", "v_", "v_"]
    excluded = {sequence.name for sequence in read_sequences(folder, [])} - set(names)
    assert excluded and excluded <= set(EXCLUDED_SEQUENCES)


def test_the_camera_stands_still_where_the_light_changes(folder):
    for sequence in read_sequences(folder):
        still = np.abs(sequence.homographies - np.eye(3)).max(axis=(1, 2)) < 1e-12
        assert still.all() if sequence.name.startswith("i") else not still.any()


def test_homographies_map_what_looks_alike(folder):
    """Also by half a pixel: shifted by it, an image is less like what the homography says."""
    for sequence in read_sequences(folder):
        if sequence.name.startswith("i"):
            continue
        first, *others = (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) for path in sequence.images)
        for other, homography in zip(others, sequence.homographies, strict=True):
            alike = []
            for shift in ((0, 0), (1.5, 0), (-1.5, 0), (0, 1.5), (0, -1.5)):
                moved = homography @ np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]])
                seen = cv2.warpPerspective(
                    other, moved, first.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=np.nan
                )
                inside = np.isfinite(seen)
                assert inside.mean() > 0.3
                alike.append(np.corrcoef(first[inside], seen[inside])[0, 1])
            assert alike[0] == max(alike) and alike[0] > 0.8

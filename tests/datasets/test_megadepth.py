"""The folder of MegaDepth that HNDesc learns from: what is listed, and keypoints that are refused."""

import os

import numpy as np
import pytest
from keypoint_images_data import write_keypoint_images, write_points

from reprise.datasets.megadepth import Layout, read_keypoints, read_megadepth
from reprise.datasets.reading import read_dataset, read_keypoint_images
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_keypoint_images(tmp_path_factory.mktemp("megadepth"))


def test_images_have_their_styles_and_keypoints(root):
    found = read_megadepth(root)
    assert found.images.names == sorted(f"000{n % 2}/dense0/imgs/train{n}.jpg" for n in range(6))
    styled = dict(zip(found.images.names, found.stylised, strict=True))
    assert styled.pop("0000/dense0/imgs/train0.jpg") is None
    assert all(style == root / "MegaDepth-stylized/train" / name for name, style in styled.items())
    # Neither train nor test is in the paths of keypoints.
    assert found.keypoints[0] == root / "MegaDepth-light-features/kpts/superpoint/0000/dense0/imgs/train0.pkl"
    points = [read_keypoints(path) for path in found.keypoints]
    assert all(each.shape == (len(each), 2) and each.dtype == np.float64 and len(each) > 20 for each in points)


def test_a_part_is_chosen_by_its_description(root):
    description = {"layout": "megadepth", "images": root, "split": "test", "first": 2}
    found = read_keypoint_images(description)
    assert [path.name for path in found.images.paths] == ["test0.jpg", "test2.jpg"]
    assert found.stylised == [None, None]
    assert read_dataset(description).database.names == found.images.names
    assert len(Layout.training_files(description)) == 2 + 2
    assert len(Layout.training_files({**description, "split": "train", "first": None})) == 6 + 5 + 6


def test_an_archive_may_have_a_folder_around_everything(root, tmp_path):
    (tmp_path / "hndesc").symlink_to(root)
    (tmp_path / "README").write_text("not used")
    assert len(read_megadepth(tmp_path)) == 6
    (tmp_path / "again").symlink_to(root)
    with pytest.raises(DataError, match="again and hndesc both hold a MegaDepth"):
        read_megadepth(tmp_path)


def test_folders_without_images_or_keypoints(tmp_path):
    with pytest.raises(DataError, match=r"MegaDepth/train: holds no \.jpg; unpack the archive again"):
        read_megadepth(tmp_path)
    root = write_keypoint_images(tmp_path, (("train", 3),))
    path = read_megadepth(root).keypoints[1]
    path.unlink()
    with pytest.raises(DataError, match=rf"{path}: is missing, and so are keypoints of 1 of 3 images"):
        read_megadepth(root)


POINTS = np.array([[1, 2, 1], [3, 4.5, 1]], np.float32)


@pytest.mark.parametrize("content", [POINTS, POINTS[None], POINTS.astype(np.float64), POINTS[:0], POINTS[None, :0]])
def test_published_shapes_of_keypoints(tmp_path, content):
    write_points(tmp_path / "a.pkl", content)
    np.testing.assert_array_equal(read_keypoints(tmp_path / "a.pkl"), POINTS[: content.size // 3, :2])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (POINTS[:, :2], r"holds float32 \(2, 2\), and keypoints are floats of the shape"),
        (np.stack([POINTS, POINTS]), r"holds float32 \(2, 2, 3\)"),
        (POINTS.astype(int), "holds int64"),
        (POINTS.tolist(), "holds list"),
        ({"kpts": POINTS}, "holds dict"),
        (POINTS * [1, 1, 2], "rows that are not finite x, y and 1"),
        (POINTS * [np.nan, 1, 1], "rows that are not finite x, y and 1"),
        (os.system, "refused to read it"),
    ],
)
def test_malformed_keypoints_are_refused_by_name(tmp_path, content, message):
    write_points(tmp_path / "a.pkl", content)
    with pytest.raises(DataError, match=rf"a\.pkl: .*{message}" if "refused" not in message else message):
        read_keypoints(tmp_path / "a.pkl")


def test_a_damaged_pickle_is_refused_by_name(tmp_path):
    write_points(tmp_path / "a.pkl", POINTS)
    (tmp_path / "a.pkl").write_bytes((tmp_path / "a.pkl").read_bytes()[:-20])
    with pytest.raises(DataError, match=r"a\.pkl: damaged or not a pickle"):
        read_keypoints(tmp_path / "a.pkl")

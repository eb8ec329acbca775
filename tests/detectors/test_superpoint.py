"""SuperPoint's detector, against published keypoints."""

import json

import numpy as np
import pytest
import torch
from reference.weights import fill_weights

from reprise.detectors import load_detector
from reprise.detectors.superpoint import strongest_points, suppress
from reprise.networks import SuperPoint
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("superpoint_detector"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("superpoint")
    for layout in ("v1", "mit"):
        fill_weights(SuperPoint(layout)).save_checkpoint(folder / f"{layout}.pth")
    return folder


@pytest.mark.parametrize("number", range(18))
def test_golden_points_of_given_scores(arrays, number):
    config = json.loads(str(arrays["configs"]))[number]
    limit = None if config["max_keypoints"] < 0 else config["max_keypoints"]
    scores = torch.from_numpy(arrays[f"scores_{config['map']}"])
    places, values = strongest_points(
        scores, config["nms_radius"], config["threshold"], config["remove_borders"], limit
    )
    np.testing.assert_allclose(values, arrays[f"keypoint_scores_{number}"], rtol=0, atol=1e-6)
    if number not in (14, 17):  # of equal scores, other places are as good
        np.testing.assert_array_equal(places, arrays[f"keypoints_{number}"])


def test_golden_suppression(arrays):
    for name, radii in (("8x8", (1, 2, 3)), ("smooth", (3, 4))):
        for radius in radii:
            found = suppress(torch.from_numpy(arrays[f"nms_{name}_input"]), radius)
            np.testing.assert_array_equal(found, arrays[f"nms_{name}_radius{radius}"])


def test_golden_keypoints_of_the_network(arrays, weights):
    detector = load_detector("superpoint", checkpoint=weights / "v1.pth")
    found = detector.detect(arrays["image"])
    np.testing.assert_array_equal(found.keypoints - 0.5, arrays["keypoints_0"])
    np.testing.assert_allclose(found.scores, arrays["keypoint_scores_0"], rtol=0, atol=1e-5)
    limited = load_detector("superpoint", checkpoint=weights / "v1.pth", max_keypoints=30).detect(arrays["image"])
    np.testing.assert_array_equal(limited.keypoints - 0.5, arrays["keypoints_2"])
    np.testing.assert_array_equal(limited.affine, np.tile(np.eye(2), (30, 1, 1)))


def test_golden_keypoints_of_the_other_weights(arrays, weights):
    detector = load_detector("superpoint", checkpoint=weights / "mit.pth", nms_radius=4, max_keypoints=50)
    found = detector.detect(arrays["image"])
    np.testing.assert_array_equal(found.keypoints - 0.5, arrays["mit_keypoints"])
    np.testing.assert_allclose(found.scores, arrays["mit_keypoint_scores"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 90), (90, 7, 3), (8, 8), (9, 17, 3)])
def test_small_images_have_no_keypoints(weights, shape):
    found = load_detector("superpoint", checkpoint=weights / "v1.pth", border=8).detect(np.zeros(shape, np.uint8))
    assert len(found) == 0
    assert found.keypoints.shape == (0, 2)
    assert found.affine.shape == (0, 2, 2)


def test_unfit_settings(weights, tmp_path):
    with pytest.raises(DataError, match="key 'checkpoint' is missing"):
        load_detector("superpoint")
    with pytest.raises(DataError, match="nms_radius: -1 should be greater"):
        load_detector("superpoint", checkpoint=weights / "v1.pth", nms_radius=-1)
    torch.save({"state_dict": {"a": torch.zeros(1)}}, tmp_path / "other.pth")
    with pytest.raises(DataError, match=r"other\.pth: .*; give SuperPoint weights"):
        load_detector("superpoint", checkpoint=tmp_path / "other.pth")

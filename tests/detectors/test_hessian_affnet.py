"""The Hessian-affine detector with shapes of AffNet, against kornia."""

import kornia.feature as kornia
import numpy as np
import pytest
import torch
from reference.weights import fill_weights

from reprise.detectors import load_detector
from reprise.networks.affnet import AffNet
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("affnet") / "AffNet.pth"
    fill_weights(AffNet()).save_checkpoint(path)
    return path


@pytest.fixture(scope="module")
def pixels():
    small = np.random.default_rng(5).integers(0, 256, (40, 50, 3), np.uint8)
    return small.repeat(6, axis=0).repeat(6, axis=1)


@torch.inference_mode()
def kornia_frames(weights, image, points, radii):
    """Frames (N, 2, 2) of kornia's estimator with the same weights, of round regions."""
    estimator = kornia.LAFAffNetShapeEstimator(pretrained=False, preserve_orientation=False).eval()
    estimator.load_state_dict(torch.load(weights, weights_only=True)["state_dict"])
    regions = np.concatenate([radii[:, None, None] * np.eye(2), points[:, :, None]], axis=2).astype(np.float32)
    return estimator(torch.from_numpy(regions)[None], torch.from_numpy(image)[None, None])[0, :, :, :2].numpy()


def test_frames_are_those_of_kornia(weights, pixels):
    detector = load_detector("hessian_affnet", checkpoint=weights)
    found = detector.detect(pixels)
    assert len(found) > 50 and (found.scales > 8).any()
    region = detector.settings.measurement_region
    image = pixels.sum(axis=2, dtype=np.float32) / 3
    expected = kornia_frames(weights, image, found.keypoints - 0.5, region * found.scales) / region
    shapes, expected = (frames / found.scales[:, None, None] for frames in (found.affine, expected))
    np.testing.assert_allclose(shapes, expected, rtol=0, atol=1e-3)
    assert np.abs(expected - np.eye(2)).max() > 0.1


def test_keypoints_are_those_of_the_hessian_affine_detector_before_their_shapes(weights, pixels):
    plain, ours = (
        list(detector.levels(pixels))
        for detector in (load_detector("hessian_affine"), load_detector("hessian_affnet", checkpoint=weights))
    )
    assert len(plain) == len(ours)
    for theirs, own in zip(plain, ours, strict=True):
        for key in ("points", "scales", "responses"):
            np.testing.assert_array_equal(getattr(own, key), getattr(theirs, key))


def test_long_shapes_are_dropped(weights, pixels):
    every, few = (load_detector("hessian_affnet", checkpoint=weights, anisotropy=value) for value in (6.0, 1.2))
    axes = np.linalg.svd(few.detect(pixels).affine, compute_uv=False)
    assert 0 < len(axes) < len(every.detect(pixels))
    assert (axes[:, 0] <= 1.2001 * axes[:, 1]).all()


def test_shapes_without_an_area_are_dropped(tmp_path, pixels):
    network = fill_weights(AffNet())
    network.features[-2].bias.data.fill_(-100)  # of which tanh is -1
    network.save_checkpoint(tmp_path / "flat.pth")
    assert len(load_detector("hessian_affnet", checkpoint=tmp_path / "flat.pth").detect(pixels)) == 0


def test_an_image_without_keypoints(weights):
    detector = load_detector("hessian_affnet", checkpoint=weights)
    for size in ((5, 5), (90, 80)):
        assert len(detector.detect(np.full(size, 90, np.uint8))) == 0


def test_published_files_have_no_counters_of_batches(weights, tmp_path):
    state = torch.load(weights, weights_only=True)["state_dict"]
    published = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save({"epoch": 1, "state_dict": published}, tmp_path / "AffNet.pth")
    assert AffNet.from_checkpoint(tmp_path / "AffNet.pth").state_dict().keys() == state.keys()
    del published["features.19.bias"]
    torch.save({"epoch": 1, "state_dict": published}, tmp_path / "AffNet.pth")
    with pytest.raises(DataError, match=r"features\.19\.bias"):
        load_detector("hessian_affnet", checkpoint=tmp_path / "AffNet.pth")


@pytest.mark.parametrize("key", ["window", "iterations", "convergence"])
def test_what_iterations_need_is_no_setting(weights, key):
    with pytest.raises(DataError, match=f"unknown key '{key}'"):
        load_detector("hessian_affnet", checkpoint=weights, **{key: 9})

"""The untrained DINOv2 of the miniature and the detector that whitens its tokens."""

import cv2
import numpy as np
import pytest
import torch

from reprise.datasets.images import ImageList
from reprise.extractors.registry import load_extractor
from reprise.images.tensors import BGR, to_tensor
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.dinov2 import DINOv2
from reprise.training.dinov2.random_filters import initialise_dinov2
from reprise.training.dinov2.settings import DinoV2Settings

SIZE = 112


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Pictures of random blots."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for number in range(8):
        coarse = random.integers(0, 256, (28, 20, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(coarse, (80, 112), interpolation=cv2.INTER_CUBIC))
    names = [f"{number}.png" for number in range(8)]
    return ImageList(names, [folder / name for name in names])


@pytest.fixture(scope="module")
def files(tmp_path_factory, images):
    folder = tmp_path_factory.mktemp("networks")
    initialise_dinov2(folder / "backbone.pth", folder / "detector.pt", images, DinoV2Settings(dim=64, image_size=SIZE))
    return folder / "backbone.pth", folder / "detector.pt"


def test_the_files_are_those_of_a_backbone_and_its_detector(files):
    network, detector = DINOv2.from_checkpoint(files[0]), AttentionDetector.from_checkpoint(files[1])
    assert (network.dim, len(network.blocks), network.patch, detector.dim) == (64, 1, 14, 64)


def test_projected_tokens_are_whitened(files, images):
    extractor = load_extractor(
        "dinov2", checkpoint=files[0], detector=files[1], local_space="backbone", image_size=SIZE, num_features=48
    )
    detector = AttentionDetector.from_checkpoint(files[1])
    tokens = []
    for path in images.paths:
        (loaded,) = extractor.load(path, None)
        tokens.append(extractor.feature_map(to_tensor(loaded.pixels, *BGR))[0].flatten(2)[0].T)
    projected = np.concatenate([t.numpy() for t in tokens]) @ detector.conv1.weight[:, :, 0, 0].detach().numpy().T
    projected += detector.conv1.bias.detach().numpy()
    np.testing.assert_allclose(projected.mean(axis=0), 0, atol=1e-3)
    deviations = projected.std(axis=0)
    np.testing.assert_allclose(deviations[:16], 1, atol=1e-2)
    assert deviations.max() < 1.01


def test_the_seed_decides(files, images, tmp_path):
    weights = [DINOv2.from_checkpoint(files[0]).patch_embed.proj.weight]
    for seed in (0, 1):
        settings = DinoV2Settings(dim=64, image_size=SIZE, seed=seed)
        initialise_dinov2(tmp_path / "b.pth", tmp_path / "d.pt", images, settings)
        weights.append(DINOv2.from_checkpoint(tmp_path / "b.pth").patch_embed.proj.weight)
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_flat_patches_are_weak(files, tmp_path):
    random = np.random.default_rng(1)
    image = np.full((SIZE, 2 * SIZE, 3), 128, np.uint8) + random.integers(0, 3, (SIZE, 2 * SIZE, 3), np.uint8)
    image[:, SIZE:] = cv2.resize(random.integers(0, 256, (16, 16, 3), np.uint8), (SIZE, SIZE))
    cv2.imwrite(str(tmp_path / "half.png"), image)
    settings = {"checkpoint": files[0], "detector": files[1], "local_space": "detector", "image_size": 2 * SIZE}
    extractor = load_extractor("dinov2", **settings, num_features=48)
    features = extractor.extract(extractor.load(tmp_path / "half.png", None))
    assert (features.keypoints[:, 0] > SIZE).all()

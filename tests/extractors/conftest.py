"""Small networks and images for the extractors of dense local features."""

import numpy as np
import pytest
import torch
from PIL import Image

from reprise.datasets.images import ImageList
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.cvnet import CVNet
from reprise.networks.dinov2 import DINOv2


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """The folder of small networks with random weights, and of detectors, one of which fits none of them."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoints")
    DINOv2(dim=64, depth=2, heads=1, grid=5).save_checkpoint(folder / "dinov2.pth")
    CVNet((1, 1, 2, 1), width=4, dim=8).save_checkpoint(folder / "cvnet.pth")
    AttentionDetector(64).save_checkpoint(folder / "detector.pt")
    AttentionDetector(63).save_checkpoint(folder / "foreign.pt")
    return folder


@pytest.fixture(scope="session")
def blurred(tmp_path_factory):
    """Three images of smooth noise; the second has a box."""
    folder = tmp_path_factory.mktemp("images")
    for row, size in enumerate([(150, 100), (90, 70), (42, 130)]):
        pixels = np.random.default_rng(row).integers(0, 256, (size[1] // 10, size[0] // 10, 3), np.uint8)
        Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(folder / f"{row}.png")
    names = ["0.png", "1.png", "2.png"]
    return ImageList(names, [folder / name for name in names], [None, (10, 5, 80, 66), None])

"""A CVNet without training, as the miniature has it."""

import numpy as np
import pytest
import torch
from PIL import Image

from reprise.extractors.registry import load_extractor
from reprise.networks.cvnet import CVNet
from reprise.training.cvnet import Entry, train
from reprise.training.loop import TrainingFiles


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(4):
        pixels = rng.integers(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    (folder / "list.txt").write_text("".join(f"{number}.png\n" for number in range(4)))
    return folder


def initialise(folder, output, **changes):
    entry = Entry(type="cvnet", dataset="any", images=3, width=4, dim=8, image_size=160, **changes)
    dataset = {"layout": "list", "images": str(folder), "index": str(folder / "list.txt")}
    files = TrainingFiles(*(output / name for name in ("best.pth", "history.csv", "curves.svg", "state")))
    train({**dict(entry), "dataset": dataset}, files, identity="a", workers=1)
    return entry, CVNet.from_checkpoint(output / "best.pth")


def test_the_network_has_the_published_form_and_the_statistics_of_images(folder, tmp_path):
    entry, network = initialise(folder, tmp_path)
    assert network.local_dim == entry.descriptor_dim(None) == 64 and network.dim == 8
    assert (tmp_path / "history.csv").exists() and (tmp_path / "curves.svg").exists()
    means = torch.cat([buffer for name, buffer in network.named_buffers() if name.endswith("running_mean")])
    assert torch.isfinite(means).all() and means.abs().max() > 0.01


def test_equal_seeds_give_equal_bits(folder, tmp_path):
    states = [
        initialise(folder, tmp_path / name, seed=seed)[1].state_dict() for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0]["stem.conv.weight"], states[2]["stem.conv.weight"])


def test_its_local_features_differ(folder, tmp_path):
    initialise(folder, tmp_path)
    extractor = load_extractor("cvnet", checkpoint=tmp_path / "best.pth", image_size=160, scales=[1.0], num_features=40)
    found = extractor.extract(folder / "3.png")
    descriptors = np.asarray(found.descriptors, np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    assert len(descriptors) > 20 and np.median(descriptors @ descriptors.T) < 0.95

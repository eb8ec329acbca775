"""Descriptors of patches by networks: of keypoints, of patches of any size, and from the command line."""

import numpy as np
import pytest
import torch
from hesaff_data import load
from PIL import Image
from reference.weights import fill_weights

from reprise.cli.main import main
from reprise.descriptors import load_descriptor
from reprise.detectors import load_detector
from reprise.geometry.patches import cut_patches
from reprise.images.patch_resizing import resize_patches
from reprise.images.pixels import mean_grey
from reprise.networks import HardNet, L2Net, TFeat
from reprise.networks.kornia_patches import HardNet8, SOSNet
from reprise.storage.errors import DataError

NETWORKS = {"hardnet": HardNet, "tfeat": TFeat, "l2net": L2Net, "hardnet8": HardNet8, "sosnet": SOSNet}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights of each network."""
    folder = tmp_path_factory.mktemp("weights")
    files = {name: folder / f"{name}.pth" for name in NETWORKS}
    for name, path in files.items():
        fill_weights(NETWORKS[name]()).save_checkpoint(path)
    return files


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Five patches of 65 x 65, and the image in which they stand below each other."""
    patches = np.random.default_rng(0).integers(0, 256, (5, 65, 65), dtype=np.uint8)
    path = tmp_path_factory.mktemp("patches") / "ref.png"
    Image.fromarray(patches.reshape(-1, 65)).save(path)
    return patches, path


@pytest.mark.parametrize("name", NETWORKS)
def test_patches_of_keypoints_are_what_the_network_sees(name, weights):
    pixels = load("hesaff", 1).pixels
    keypoints = load_detector("sift").detect(pixels)
    keypoints = keypoints.select(np.arange(40))
    descriptor = load_descriptor(name, checkpoint=weights[name])
    regions = descriptor.settings.measurement_region * keypoints.affine.astype(np.float64)
    patches = torch.from_numpy(cut_patches(mean_grey(pixels), keypoints.keypoints, regions, 32))
    network = NETWORKS[name].from_checkpoint(weights[name])
    if name == "tfeat":
        network.unit_norm = False
    with torch.inference_mode():
        expected = network(patches[:, None])
    np.testing.assert_allclose(descriptor.describe(pixels, keypoints), expected, rtol=0, atol=2e-5)
    assert descriptor.describe(pixels, keypoints.select(np.arange(0))).shape == (0, 128)


@pytest.mark.parametrize("name", [*NETWORKS, "rootsift"])
def test_patches_of_any_size(name, weights, stack):
    patches, _ = stack
    descriptor = load_descriptor(name, **({"checkpoint": weights[name]} if name in weights else {}))
    expected = descriptor.of_patches(resize_patches(patches, descriptor.patch_size).astype(np.float32))
    assert np.array_equal(descriptor.of_any_patches(patches), expected)
    assert np.array_equal(descriptor.of_any_patches(patches[:, None]), expected)


def test_command_writes_a_line_for_each_patch(weights, stack, tmp_path, capsys):
    patches, image = stack
    for suffix in ("csv", "txt", "npy"):
        arguments = [str(image), str(tmp_path / f"out.{suffix}"), "--checkpoint", str(weights["hardnet"])]
        assert main(["describe-patches", *arguments, "--device", "cpu"]) == 0
    assert "out.npy: 5 descriptors of 128 dimensions" in capsys.readouterr().out
    expected = load_descriptor("hardnet", checkpoint=weights["hardnet"]).of_any_patches(patches)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "out.csv", delimiter=","), expected, rtol=0, atol=0.51e-5)
    lines = (tmp_path / "out.txt").read_text().splitlines()
    assert lines == [" ".join(f"{value:10.5f}" for value in row) for row in expected]
    assert main(["describe-patches", str(image), str(tmp_path / "sift.csv"), "--descriptor", "rootsift"]) == 0
    assert np.loadtxt(tmp_path / "sift.csv", delimiter=",").shape == (5, 128)


def test_command_finds_published_weights(weights, stack, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["describe-patches", str(stack[1]), "out.csv"]) == 1
    assert "fetch the published ones: snakemake --cores 1 data/downloads/hardnet_lib" in capsys.readouterr().err
    (tmp_path / "data" / "downloads").mkdir(parents=True)
    (tmp_path / "data" / "downloads" / "checkpoint_liberty_with_aug.pth").symlink_to(weights["hardnet"])
    assert main(["describe-patches", str(stack[1]), "out.csv"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{image}", "out.tex"], "out.tex: the name of the output ends in .csv, .txt, .npy"),
        (["{image}", "out.csv", "--checkpoint", "none.pth"], "none.pth: there is no such file"),
        (["{image}", "out.csv", "--descriptor", "sosnet"], "descriptor sosnet: needs the weights"),
        (
            ["{image}", "out.csv", "--descriptor", "superpoint"],
            "superpoint: describes keypoints of an image and no patches",
        ),
        (["{image}", "out.csv", "--descriptor", "sift", "--checkpoint", "x"], "descriptor sift: has no network"),
        (["{image}", "out.csv", "--descriptor", "hardent"], "did you mean 'hardnet'"),
        (["none.png", "out.csv"], "none.png: cannot be read"),
    ],
)
def test_unfit_arguments(arguments, message, stack, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["describe-patches", *(argument.format(image=stack[1]) for argument in arguments)]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_weights_of_another_network(weights):
    with pytest.raises(DataError, match=r"tfeat\.pth: .*; give a HardNet checkpoint"):
        load_descriptor("hardnet", checkpoint=weights["tfeat"])

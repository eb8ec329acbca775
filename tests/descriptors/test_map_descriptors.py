"""Descriptors that are sampled from dense maps: against published ones, and what keypoints have to fit."""

import numpy as np
import pytest
import torch
from reference.weights import fill_weights
from torch.nn import functional

from reprise.descriptors import load_descriptor
from reprise.detectors import Keypoints
from reprise.images.tensors import IMAGENET, to_tensor
from reprise.networks import CAPS, R2D2, HNDesc, SuperPoint
from reprise.storage.errors import DataError

NETWORKS = {
    "hndesc": lambda: HNDesc("r2d2"), "caps": CAPS, "r2d2": lambda: R2D2(8), "superpoint": SuperPoint,
    "superpoint_mit": lambda: SuperPoint("mit"), "hndesc_caps": lambda: HNDesc("caps"),
}  # fmt: skip
DIMS = {"hndesc": 128, "caps": 256, "r2d2": 128, "superpoint": 256}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    files = {name: folder / f"{name}.pth" for name in NETWORKS}
    for name, path in files.items():
        fill_weights(NETWORKS[name]()).save_checkpoint(path)
    return files


def at(places):
    places = np.asarray(places, np.float32).reshape(-1, 2)
    scales = np.ones(len(places), np.float32)
    return Keypoints(places, scales, scales, np.tile(np.eye(2, dtype=np.float32), (len(places), 1, 1)))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (46, 61, 3), np.uint8)


@pytest.fixture(scope="module")
def places():
    return np.random.default_rng(1).uniform(0, 1, (20, 2)) * [61, 46]


def published(map, places, height, width):
    """As HNDesc samples: normalised as if corners were aligned, and sampled as if they were not."""
    u = torch.from_numpy((places - 0.5) / ((np.array([width, height]) - 1) / 2) - 1).float()[None, None]
    return functional.grid_sample(map, u, align_corners=False)[0, :, 0].T


@pytest.mark.parametrize("name", ["hndesc", "caps", "r2d2", "hndesc_caps"])
@torch.inference_mode()
def test_maps_are_sampled_as_published(name, weights, pixels, places):
    network = fill_weights(NETWORKS[name]()).eval()
    maps = network(to_tensor(pixels, *IMAGENET))
    maps = {"caps": maps, "r2d2": maps[:1]}.get(name, [maps])
    expected = functional.normalize(torch.cat([published(map, places, 46, 61) for map in maps], dim=1))
    descriptor = load_descriptor(name.removesuffix("_caps"), checkpoint=weights[name])
    found = descriptor.describe(pixels, at(places))
    assert found.shape == (20, descriptor.dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("suffix", ["", "_published"])
def test_golden_superpoint(golden, weights, suffix):
    arrays = golden("superpoint_detector")
    descriptor = load_descriptor("superpoint", checkpoint=weights["superpoint"], swapped=bool(suffix))
    expected = arrays[f"descriptors_at_keypoints_0{suffix}"]
    keypoints = at(arrays["keypoints_0"][: len(expected)] + 0.5)
    np.testing.assert_allclose(descriptor.describe(arrays["image"], keypoints), expected, rtol=0, atol=1e-4)


def test_golden_superpoint_of_the_other_weights(golden, weights):
    arrays = golden("superpoint_detector")
    descriptor = load_descriptor("superpoint", checkpoint=weights["superpoint_mit"], sampling="exact")
    found = descriptor.describe(arrays["image"], at(arrays["mit_keypoints"] + 0.5))
    np.testing.assert_allclose(found, arrays["mit_descriptors"], rtol=0, atol=1e-4)


def test_aligned_corners_of_superpoint(weights, pixels, places):
    with torch.inference_mode():
        network = SuperPoint.from_checkpoint(weights["superpoint"])
        descriptor = load_descriptor("superpoint", checkpoint=weights["superpoint"], sampling="aligned")
        map = network(descriptor.tensor(pixels))[1]
        shares = (torch.from_numpy(places) - 4) / (torch.tensor([56, 40]) - 4.5) * 2 - 1
        expected = functional.grid_sample(map, shares.float()[None, None], align_corners=True)[0, :, 0].T
    found = descriptor.describe(pixels, at(places))
    inside = (places > 4).all(axis=1) & (places < [55, 39]).all(axis=1)
    np.testing.assert_allclose(found[inside], functional.normalize(expected)[inside], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", DIMS)
def test_descriptors_have_unit_norm_in_every_form_of_the_image(name, weights, pixels, places):
    inner = at(np.clip(places, 9, [50, 36]))
    for options in ({}, {"sampling": "exact"}, {"pad_to_16": True}):
        descriptor = load_descriptor(name, checkpoint=weights[name], **options)
        found = descriptor.describe(pixels, inner)
        assert found.shape == (20, DIMS[name])
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
        grey = np.ascontiguousarray(pixels[..., 1])
        same = descriptor.describe(grey[..., None].repeat(3, axis=2), inner)
        np.testing.assert_allclose(descriptor.describe(grey, inner), same, rtol=0, atol=1e-5)
        assert descriptor.describe(pixels, at([])).shape == (0, DIMS[name])
        assert descriptor.describe(pixels, at([[20, 20]])).shape == (1, DIMS[name])


def test_padding_makes_places_those_of_a_larger_image(weights, pixels, places):
    descriptor = load_descriptor("hndesc", checkpoint=weights["hndesc_caps"], pad_to_16=True)
    larger = np.pad(pixels, ((0, 2), (0, 3), (0, 0)), mode="edge")
    plain = load_descriptor("hndesc", checkpoint=weights["hndesc_caps"])
    np.testing.assert_array_equal(descriptor.describe(pixels, at(places)), plain.describe(larger, at(places)))
    assert not np.allclose(descriptor.describe(pixels, at(places)), plain.describe(pixels, at(places)), atol=1e-2)


@pytest.mark.parametrize("place", [(61.5, 3), (3, 47), (-1, 3), (np.nan, 3)])
def test_keypoints_of_another_image_are_refused(weights, pixels, place):
    descriptor = load_descriptor("hndesc", checkpoint=weights["hndesc"])
    with pytest.raises(DataError, match="keypoint 1 is at .*, outside of the 61 x 46 pixels; detect"):
        descriptor.describe(pixels, at([(3, 3), place]))


def test_swapped_is_for_published_sampling(weights):
    with pytest.raises(DataError, match="descriptor superpoint.swapped: is for the sampling"):
        load_descriptor("superpoint", checkpoint=weights["superpoint"], sampling="exact", swapped=True)

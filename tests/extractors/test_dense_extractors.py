"""The extractors of dense local features: their parameters, rows, positions, global descriptors and files."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from reprise.datasets.images import ImageList
from reprise.extractors.chunks import extract_images
from reprise.extractors.registry import load_extractor
from reprise.formats.features import open_features
from reprise.images.tensors import BGR, to_tensor
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.cvnet import CVNet
from reprise.networks.dinov2 import DINOv2
from reprise.storage.errors import DataError


def extractor(checkpoints, name, **settings):
    paths = {"checkpoint": checkpoints / f"{name}.pth", "detector": checkpoints / "detector.pt"}
    return load_extractor(name, **{"image_size": None, **paths, **settings})


@pytest.mark.parametrize("local_space", ["backbone", "detector"])
def test_dinov2_rows(checkpoints, blurred, local_space):
    made = extractor(checkpoints, "dinov2", local_space=local_space, image_size=126, num_features=30)
    loaded = made.load(blurred.paths[0], None)
    features = made.published(made.extract(loaded))
    (scaled,) = loaded
    assert scaled.pixels.shape[:2] == (84, 126)
    with torch.inference_mode():
        image = to_tensor(scaled.pixels, *BGR)[:, [2, 1, 0]]
        cls, tokens = DINOv2.from_checkpoint(checkpoints / "dinov2.pth")(image)
        detector = AttentionDetector.from_checkpoint(checkpoints / "detector.pt")
        projected, weights = detector(tokens.transpose(1, 2)[..., None])
        order = weights.flatten().argsort(descending=True)[:30]
        chosen = tokens[0] if local_space == "backbone" else projected[0, :, :, 0].T
        mean = (projected * weights).flatten(2).mean(dim=2)
    np.testing.assert_allclose(features.descriptors, functional.normalize(chosen[order], dim=1), atol=1e-5)
    np.testing.assert_allclose(features.scores, weights.flatten()[order], rtol=1e-4)
    cells = np.stack(np.divmod(order.numpy(), 9), axis=1)
    np.testing.assert_allclose(features.keypoints, (cells * 14 + 7) / [84, 126], rtol=1e-6)
    assert not features.scales.any()
    np.testing.assert_allclose(features.global_descriptors["cls"], functional.normalize(cls)[0], atol=1e-6)
    np.testing.assert_allclose(features.global_descriptors["global"], functional.normalize(mean)[0], atol=1e-5)


def test_cvnet_rows(checkpoints, blurred):
    made = extractor(checkpoints, "cvnet", num_features=1000)
    loaded = made.load(blurred.paths[0], None)
    features = made.published(made.extract(loaded))
    network = CVNet.from_checkpoint(checkpoints / "cvnet.pth")
    detector = AttentionDetector.from_checkpoint(checkpoints / "detector.pt")
    rows, means = {}, 0
    with torch.inference_mode():
        for number, (scaled, factor) in enumerate(zip(loaded, (0.7071, 1.0, 1.4142), strict=True)):
            image = to_tensor(scaled.pixels, *BGR)
            local = network.forward_local(image)
            weights = detector(local)[1]
            means += functional.normalize(network.forward_global(image))[0]
            for y, x in np.ndindex(*local.shape[2:]):
                row = functional.normalize(local[0, :, y, x], dim=0), weights[0, 0, y, x]
                rows[number, round(16 * y / factor, 2), round(16 * x / factor, 2)] = row
    assert len(features) == len(rows)
    assert (np.diff(features.scores) <= 0).all()
    for number, place, descriptor, weight in zip(
        features.scales, features.keypoints, features.descriptors, features.scores, strict=True
    ):
        expected = rows.pop((number, round(float(place[0]), 2), round(float(place[1]), 2)))
        np.testing.assert_allclose(descriptor, expected[0], atol=1e-5)
        assert weight == pytest.approx(float(expected[1]), rel=1e-4)
    assert features.global_descriptors.keys() == {"global"}
    np.testing.assert_allclose(features.global_descriptors["global"], functional.normalize(means, dim=0), atol=1e-5)


@pytest.mark.parametrize("name", ["dinov2", "cvnet"])
def test_without_a_detector_features_are_weighed_by_their_norm(checkpoints, blurred, name):
    made = extractor(checkpoints, name, detector=None, scales=[1.0], num_features=9)
    loaded = made.load(blurred.paths[0], None)
    with torch.inference_mode():
        norms = made.feature_map(to_tensor(loaded[0].pixels, *BGR))[0].norm(dim=1).flatten()
    np.testing.assert_allclose(made.extract(loaded).scores, norms.sort(descending=True).values[:9], rtol=1e-5)


@pytest.mark.parametrize("name", ["dinov2", "cvnet"])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (15, 15)])
def test_small_and_elongated_images(checkpoints, tmp_path, name, size):
    Image.new("RGB", size, (200, 30, 90)).save(tmp_path / "image.png")
    made = extractor(checkpoints, name)
    features = made.extract(made.load(tmp_path / "image.png", None))
    assert len(features) > 0
    np.testing.assert_allclose(np.linalg.norm(features.descriptors, axis=1), 1, rtol=1e-5)
    assert all(np.isfinite(vector).all() for vector in features.vectors.values())


@pytest.mark.parametrize("name", ["dinov2", "cvnet"])
def test_files(checkpoints, blurred, tmp_path, name):
    made = extractor(checkpoints, name, num_features=40)
    extract_images(blurred, made, tmp_path / "chunk.h5", attributes={"recipe": "{}", "first_image": 0})
    file = open_features(tmp_path / "chunk.h5")
    assert (file.names, file.num_features, file.dim) == (blurred.names, 40, 64)
    for row, (path, box) in enumerate(zip(blurred.paths, blurred.boxes, strict=True)):
        expected, stored = made.published(made.extract(path, box)), file.features(row)
        assert len(stored) == min(40, len(expected))
        np.testing.assert_allclose(stored.descriptors, expected.descriptors, atol=1e-3)
        for key in ("scores", "keypoints", "scales"):
            np.testing.assert_array_equal(getattr(stored, key), getattr(expected, key))
        for kind, vector in expected.global_descriptors.items():
            np.testing.assert_array_equal(file.globals(kind)[row], vector)


@pytest.fixture
def broken(blurred, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    return ImageList(["0.png", "broken.png", "2.png"], [blurred.paths[0], tmp_path / "broken.png", blurred.paths[2]])


def test_an_undecodable_image_keeps_its_place(checkpoints, broken, tmp_path):
    made = extractor(checkpoints, "dinov2", num_features=5)
    extract_images(broken, made, tmp_path / "chunk.h5", attributes={"recipe": "{}"}, undecodable="skip")
    file = open_features(tmp_path / "chunk.h5")
    descriptors, counts = file.read(np.arange(3))
    assert counts.tolist() == [5, 0, 5]
    assert not descriptors[1].any()
    assert not file.globals("cls")[1].any()


def test_an_undecodable_image_is_an_error(checkpoints, broken, tmp_path):
    with pytest.raises(DataError, match=r"broken\.png: cannot be read"):
        extract_images(broken, extractor(checkpoints, "dinov2"), tmp_path / "chunk.h5", attributes={"recipe": "{}"})
    assert not (tmp_path / "chunk.h5").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"local_space": "backbon"}, "dinov2.local_space: 'backbon' should be 'backbone' or 'detector'"),
        ({"local_space": "detector", "detector": None}, "dinov2.local_space: is 'detector', which needs a detector"),
        ({"num_features": None}, "dinov2.num_features: None should be a valid integer"),
        ({"image_size": 0}, "dinov2.image_size: 0 should be greater than or equal to 32"),
        ({"scales": [True]}, "dinov2.scales"),
        ({"imsize": 770}, "extractor dinov2: unknown key 'imsize'; did you mean 'image_size'"),
    ],
)
def test_unfit_settings(checkpoints, settings, message):
    with pytest.raises(DataError, match=message):
        extractor(checkpoints, "dinov2", **settings)


def test_checkpoints_that_do_not_belong_together(checkpoints):
    with pytest.raises(DataError, match=r"foreign\.pt: is a detector for features of 63 dimensions.*have 64"):
        extractor(checkpoints, "cvnet", detector=str(checkpoints / "foreign.pt"))
    with pytest.raises(DataError, match=r"cvnet\.pth: .*; give the weights of a DINOv2"):
        extractor(checkpoints, "dinov2", checkpoint=str(checkpoints / "cvnet.pth"))
    with pytest.raises(DataError, match=r"dinov2\.pth: .*; give a CVNet checkpoint"):
        extractor(checkpoints, "cvnet", checkpoint=str(checkpoints / "dinov2.pth"))
    with pytest.raises(DataError, match=r"cvnet\.pth: .*; give an AMES detector"):
        extractor(checkpoints, "cvnet", detector=str(checkpoints / "cvnet.pth"))

"""Telling with which settings published features were made."""

import h5py
import numpy as np
import pytest

from reprise.datasets.images import ImageList
from reprise.extractors.calibration import calibrate, write_table
from reprise.extractors.chunks import extract_images
from reprise.extractors.registry import load_extractor
from reprise.formats.features import open_features
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.dinov2 import DINOv2
from reprise.storage.errors import DataError

COMBINATIONS = [("backbone", None), ("backbone", 126), ("detector", None), ("detector", 126)]


@pytest.fixture
def parameters(checkpoints):
    def parameters(name, **changes):
        return {"checkpoint": str(checkpoints / f"{name}.pth"), "detector": str(checkpoints / "detector.pt"), **changes}

    return parameters


@pytest.fixture
def publish(parameters, blurred, tmp_path):
    def publish(name, **changes):
        made = load_extractor(name, **parameters(name, num_features=20, **changes))
        extract_images(blurred, made, tmp_path / "published.h5", attributes={"recipe": "{}"})
        return open_features(tmp_path / "published.h5")

    return publish


@pytest.mark.parametrize("name", ["dinov2", "cvnet"])
@pytest.mark.parametrize(("local_space", "image_size"), COMBINATIONS)
def test_settings_are_recognised(parameters, publish, blurred, name, local_space, image_size):
    published = publish(name, local_space=local_space, image_size=image_size)
    agreements = calibrate(name, parameters(name), blurred, published, [0, 1, 2], image_sizes=(None, 126))
    assert {(agreement.local_space, agreement.image_size) for agreement in agreements} == set(COMBINATIONS)
    assert [agreement.holds for agreement in agreements] == [True, False, False, False]
    best = agreements[0]
    assert (best.local_space, best.image_size) == (local_space, image_size)
    assert best.cosine == pytest.approx(1, abs=1e-4)
    assert best.shared == 1
    for agreement in agreements:
        same = None if name == "cvnet" else agreement.image_size == image_size
        assert agreement.same_grid == same


def test_other_images_than_the_published_ones(parameters, publish, blurred):
    published = publish("dinov2", image_size=126)
    with pytest.raises(DataError, match="made with none of these") as caught:
        calibrate("dinov2", parameters("dinov2"), blurred, published, [1, 2, 0], image_sizes=(None, 126))
    assert len(str(caught.value).splitlines()) == 2 + len(COMBINATIONS)


def test_sizes_that_were_not_tried(parameters, publish, blurred):
    published = publish("dinov2", image_size=98)
    with pytest.raises(DataError, match="made with none of these settings of the extractor dinov2"):
        calibrate("dinov2", parameters("dinov2"), blurred, published, [0, 1, 2], image_sizes=(None, 126))


def test_fewer_rows_than_have_to_be_shared(parameters, publish, blurred):
    published = publish("dinov2", image_size=126)
    with h5py.File(published.path, "r+") as file:
        records = file["features"][:]
        for record in records:
            # One of 20 rows of each image is replaced.
            record["descriptor"][7] = np.random.default_rng(0).standard_normal(64)
        file["features"][:] = records
        del file["checksums"]  # which a published file has not either
    with pytest.raises(DataError, match="backbone,126,1.000000,0.950000,True,False"):
        calibrate("dinov2", parameters("dinov2"), blurred, open_features(published.path), [0, 1, 2], image_sizes=(126,))


def test_part_of_the_images(parameters, publish, blurred, tmp_path):
    published = publish("dinov2", image_size=126)
    part = ImageList(blurred.names[1:], blurred.paths[1:], blurred.boxes[1:])
    agreements = calibrate("dinov2", parameters("dinov2"), part, published, [1, 2], image_sizes=(126,))
    write_table(tmp_path / "calibration.csv", agreements)
    lines = (tmp_path / "calibration.csv").read_text().splitlines()
    assert lines[0] == "local_space,image_size,cosine,shared,same_grid,holds"
    assert lines[1].startswith("backbone,126,") and lines[1].endswith(",True,True")
    assert lines[2].endswith("False")


def test_files_that_do_not_fit(parameters, publish, blurred, tmp_path):
    published = publish("dinov2")
    with pytest.raises(DataError, match="2 rows for 3 images"):
        calibrate("dinov2", parameters("dinov2"), blurred, published, [0, 1])
    DINOv2(dim=128, depth=1, heads=2, grid=5).save_checkpoint(tmp_path / "wide.pth")
    AttentionDetector(128).save_checkpoint(tmp_path / "wide.pt")
    other = {"checkpoint": str(tmp_path / "wide.pth"), "detector": str(tmp_path / "wide.pt")}
    with pytest.raises(DataError, match=r"published\.h5: holds descriptors of 64 dimensions.*wide\.pth have 128"):
        calibrate("dinov2", other, blurred, published, [0, 1, 2])

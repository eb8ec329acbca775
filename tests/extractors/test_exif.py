"""Images that EXIF says are to be rotated: applied or ignored by each extractor, and counted where they are ignored."""

import h5py
import numpy as np
import pytest
from PIL import Image
from reference.weights import fill_weights
from shipped import read, shipped_config, sources

from reprise.datasets.images import ImageList
from reprise.extractors.chunks import extract_images
from reprise.extractors.registry import load_extractor
from reprise.formats.feature_merging import merge_features
from reprise.formats.features import open_features
from reprise.images.decoding import is_turned
from reprise.networks.how import HOW
from reprise.pipeline.descriptions import Descriptions
from reprise.pipeline.paths import Paths
from reprise.reporting.damage import damaged_images
from reprise.storage.errors import DataError

PUBLISHED = {"how": "ignore", "rootsift": "ignore", "dinov2": "apply", "cvnet": "apply"}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """The same photograph as it is shown, and stored on its side with a tag that says so."""
    folder = tmp_path_factory.mktemp("turned")
    pixels = np.random.default_rng(0).integers(0, 255, (12, 9, 3), np.uint8)
    shown = Image.fromarray(pixels).resize((90, 120), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated clockwise
    shown.save(folder / "shown.jpg", quality=100, subsampling=0)
    shown.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", quality=100, subsampling=0, exif=exif)
    return ImageList(["shown", "turned"], [folder / "shown.jpg", folder / "turned.jpg"])


@pytest.fixture(scope="module")
def load(checkpoints, tmp_path_factory):
    path = tmp_path_factory.mktemp("how") / "how.pth"
    fill_weights(HOW("resnet18", 3, dim=8)).save_checkpoint(path)

    def load(name, **settings):
        if name != "rootsift":
            settings["checkpoint"] = path if name == "how" else checkpoints / f"{name}.pth"
        return load_extractor(name, image_size=None, **settings)

    return load


def pixels(extractor, path):
    loaded = extractor.load(path)
    return (loaded[0] if isinstance(loaded, list) else loaded).pixels.astype(int)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_extractor_applies_or_ignores_it_and_is_as_published_by_default(load, images, name):
    shown, turned = images.paths
    upright, default = pixels(load(name), shown), pixels(load(name), turned)
    applied, ignored = (pixels(load(name, exif=exif), turned) for exif in ("apply", "ignore"))
    np.testing.assert_array_equal(default, applied if PUBLISHED[name] == "apply" else ignored)
    assert applied.shape == upright.shape != ignored.shape
    assert np.abs(applied - upright).mean() < 3  # two encodings of one photograph


def extract(images, path, **settings):
    extract_images(images, load_extractor("rootsift", **settings), path, attributes={"recipe": "r"})
    return path


def test_ignored_rotations_are_counted_in_the_features_in_the_log_and_under_the_table(images, tmp_path, caplog):
    ignored = extract(images, tmp_path / "ignored.h5")
    assert "EXIF says that 1 of 2 images are to be rotated ('turned'), which is ignored" in caplog.text
    merge_features([ignored], tmp_path / "merged.h5", {"recipe": "m"})
    for path in (ignored, tmp_path / "merged.h5"):
        with open_features(path) as features:
            assert features.turned == ["turned"]
    assert damaged_images([ignored], undecodable="error", truncated="error") == {
        "were not rotated as EXIF says (exif)": 1
    }
    caplog.clear()
    applied = extract(images, tmp_path / "applied.h5", exif="apply")
    assert not caplog.text and not damaged_images([applied], undecodable="error", truncated="error")
    with h5py.File(applied) as file:
        assert "turned" not in file  # files without any are what they were


def test_only_a_tag_that_rotates_counts(images, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 1
    Image.new("RGB", (4, 4)).save(tmp_path / "upright.jpg", exif=exif)
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8no")
    turned = [*images.paths, *(tmp_path / name for name in ("upright.jpg", "plain.png", "damaged.jpg", "absent.jpg"))]
    assert list(map(is_turned, turned)) == [False, True, False, False, False, False]


def described(**changes):
    config = {**shipped_config(), **changes}
    values = read(config).values()
    describe = Descriptions(values, Paths(values, sources()))
    return {name: describe.extractor(name) for name in ("rootsift", "how_r18", "dinov2", "sift_rootsift", "r2d2")}


def test_one_setting_stands_for_all_entries_that_say_nothing_of_their_own():
    everything = described(exif="apply")
    assert all(entry["exif"] == "apply" and "orientation" not in entry for entry in everything.values())
    config = shipped_config()
    config["extractors"]["how_r18"]["exif"] = "ignore"
    own = described(exif="apply", extractors=config["extractors"])
    assert own["how_r18"]["exif"] == "ignore" and own["rootsift"]["exif"] == "apply"


def test_as_published_it_is_in_no_recipe_but_for_the_key_that_those_of_detectors_always_had():
    for name, entry in described().items():
        assert "exif" not in entry, name
        assert entry.get("orientation", 0) == (None if name in ("sift_rootsift", "r2d2") else 0), name


def test_detectors_take_the_setting_by_its_former_name():
    assert load_extractor("detected", orientation="apply").exif == "apply"
    with pytest.raises(DataError, match="should be 'refuse', 'ignore' or 'apply'"):
        load_extractor("detected", orientation="rotate")

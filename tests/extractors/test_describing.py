"""Detection and description as two stages: the same features as in one, to the last bit."""

import importlib

import numpy as np
import pytest
from hesaff_data import load
from PIL import Image, ImageOps

from reprise.datasets.images import ImageList
from reprise.descriptors import load_descriptor
from reprise.detectors import load_detector
from reprise.extractors.chunks import extract_images
from reprise.extractors.describing import describe_images
from reprise.extractors.detection import load_detection
from reprise.extractors.registry import load_extractor
from reprise.formats.feature_merging import merge_features
from reprise.formats.features import open_features
from reprise.images.preparations import load_preparation
from reprise.images.prepare_how import prepare
from reprise.images.prepared import PreparedImage
from reprise.storage.errors import DataError

BOX = (60.4, 50.0, 330.0, 250.0)
PREPARATIONS = [{}, {"image_size": 301}, {"box": "crop"}, {"box": "crop", "image_size": 277, "num_features": 40}]
HNDESC = {"preparation": "hndesc_detector", "descriptor_preparation": "hndesc_descriptor"}
ROW_KEYS = ("descriptors", "scores", "keypoints", "scales", "affine")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A photograph, the same with a box, one that is no image, one without keypoints, and one whose end is missing."""
    folder = tmp_path_factory.mktemp("images")
    Image.fromarray(load("hesaff", 0).pixels).save(folder / "photo.png")
    Image.fromarray(load("hesaff", 0).pixels).save(folder / "whole.jpg", quality=95)
    (folder / "cut.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:-2000])
    (folder / "text.png").write_text("no image")
    Image.new("RGB", (80, 60), (9, 9, 9)).save(folder / "blank.png")
    files = ["photo.png", "photo.png", "text.png", "blank.png", "cut.jpg"]
    names = ["photo", "query", "text", "blank", "cut"]
    return ImageList(names, [folder / file for file in files], [None, BOX, None, None, None])


def two_stages(images, folder, detector, preparation, descriptor, **options):
    """The file of features of keypoints that were written to another file before."""
    detection = load_detection({**detector, **{k: v for k, v in preparation.items() if k != "descriptor_preparation"}})
    keypoints, path = folder / "keypoints.h5", folder / "features.h5"
    extract_images(images, detection, keypoints, attributes={"recipe": "{}"}, **options)
    extractor = load_extractor("detected", detector=detector, descriptor=descriptor, **preparation)
    describe_images(images, extractor, keypoints, path, attributes={"recipe": "{}"}, **options)
    return path


@pytest.mark.parametrize(
    "preparation", [*PREPARATIONS, HNDESC, {**HNDESC, "box": "crop", "forced_size": [320, 240]}], ids=str
)
@pytest.mark.parametrize("detector", ["hessian_affine", "sift"])
def test_the_files_are_those_of_one_stage(images, tmp_path, detector, preparation):
    detector, descriptor = {"type": detector}, {"type": "sift"}
    options = {"undecodable": "skip", "truncated": "grey"}
    path = two_stages(images, tmp_path, detector, preparation, descriptor, **options)
    extractor = load_extractor("detected", detector=detector, descriptor=descriptor, **preparation)
    extract_images(images, extractor, tmp_path / "once.h5", attributes={"recipe": "{}"}, **options)
    assert path.read_bytes() == (tmp_path / "once.h5").read_bytes()
    with open_features(path) as file:
        assert file.skipped == ["text"] and file.truncated == ["cut"] and file.counts()[[0, 1, 4]].all()


@pytest.mark.parametrize("preparation", PREPARATIONS, ids=str)
def test_what_is_described_is_what_was_found_in_the_prepared_image(images, preparation):
    """To the last bit, although keypoints are in pixels of the file between the stages."""
    loaded = prepare(images.paths[0], BOX, preparation.get("image_size"), box_use=preparation.get("box", "filter"))
    found = load_detector("hessian_affine").detect(loaded.pixels)
    kept = np.flatnonzero(loaded.counts(loaded.to_original(found.keypoints)))
    strongest = np.argsort(-found.scores[kept], kind="stable")[: preparation.get("num_features")]
    found = found.select(np.sort(kept[strongest]))
    features = load_extractor("detected", **preparation).extract(images.paths[0], BOX)
    np.testing.assert_array_equal(features.descriptors, load_descriptor("rootsift").describe(loaded.pixels, found))
    np.testing.assert_array_equal(features.keypoints, loaded.to_original(found.keypoints))
    assert len(features) and {getattr(features, key).dtype for key in ROW_KEYS} == {np.dtype(np.float32)}


def test_places_in_the_file_are_mapped_back_to_the_last_bit():
    random = np.random.default_rng(3)
    places = np.concatenate([random.uniform(0.2, 8000, (50000, 2)), random.uniform(0.2, 3, (50000, 2))])
    places = places.astype(np.float32)
    for _ in range(5):
        image = PreparedImage(np.zeros(0), tuple(random.integers(-50, 5000, 2)), tuple(random.uniform(1, 9, 2)))
        np.testing.assert_array_equal(image.from_the_file(image.in_the_file(places)), places)


def test_descriptors_share_the_keypoints_of_a_file(images, tmp_path):
    photo, keypoints = images.first(2), tmp_path / "keypoints.h5"
    extract_images(photo, load_detection({"type": "sift", "upright": True}), keypoints, attributes={"recipe": "{}"})
    with open_features(keypoints) as file:
        assert file.dim == 0 and file.has_affine and file.keypoints().dtype == np.float64
        for descriptor in ("sift", "rootsift"):
            extractor = load_extractor("detected", detector={"type": "sift"}, descriptor={"type": descriptor})
            describe_images(photo, extractor, keypoints, tmp_path / "x.h5", attributes={"recipe": "{}"})
            with open_features(tmp_path / "x.h5") as described:
                np.testing.assert_array_equal(described.keypoints(), file.keypoints().astype(np.float32))


def test_files_of_keypoints_are_merged(images, tmp_path):
    chunks = [tmp_path / f"database.{number}-of-2.h5" for number in (1, 2)]
    for chunk in chunks:
        extract_images(images.first(1), load_detection({"type": "sift"}), chunk, attributes={"recipe": "{}"})
    merge_features(chunks, tmp_path / "database.h5", {"recipe": "{}"})
    with open_features(chunks[0]) as part, open_features(tmp_path / "database.h5") as merged:
        np.testing.assert_array_equal(merged.affine(1, 2), part.affine())


def test_keypoints_of_other_images_are_refused(images, tmp_path):
    keypoints, path = tmp_path / "keypoints.h5", tmp_path / "x.h5"
    extract_images(images.first(2), load_detection({"type": "sift"}), keypoints, attributes={"recipe": "{}"})
    extractor = load_extractor("detected", detector={"type": "sift"})
    with pytest.raises(DataError, match=r"keypoints\.h5: has keypoints of other images than those of .*x\.h5"):
        describe_images(images.first(1), extractor, keypoints, path, attributes={"recipe": "{}"})
    with pytest.raises(DataError, match=r"features\.h5: .*what describes keypoints"):
        plain = load_extractor("rootsift", image_size=None)
        extract_images(images.first(1), plain, tmp_path / "features.h5", attributes={"recipe": "{}"})
        describe_images(images.first(1), extractor, tmp_path / "features.h5", path, attributes={"recipe": "{}"})
    assert not path.exists()


def test_an_image_that_was_repaired_is_not_described_without_keypoints(images, tmp_path):
    broken = ImageList(["a", "b"], [images.paths[0], tmp_path / "b.png"])
    broken.paths[1].write_text("no image")
    keypoints, extractor = tmp_path / "keypoints.h5", load_extractor("detected", detector={"type": "sift"})
    options = {"attributes": {"recipe": "{}"}, "undecodable": "skip"}
    extract_images(broken, load_detection({"type": "sift"}), keypoints, **options)
    Image.fromarray(load("hesaff", 0).pixels).save(broken.paths[1])
    with pytest.raises(DataError, match=r"b\.png: could not be decoded when its keypoints .* \(image 2 of its list"):
        describe_images(broken, extractor, keypoints, tmp_path / "x.h5", **options)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "hesian_affine"}, r"detector hesian_affine: unknown name .* mean 'hessian_affine'"),
        ({"type": "sift", "num_feature": 1}, r"detector sift: unknown key 'num_feature'; .*'num_features'"),
        ({"type": "sift", "image_size": 3}, r"detector sift\.image_size: 3 should"),
        ({"type": "hessian_affine", "window": 4}, r"detector hessian_affine\.window: 4 is not odd"),
    ],
)
def test_unfit_settings_of_a_detector(settings, message):
    with pytest.raises(DataError, match=message):
        load_detection(settings)


def test_detector_and_descriptor_see_images_of_their_own(images):
    path, forced = images.paths[0], {**HNDESC, "forced_size": (320, 240)}
    seen = {
        name: load_preparation(f"hndesc_{name}")(path, forced_size=(320, 240)) for name in ("detector", "descriptor")
    }
    found = load_detector("sift").detect(seen["detector"].pixels)
    features = load_extractor("detected", detector={"type": "sift"}, **forced).extract(path)
    expected = load_descriptor("rootsift").describe(seen["descriptor"].pixels, found)
    np.testing.assert_array_equal(features.descriptors, expected)
    np.testing.assert_array_equal(features.keypoints, seen["detector"].to_original(found.keypoints))
    assert seen["detector"].pixels.shape == (240, 320) and seen["descriptor"].pixels.shape == (240, 320, 3)


@pytest.fixture
def rotated(tmp_path):
    """A photograph that EXIF says is to be turned by 90 degrees."""
    image = Image.fromarray(load("hesaff", 0).pixels)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "rotated.jpg", exif=exif, quality=95)
    return ImageList(["rotated"], [tmp_path / "rotated.jpg"])


@pytest.mark.parametrize("stages", ["one", "two"])
def test_a_rotated_photograph_that_the_two_see_differently_is_refused(rotated, tmp_path, stages):
    with pytest.raises(DataError, match=r"rotated\.jpg: EXIF says .* choose exif: ignore or apply"):
        if stages == "one":
            load_extractor("detected", detector={"type": "sift"}, **HNDESC).extract(rotated.paths[0])
        else:
            two_stages(rotated, tmp_path, {"type": "sift"}, HNDESC, {"type": "rootsift"})
    assert not (tmp_path / "features.h5").exists()


@pytest.mark.parametrize(
    ("preparation", "turned"),
    [
        ({**HNDESC, "exif": "apply"}, True),
        ({**HNDESC, "exif": "ignore"}, False),
        ({"preparation": "hndesc_detector"}, True),  # as published, where both see it so
        ({"preparation": "hndesc_descriptor", "descriptor_preparation": "how"}, False),
        ({"preparation": "how"}, False),
        ({"preparation": "how", "descriptor_preparation": "hndesc_detector", "exif": "apply"}, True),
    ],
    ids=str,
)
def test_a_rotated_photograph_is_turned_for_both_or_for_none(rotated, preparation, turned):
    path = rotated.paths[0]
    features = load_extractor("detected", detector={"type": "sift"}, **preparation).extract(path)
    height, width = np.asarray(Image.open(path)).shape[:2]
    limits = (height, width) if turned else (width, height)
    assert (
        height != width
        and (features.keypoints < limits).all()
        and (features.keypoints.max(axis=0) > 0.9 * np.array(limits)).all()
    )
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)) if turned else Image.open(path))
    other = load_extractor("detected", detector={"type": "sift"}, preparation="how").extract(upright)
    distances = np.linalg.norm(features.keypoints[:, None] - other.keypoints, axis=2)
    nearest = distances.argmin(axis=1)
    near = distances.min(axis=1) < 0.5
    assert near.mean() > 0.9
    similar = (features.descriptors * other.descriptors[nearest]).sum(axis=1)[near]
    assert np.median(similar) > 0.95  # not 1: luma in place of the mean of the channels


def test_each_stage_decodes_an_image_once(images, tmp_path, monkeypatch):
    opened = []
    one = ImageList(images.names[:1], images.paths[:1])
    for module, name in (("prepare_hndesc_descriptor", "decode"), ("prepare_hndesc_detector", "decode_grey")):
        original = getattr(importlib.import_module(f"reprise.images.{module}"), name)
        monkeypatch.setattr(
            f"reprise.images.{module}.{name}",
            lambda image, original=original, module=module, **options: (
                opened.append(module) or original(image, **options)
            ),
        )
    two_stages(one, tmp_path, {"type": "sift"}, HNDESC, {"type": "rootsift"})
    assert opened == ["prepare_hndesc_detector", "prepare_hndesc_descriptor"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preparation": "hndesc_detektor"}, r"preparation: unknown name .*; did you mean 'hndesc_detector'"),
        ({"descriptor_preparation": "ames"}, r"descriptor_preparation: unknown name 'ames'"),
        ({"forced_size": [640]}, r"forced_size"),
        ({"forced_size": [640, 0]}, r"forced_size"),
        ({"exif": "rotate"}, r"exif"),
    ],
)
def test_unfit_preparations(settings, message):
    with pytest.raises(DataError, match=f"extractor detected\\.{message}"):
        load_extractor("detected", **settings)

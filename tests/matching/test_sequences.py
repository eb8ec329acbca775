"""From files of features and of sequences to scores: the golden sequences, and images with few keypoints."""

import json

import numpy as np
import pytest
from PIL import Image

from reprise.datasets.hpatches_sequences import ImageSequence, read_sequences
from reprise.evaluation.image_matching import EXCLUDED_SEQUENCES
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.pair_errors import read_measured_pairs, write_measured_pairs
from reprise.matching.sequences import match_sequences
from reprise.reporting.matching import evaluate_matching
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hndesc_hpatches"))


@pytest.fixture(scope="module")
def unpacked(arrays, tmp_path_factory):
    """The golden sequences as files, with black images of their sizes."""
    folder = tmp_path_factory.mktemp("sequences")
    for s, name in enumerate(json.loads(str(arrays["sequences"]))):
        (folder / name).mkdir()
        for k in range(6):
            Image.new("RGB", tuple(map(int, arrays["sizes"][s, k]))).save(folder / name / f"{k + 1}.ppm")
            if k:
                rows = arrays["homographies"][s, k - 1].tolist()
                text = "".join(" ".join(map(repr, row)) + "\n" for row in rows)
                (folder / name / f"H_1_{k + 1}").write_text(text)
    return folder


def write_features(path, images):
    """Write features (name, keypoints, descriptors)."""
    dim = max(np.shape(descriptors)[1] for _, _, descriptors in images)
    with feature_writer(path, dim, {"recipe": "{}"}) as writer:
        for name, keypoints, descriptors in images:
            if keypoints is None:
                writer.skip(name)
                continue
            ones = np.ones(len(keypoints), np.float32)
            values = np.reshape(descriptors, (-1, dim)).astype(np.float32)
            writer.append(name, LocalFeatures(values, ones, np.asarray(keypoints, np.float32), ones))
    return path


def golden_features(arrays, sequences, path, suffix=""):
    """The features of the sequences in pixels of the files, the centre of the first pixel at (0.5, 0.5)."""
    names, images = json.loads(str(arrays["sequences"])), []
    for sequence in sequences:
        s = names.index(sequence.name)
        for k in range(6):
            rows = slice(*arrays[f"offsets{suffix}"][6 * s + k : 6 * s + k + 2])
            factors = arrays["sizes"][s, k] / (640, 480) if suffix else 1
            keypoints = (arrays[f"keypoints{suffix}"][rows].astype(np.float64) + 0.5) * factors
            images.append((f"{sequence.name}/{k + 1}", keypoints, arrays[f"descriptors{suffix}"][rows]))
    return write_features(path, images)


@pytest.fixture(scope="module")
def golden_measured(arrays, unpacked, tmp_path_factory):
    """What is measured of the golden sequences, through a file; those that are left out are named in the arrays."""
    folder = tmp_path_factory.mktemp("measured")
    wanted = {name for name, _ in json.loads(str(arrays["pairs"]))}
    left_out = [path.name for path in unpacked.iterdir() if path.name not in wanted]
    assert set(left_out) <= set(EXCLUDED_SEQUENCES) and left_out
    sequences = read_sequences(unpacked)
    assert {sequence.name for sequence in sequences} == wanted
    files = [golden_features(arrays, sequences, folder / f"x{s}.h5", s) for s in ("", "_640x480")]
    with open_features(files[0]) as features, open_features(files[1]) as framed:
        measured = match_sequences(sequences, features, framed, threads=2)
    write_measured_pairs(folder / "pairs.h5", measured, {"recipe": "{}"})
    return read_measured_pairs(folder / "pairs.h5")


def test_golden_matches_and_accuracies(arrays, golden_measured):
    places = {f"{name}/1-{k}": row for row, (name, k) in enumerate(json.loads(str(arrays["pairs"])))}
    rows = [places[pair] for pair in golden_measured.pairs]
    assert sorted(rows) == list(range(len(rows)))
    for pair, row in enumerate(rows):
        expected = arrays["matches"][slice(*arrays["matches_offsets"][row : row + 2])]
        start, stop = golden_measured.offsets[pair : pair + 2]
        np.testing.assert_array_equal(golden_measured.matches[start:stop], expected)
    np.testing.assert_allclose(golden_measured.corner_errors, arrays["corner_error"][rows], rtol=0, atol=1e-3)
    np.testing.assert_allclose(golden_measured.matching_scores, arrays["matching_score"][rows], rtol=0, atol=1e-9)
    found = evaluate_matching(golden_measured).per_query
    for column in range(10):
        expected = 100 * arrays["mma_per_pair"][rows, column]
        np.testing.assert_allclose(found[f"MMA@{column + 1}"]["all"], expected, rtol=0, atol=1e-7)


def test_golden_scores(arrays, golden_measured):
    evaluation, summary = evaluate_matching(golden_measured), json.loads(str(arrays["summary"]))
    sets = [
        ("MMA", range(1, 11), summary["mma"].values(), {"v": "v", "i": "i", "average": "avg"}),
        ("homography", (1, 3, 5, 10), summary["homography"].values(), {g: g for g in ("v", "i", "total")}),
        ("homography 640x480", (1, 3, 5), summary["homography_640x480"].values(), {g: g for g in ("v", "i", "total")}),
    ]
    checked = 0
    for metric, limits, values, groups in sets:
        for limit, expected in zip(limits, values, strict=True):
            for group, key in groups.items():
                score = evaluation.score(f"{metric}@{limit}", group)
                assert score.value == pytest.approx(100 * expected[key], abs=1e-7) and score.unit == "%"
                checked += 1
    assert checked == 3 * 17
    for group, expected in summary["matching_score"].items():
        assert evaluation.score("matching score", group).value == pytest.approx(100 * expected, abs=1e-7)
    counts = {group: evaluation.score("MMA@3", group).count for group in ("v", "i", "average")}
    assert counts["v"] + counts["i"] == counts["average"] == len(golden_measured.pairs)


@pytest.fixture
def sequence(tmp_path):
    """A sequence of six equal images of 40 x 30 pixels."""
    paths = [tmp_path / f"{k}.ppm" for k in range(1, 7)]
    for path in paths:
        Image.new("RGB", (40, 30)).save(path)
    return ImageSequence("v_wall", paths, np.tile(np.eye(3), (5, 1, 1)))


def square(count):
    """Keypoints that are the first of a square, and descriptors of their own."""
    places = np.array([[3, 4], [33, 4], [33, 25], [3, 25], [18, 14]])[:count]
    return places, np.eye(5)[:count]


def measured(sequence, path, counts, framed=True):
    images = [(f"v_wall/{k}", *square(count)) for k, count in enumerate(counts, 1)]
    with open_features(write_features(path, images)) as features:
        return match_sequences([sequence], features, features if framed else None)


def test_images_with_few_keypoints_count_as_failures(sequence, tmp_path):
    found = measured(sequence, tmp_path / "x.h5", (5, 5, 0, 1, 3, 4))
    assert np.diff(found.offsets).tolist() == [5, 0, 1, 3, 4]
    np.testing.assert_allclose(found.corner_errors, [0, np.inf, np.inf, np.inf, 0], atol=1e-3)
    np.testing.assert_allclose(found.framed_corner_errors, [0, np.inf, np.inf, np.inf, 0], atol=1e-2)
    evaluation = evaluate_matching(found)
    assert evaluation.per_query["MMA@1"]["all"].tolist() == [100, 0, 100, 100, 100]
    assert evaluation.score("MMA@1", "v").value == 80 and evaluation.score("homography@3", "total").value == 40
    assert evaluation.score("pairs without a homography", "all").value == 3
    assert evaluation.score("pairs without a homography, 640x480", "all").value == 3
    assert np.isnan(evaluation.score("MMA@1", "i").value) and evaluation.score("MMA@1", "i").count == 0


def test_a_reference_without_keypoints_is_no_error(sequence, tmp_path):
    found = measured(sequence, tmp_path / "x.h5", (0, 5, 5, 5, 5, 0))
    evaluation = evaluate_matching(found)
    assert evaluation.score("MMA@10", "v").value == 0 == evaluation.score("matching score", "total").value
    assert evaluation.score("pairs without a homography", "all").value == 5 and not len(found.matches)


def test_stretched_images_may_be_left_out(sequence, tmp_path):
    found = measured(sequence, tmp_path / "x.h5", (5,) * 6, framed=False)
    write_measured_pairs(tmp_path / "pairs.h5", found, {"recipe": "{}"})
    read = read_measured_pairs(tmp_path / "pairs.h5")
    assert read.matching_scores is read.framed_corner_errors is None
    evaluation = evaluate_matching(read)
    assert evaluation.score("homography@1", "v").value == 100 and evaluation.score("matching score", "v") is None


def test_distant_descriptors_are_no_matches_with_a_limit(sequence, tmp_path):
    places, vectors = square(5)
    images = [(f"v_wall/{k}", places, vectors + 0.2 * (k > 1)) for k in range(1, 7)]
    with open_features(write_features(tmp_path / "x.h5", images)) as features:
        counts = [len(match_sequences([sequence], features, max_distance=limit).matches) for limit in (None, 0.5, 0.1)]
    assert counts == [25, 25, 0]


def test_features_are_read_once(sequence, tmp_path, monkeypatch):
    images = [(f"v_wall/{k}", *square(5)) for k in range(1, 7)]
    with open_features(write_features(tmp_path / "x.h5", images)) as features:
        read, block = [], type(features).block
        monkeypatch.setattr(type(features), "block", lambda self, a, b: read.append((a, b)) or block(self, a, b))
        match_sequences([sequence], features)
    assert read == [(0, 6)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([f"v_wal/{k}" for k in range(1, 7)], "has features of other images than the sequences"),
        ([f"v_wall/{k}" for k in range(1, 6)], "has features of other images than the sequences"),
    ],
)
def test_features_of_other_images_are_refused(sequence, tmp_path, names, message):
    path = write_features(tmp_path / "x.h5", [(name, *square(5)) for name in names])
    with open_features(path) as features, pytest.raises(DataError, match=rf"x\.h5: {message}"):
        match_sequences([sequence], features)


def test_an_image_that_could_not_be_decoded_has_no_number(sequence, tmp_path):
    images = [(f"v_wall/{k}", *square(5)) for k in range(1, 7)]
    images[3] = ("v_wall/4", None, np.zeros((0, 5)))
    message = r"x\.h5: 'v_wall/4' could not be decoded, so that its pairs"
    path = write_features(tmp_path / "x.h5", images)
    with open_features(path) as features, pytest.raises(DataError, match=message):
        match_sequences([sequence], features)

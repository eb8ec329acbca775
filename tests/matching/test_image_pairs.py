"""Pairs of images whose homography is known: both published evaluations, on golden sequences."""

import json

import numpy as np
import pytest

from reprise.evaluation import (
    corner_error,
    homography_accuracy,
    matching_score,
    mean_matching_accuracy,
    means_of_changes,
    transfer_errors,
)
from reprise.geometry.conventions import from_opencv
from reprise.matching import mutual_nearest_neighbors
from reprise.matching.image_pairs import FRAME, DescribedImage, framed_errors, pair_errors


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hndesc_hpatches"))


@pytest.fixture(scope="module")
def pairs(arrays):
    """Sequence, its number and the number of the second image, both from 0."""
    names = json.loads(str(arrays["sequences"]))
    return [(name, names.index(name), k - 1) for name, k in json.loads(str(arrays["pairs"]))]


def image(arrays, sequence, k, suffix=""):
    number = 6 * sequence + k
    rows = slice(*arrays[f"offsets{suffix}"][number : number + 2])
    size = FRAME if suffix else tuple(arrays["sizes"][sequence, k])
    keypoints = from_opencv(arrays[f"keypoints{suffix}"][rows].astype(np.float64))
    return DescribedImage(keypoints, arrays[f"descriptors{suffix}"][rows], size)


@pytest.fixture(scope="module")
def full(arrays, pairs):
    return [
        pair_errors(image(arrays, s, 0), image(arrays, s, k), arrays["homographies"][s, k - 1]) for _, s, k in pairs
    ]


@pytest.fixture(scope="module")
def framed(arrays, pairs):
    found = []
    for _, s, k in pairs:
        sizes = tuple(arrays["sizes"][s, 0]), tuple(arrays["sizes"][s, k])
        images = image(arrays, s, 0, "_640x480"), image(arrays, s, k, "_640x480")
        found.append(framed_errors(*images, arrays["homographies"][s, k - 1], sizes))
    return found


def test_golden_matches(arrays, pairs, full):
    offsets = arrays["matches_offsets"]
    for number, found in enumerate(full):
        np.testing.assert_array_equal(found.matches, arrays["matches"][offsets[number] : offsets[number + 1]])
    beta = next(s for name, s, _ in pairs if name == "v_beta")
    limited = mutual_nearest_neighbors(
        image(arrays, beta, 0).descriptors, image(arrays, beta, 3).descriptors, max_distance=0.6
    )
    np.testing.assert_array_equal(limited, arrays["matches_threshold"])


def test_golden_matching_accuracy(arrays, pairs, full):
    accuracies = np.array([mean_matching_accuracy(found.errors) for found in full])
    np.testing.assert_allclose(accuracies, arrays["mma_per_pair"], rtol=0, atol=1e-9)
    means = means_of_changes([name for name, _, _ in pairs], accuracies)
    for column, expected in enumerate(json.loads(str(arrays["summary"]))["mma"].values()):
        for name, key in (("v", "v"), ("i", "i"), ("average", "avg")):
            assert means[name][column] == pytest.approx(expected[key], abs=1e-9)


def test_golden_corner_errors(arrays, pairs):
    for number, (_, s, k) in enumerate(pairs):
        estimated, true = arrays["estimated_homographies"][number], arrays["homographies"][s, k - 1]
        error = corner_error(estimated, true, arrays["sizes"][s, k])
        assert error == pytest.approx(arrays["corner_error"][number], abs=1e-6)


@pytest.mark.parametrize("suffix", ["", "_640x480"])
def test_golden_homographies(arrays, pairs, full, framed, suffix):
    if suffix:
        correct = homography_accuracy([found.corner_error for found in framed], (1, 3, 5), inclusive=True)
    else:
        errors = np.array([found.corner_error for found in full])
        np.testing.assert_allclose(errors, arrays["corner_error"], rtol=0, atol=1e-3)
        correct = homography_accuracy(errors)
    np.testing.assert_array_equal(correct, arrays[f"homography_correct{suffix}"])
    means = means_of_changes([name for name, _, _ in pairs], correct)
    for column, expected in enumerate(json.loads(str(arrays["summary"]))[f"homography{suffix}"].values()):
        for name in ("v", "i", "total"):
            assert means[name][column] == pytest.approx(expected[name], abs=1e-9)


def test_golden_matching_score(arrays, pairs, framed):
    scores = np.array([found.matching_score for found in framed])
    np.testing.assert_allclose(scores, arrays["matching_score"], rtol=0, atol=1e-9)
    means = means_of_changes([name for name, _, _ in pairs], scores)
    expected = json.loads(str(arrays["summary"]))["matching_score"]
    assert {name: float(means[name]) for name in expected} == pytest.approx(expected, abs=1e-9)


def test_published_averages():
    """The README of HNDesc: v .207, i .492 of 280 and 260 pairs give .344; .630 and .716 give .673."""
    names = ["v_a"] * 280 + ["i_a"] * 260
    assert means_of_changes(names, np.repeat([0.207, 0.492], [280, 260]))["total"] == pytest.approx(0.344, abs=5e-4)
    assert means_of_changes(names, np.repeat([0.630, 0.716], [280, 260]))["average"] == pytest.approx(0.673)


def test_images_without_matches_are_wrong_and_end_nothing():
    nothing = DescribedImage(np.zeros((0, 2)), np.zeros((0, 4), np.float32), (30, 20))
    three = DescribedImage(np.eye(3)[:, :2] * 9 + 0.5, np.eye(3, 4, dtype=np.float32), (30, 20))
    for first, second, share in ((nothing, three, 0.0), (three, nothing, 0.0), (three, three, 1.0)):
        found = pair_errors(first, second, np.eye(3))
        assert found.corner_error == np.inf
        np.testing.assert_array_equal(mean_matching_accuracy(found.errors), np.full(10, share))
        framed = framed_errors(first, second, np.eye(3), ((640, 480), (640, 480)))
        assert (framed.corner_error, framed.matching_score) == (np.inf, share)


def test_definitions():
    shift = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 1.0]])
    assert corner_error(shift, np.eye(3), (640, 480)) == pytest.approx(1)
    assert corner_error(None, np.eye(3), (640, 480)) == np.inf
    assert corner_error(np.full((3, 3), np.nan), np.eye(3), (640, 480)) == np.inf
    assert mean_matching_accuracy([1.0, 2.5, np.inf], (1, 2, 3)).tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert mean_matching_accuracy([]).tolist() == [0] * 10
    assert homography_accuracy([3.0], (3, 5)).tolist() == [[False, True]]
    assert homography_accuracy([3.0], (3, 5), inclusive=True).tolist() == [[True, True]]
    horizon = np.array([[1, 0, 0], [0, 1, 0], [1, 0, -5.0]])
    assert transfer_errors(np.array([[5, 1]]), np.zeros((1, 2)), horizon).tolist() == [np.inf]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: mean_matching_accuracy([-1.0]), "none negative or NaN"),
        (lambda: homography_accuracy([np.nan]), "infinite where there is no estimate"),
        (lambda: corner_error(np.eye(3), np.full((3, 3), np.nan), (9, 9)), "true: of shape .* finite"),
        (lambda: transfer_errors(np.zeros((2, 2)), np.zeros((1, 2)), np.eye(3)), "give pairs"),
        (lambda: means_of_changes(["x_a"], [1.0]), "begins with neither v_ nor i_"),
        (lambda: means_of_changes(["v_a", "v_b"], [1.0]), "for 2 pairs"),
        (
            lambda: matching_score(np.zeros((1, 2)), np.zeros((1, 2)), [0], [0], np.zeros((3, 3)), (9, 9)),
            "has no inverse",
        ),
    ],
)
def test_unfit_arguments(function, message):
    with pytest.raises(ValueError, match=message):
        function()

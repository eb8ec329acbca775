"""The evaluation of matched pairs of images: accuracy of matches and homographies, by kinds of changes."""

import os
from collections.abc import Iterator, Sequence

import numpy as np

from reprise.evaluation.image_matching import homography_accuracy, mean_matching_accuracy, means_of_changes
from reprise.evaluation.scores import ALL, PERCENT, Evaluation, Score
from reprise.formats.pair_errors import MeasuredPairs
from reprise.storage.errors import DataError

#: Distances in pixels up to which a match is right.
ACCURACIES = tuple(range(1, 11))
#: What the groups of a metric are: the mean of both kinds, or of all pairs.
_OF_KINDS, _OF_PAIRS = ("v", "i", "average"), ("v", "i", "total")
_HOMOGRAPHIES, _FRAMED_HOMOGRAPHIES = (1, 3, 5, 10), (1, 3, 5)


def evaluate_matching(measured: MeasuredPairs, where: str | os.PathLike = "measured pairs") -> Evaluation:
    """Score what was measured of pairs of images, as HNDesc does (Melekhov et al., 3DV 2021).

    ``MMA@t`` is the share of the matches of a pair whose error is at most t pixels, 0 without a match, in the mean of
    the pairs; its ``average`` is the mean of the sequences of changing viewpoint, ``v``, and of illumination, ``i``.
    ``homography@t`` is the share of the pairs whose homography has an error of less than t pixels, in frames of 640 x
    480 at most t; ``total`` is the mean of all pairs. A pair without a homography has a wrong one, and is counted in
    ``pairs without a homography``. ``keypoints per image`` is the mean of the two images of a pair, in the mean of the
    pairs, so that the first image of a sequence counts five times.

    Args:
        measured: what was measured
        where: their file, for messages

    Raises:
        DataError: sequences of another kind
    """
    accuracies = np.array(
        [mean_matching_accuracy(measured.errors_of(p), ACCURACIES) for p in range(len(measured.pairs))]
    )
    try:
        scores = list(_scores(measured, accuracies))
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    per_pair = {f"MMA@{limit}": accuracies[:, column] for column, limit in enumerate(ACCURACIES)}
    return Evaluation(scores, {metric: {ALL: 100 * values} for metric, values in per_pair.items()})


def _scores(measured: MeasuredPairs, accuracies: np.ndarray) -> Iterator[Score]:
    sequences = measured.sequences
    for column, limit in enumerate(ACCURACIES):
        yield from _means(f"MMA@{limit}", sequences, 100 * accuracies[:, column], _OF_KINDS)
    correct = homography_accuracy(measured.corner_errors, _HOMOGRAPHIES)
    for column, limit in enumerate(_HOMOGRAPHIES):
        yield from _means(f"homography@{limit}", sequences, 100.0 * correct[:, column], _OF_PAIRS)
    yield from _failures("pairs without a homography", sequences, measured.corner_errors)
    if measured.framed_corner_errors is not None and measured.matching_scores is not None:
        correct = homography_accuracy(measured.framed_corner_errors, _FRAMED_HOMOGRAPHIES, inclusive=True)
        for column, limit in enumerate(_FRAMED_HOMOGRAPHIES):
            yield from _means(f"homography 640x480@{limit}", sequences, 100.0 * correct[:, column], _OF_PAIRS)
        yield from _means("matching score", sequences, 100 * measured.matching_scores, _OF_PAIRS)
        yield from _failures("pairs without a homography, 640x480", sequences, measured.framed_corner_errors)
    counts = {"keypoints per image": measured.keypoints.mean(axis=1), "matches per pair": np.diff(measured.offsets)}
    for metric, values in counts.items():
        yield from _means(metric, sequences, values, _OF_PAIRS, unit="")


def _means(
    metric: str, sequences: Sequence[str], values: np.ndarray, groups: Sequence[str], unit: str = PERCENT
) -> Iterator[Score]:
    means, kinds = means_of_changes(sequences, values), [name[0] for name in sequences]
    for group in groups:
        count = kinds.count(group) if group in ("v", "i") else len(kinds)
        yield Score(metric, group, float(means[group]), unit, True, count)


def _failures(metric: str, sequences: Sequence[str], errors: np.ndarray) -> Iterator[Score]:
    yield Score(metric, ALL, float(np.isinf(errors).sum()), "pairs", False, len(sequences))

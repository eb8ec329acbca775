"""Matching of the sequences of a dataset: the first image of each with each of the others."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from tqdm import tqdm

from reprise.datasets.hpatches_sequences import IMAGES, ImageSequence
from reprise.formats.feature_reader import Features
from reprise.formats.pair_errors import MeasuredPairs
from reprise.images.decoding import size_of
from reprise.matching.image_pairs import FRAME, DescribedImage, FramedErrors, PairErrors, framed_errors, pair_errors
from reprise.matching.side_by_side import side_by_side
from reprise.storage.errors import DataError


def match_sequences(
    sequences: Sequence[ImageSequence],
    features: Features,
    framed: Features | None = None,
    *,
    max_distance: float | None = None,
    threads: int | None = None,
) -> MeasuredPairs:
    """Match the pairs of sequences, and compare the matches with their homographies.

    Features are read once, sequence by sequence; the pairs of a sequence are matched side by side.

    Args:
        sequences: S sequences
        features: of their images, one after the other
        framed: features of the same images after they were stretched to 640 x 480 pixels, with keypoints in pixels of
            the files all the same; None leaves out what is measured in these frames
        max_distance: largest distance of matched descriptors at full size; None takes all
        threads: pairs that are matched at the same time; None for as many as torch has threads

    Raises:
        DataError: features of other images, or images without features because they could not be decoded
    """
    for file in (features, framed):
        if file is not None:
            _check(file, sequences)
    found: list[PairErrors] = []
    stretched: list[FramedErrors] = []
    counts = features.counts()
    for number, sequence in enumerate(tqdm(sequences, unit="sequence", desc="matching", mininterval=1.0)):
        sizes = [size_of(path) for path in sequence.images]
        images = _read(features, number, sizes)
        frames = [] if framed is None else _stretched(_read(framed, number, sizes))
        measured = side_by_side(lambda job: job(), _jobs(sequence, images, frames, max_distance), threads)
        found += [each for each in measured if isinstance(each, PairErrors)]
        stretched += [each for each in measured if isinstance(each, FramedErrors)]
    keypoints = [counts[[IMAGES * s, IMAGES * s + other]] for s in range(len(sequences)) for other in range(1, IMAGES)]
    return MeasuredPairs(
        [pair for sequence in sequences for pair in sequence.pairs],
        np.concatenate([[0], np.cumsum([len(each.errors) for each in found])]).astype(np.int64),
        np.concatenate([each.matches for each in found]).astype(np.int32),
        np.concatenate([each.errors for each in found]),
        np.array(keypoints, np.int32),
        np.array([each.corner_error for each in found]),
        np.array([each.corner_error for each in stretched]) if stretched else None,
        np.array([each.matching_score for each in stretched]) if stretched else None,
    )


def _jobs(
    sequence: ImageSequence,
    images: Sequence[DescribedImage],
    frames: Sequence[DescribedImage],
    max_distance: float | None,
) -> list[Callable[[], PairErrors | FramedErrors]]:
    """What is measured of the pairs of a sequence: at full size and, if there are ``frames``, in these, too."""
    jobs: list[Callable[[], PairErrors | FramedErrors]] = []
    for other, homography in enumerate(sequence.homographies, 1):
        jobs.append(partial(pair_errors, images[0], images[other], homography, max_distance))
        if frames:
            sizes = images[0].size, images[other].size
            jobs.append(partial(framed_errors, frames[0], frames[other], homography, sizes))
    return jobs


def _read(features: Features, sequence: int, sizes: Sequence[tuple[int, int]]) -> list[DescribedImage]:
    """The features of the images of one sequence, which are read at once."""
    first = IMAGES * sequence
    block, bounds = features.block(first, first + IMAGES), features.offsets[first : first + IMAGES + 1]
    rows = [slice(start, stop) for start, stop in zip(bounds[:-1] - bounds[0], bounds[1:] - bounds[0], strict=True)]
    return [
        DescribedImage(block.keypoints[part], np.asarray(block.descriptors[part], np.float32), size)
        for part, size in zip(rows, sizes, strict=True)
    ]


def _stretched(images: Sequence[DescribedImage]) -> list[DescribedImage]:
    """The same with keypoints in pixels of the frame."""
    return [
        DescribedImage(image.keypoints * np.divide(FRAME, image.size), image.descriptors, FRAME) for image in images
    ]


def _check(features: Features, sequences: Sequence[ImageSequence]) -> None:
    features.require("the matching of sequences", convention="colmap")
    names = [f"{sequence.name}/{number}" for sequence in sequences for number in range(1, IMAGES + 1)]
    if features.names != names:
        raise DataError(f"{features.path}: has features of other images than the sequences; delete it and run again")
    if features.skipped:
        raise DataError(
            f"{features.path}: '{features.skipped[0]}' could not be decoded, so that its pairs cannot be measured; "
            "unpack the sequences again, or exclude this one"
        )

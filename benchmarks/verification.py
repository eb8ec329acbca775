"""Cost of spatial verification: pairs of images a second, beside a plain implementation.

Images have 1000 features with affine shapes, which share words: each pair has 600 tentative correspondences, of which
a quarter follow one transform and the others are wrong, or 60 of which most are wrong, as most pairs of a short list
have them. Matching by words is included. The reference is tests/reference/verification.py, which finds the same.

    python benchmarks/verification.py [--images 400] [--repeats 3] [--threads 2] [--json]
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
from table import Row, best_of, print_rows

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from reference import verification as plain

from reprise.geometry.tentatives import Words, word_tentatives
from reprise.geometry.verification import Regions, verify_images

FEATURES, WIDTH, HEIGHT = 1000, 1024, 768
REFERENCE_PAIRS = 3
#: 2000 pairs a second with two threads.
TARGET = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    arguments = parser.parse_args()
    rows = [measure(arguments, 600, 150), measure(arguments, 60, 6)]
    print_rows(rows, as_json=arguments.json)


def draw(n_images: int, shared: int, true: int) -> tuple:
    """A query and images: keypoints, frames and words; ``shared`` features have a word of the query."""
    random = np.random.default_rng(0)
    query = regions(random)
    words, images = np.arange(FEATURES), []
    for _ in range(n_images):
        keypoints, frames = regions(random)
        own = np.arange(FEATURES) + 10 * FEATURES
        own[:shared] = random.permutation(FEATURES)[:shared]
        matrix = np.eye(2) * random.uniform(0.6, 1.6) + random.uniform(-0.1, 0.1, (2, 2))
        chosen = own[:true]
        keypoints[:true] = query[0][chosen] @ matrix.T + random.normal(0, 2, (true, 2))
        frames[:true] = matrix @ query[1][chosen] @ (np.eye(2) + random.normal(0, 0.05, (true, 2, 2)))
        images.append((keypoints, frames, own))
    return query, words, [np.concatenate(part) for part in zip(*images, strict=True)]


def regions(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    points = random.uniform(0, 1, (FEATURES, 2)) * [WIDTH, HEIGHT]
    scales = 3 * random.pareto(2, FEATURES) + 5
    return points, scales[:, None, None] * (np.eye(2) + random.uniform(-0.3, 0.3, (FEATURES, 2, 2)))


def measure(arguments: argparse.Namespace, shared: int, true: int) -> Row:
    """Verify all images against one query."""
    query, query_words, (keypoints, frames, words) = draw(arguments.images, shared, true)
    offsets = FEATURES * np.arange(arguments.images + 1)
    left, right = Regions(*query), Regions(keypoints, frames, offsets)
    own, others = Words.of(query_words), Words.of(words, offsets)

    def verify():
        pairs = word_tentatives(own, others, threads=arguments.threads)
        return pairs, verify_images(left, right, pairs, threads=arguments.threads)

    seconds = best_of(arguments.repeats, {"verify": verify})["verify"]
    pairs, found = verify()
    start = time.perf_counter()
    for image in range(REFERENCE_PAIRS):
        rows = slice(offsets[image], offsets[image + 1])
        tentatives = pairs.pairs[pairs.starts[image] : pairs.starts[image + 1]]
        count, *_ = plain.verify(query, (keypoints[rows], frames[rows]), tentatives)
        assert count == found.counts[image]
    reference = (time.perf_counter() - start) / REFERENCE_PAIRS
    name = f"match and verify {FEATURES} features, {shared} tentatives"
    return Row(name, "ms/pair", 1e3 * seconds / arguments.images, 1e3 * reference, target=TARGET)


if __name__ == "__main__":
    main()

"""Cost of matching keypoints: pairs of images of 4,096 x 4,096 descriptors, matched and verified by a homography.

Every other pair is related: half of the descriptors of an image are those of the other one with noise, at places that
one homography maps to each other. All else is random, and takes RANSAC longest. The reference is the published way: the
whole matrix of distances, and the nearest of its rows and of its columns. The limit is the product of the matrices.

    python benchmarks/matching.py [--pairs 24] [--keypoints 4096] [--repeats 3] [--threads 2] [--json]
"""

import argparse
import os

import numpy as np
import torch
from table import Row, best_of, print_rows

from reprise.geometry import homography_inliers, project
from reprise.matching import mutual_nearest_neighbors, side_by_side

DIM = 128
#: 240 pairs in a minute.
TARGET = 0.25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--keypoints", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    arguments = parser.parse_args()
    pairs = [draw(arguments.keypoints, seed) for seed in range(arguments.pairs)]

    def match(pair):
        return mutual_nearest_neighbors(pair[0][1], pair[1][1])

    def verify(pair):
        rows = match(pair)
        return homography_inliers(pair[0][0][rows[:, 0]], pair[1][0][rows[:, 1]])[0]

    seconds = best_of(
        arguments.repeats,
        {
            "match": lambda: side_by_side(match, pairs, arguments.threads),
            "both": lambda: side_by_side(verify, pairs, arguments.threads),
            "published": lambda: [plain(a[1], b[1]) for a, b in pairs],
            "product": lambda: side_by_side(multiplied, pairs, arguments.threads),
        },
    )
    ours, both, published, product = (value / len(pairs) for value in seconds.values())
    rows = [
        Row("match two images", "s / pair", ours, published, None, product),
        Row("match and verify", "s / pair", both, None, TARGET, product),
    ]
    print_rows(rows, as_json=arguments.json)


def draw(count: int, seed: int) -> tuple:
    """Keypoints and descriptors of two images."""
    random = np.random.default_rng(seed)
    first, second = (random.uniform(0, 1000, (count, 2)).astype(np.float32) for _ in "ab")
    a, b = (random.normal(size=(count, DIM)).astype(np.float32) for _ in "ab")
    shared = random.permutation(count)[: 0 if seed % 2 else count // 2]
    b[: len(shared)] = a[shared] + random.normal(0, 0.7, (len(shared), DIM))
    homography = np.array([[0.9, 0.1, 30], [-0.1, 0.95, 50], [1e-4, -1e-4, 1]])
    second[: len(shared)] = project(homography, first[shared]) + random.normal(0, 1.5, (len(shared), 2))
    return (first, a), (second, b)


def multiplied(pair: tuple) -> None:
    """The product alone, in blocks that stay in the caches."""
    a, b = (torch.from_numpy(descriptors) for _, descriptors in pair)
    block = torch.empty(1024, len(b))
    for part in a.split(1024):
        torch.mm(part, b.T, out=block[: len(part)])


def plain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Match as published."""
    first, second = (torch.nn.functional.normalize(torch.from_numpy(values)) for values in (a, b))
    distances = (2 - 2 * first @ second.T).clamp(min=0).sqrt()
    columns, rows = distances.argmin(dim=1), distances.argmin(dim=0)
    own = torch.arange(len(first))
    mutual = own[rows[columns] == own]
    return torch.stack([mutual, columns[mutual]], dim=1).numpy()


if __name__ == "__main__":
    main()

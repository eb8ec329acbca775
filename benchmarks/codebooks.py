"""Cost of assignment to a million words with the approximate index, and its agreement with exact search.

The words and descriptors are drawn from a mixture: 20,000 normalised centres of very different popularity, with noise
of low rank around each, as descriptors of one kind of structure vary in few ways; or, with ``--photos``, they are
RootSIFT descriptors of photographs and of turned and stretched copies of them, split at random. The reference is the
exact index on the same descriptors.

    python benchmarks/codebooks.py [--words 1000000] [--repeats 3] [--threads 2] [--photos FOLDER] [--json]
"""

import argparse
import os
import time
from pathlib import Path

import cv2
import numpy as np
from table import Row, best_of, print_rows

from reprise.codebooks import Codebook

DIM, CENTRES, KINDS, RANK = 128, 20_000, 64, 12
ASSIGNED, COMPARED, NEAREST = 20_000, 1000, 5
#: The published size, at which one iteration of k-means is timed, on so many descriptors.
TRAINED, TRAINED_ON = 65536, 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--photos", type=Path, help="a folder of .jpg files to extract RootSIFT from")
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    n = arguments.words + ASSIGNED
    vectors = draw(random, n) if arguments.photos is None else extract(random, arguments.photos, n)
    words, descriptors = np.split(vectors, [len(vectors) - ASSIGNED])
    rows = measure(words, descriptors, arguments.repeats, arguments.threads)
    print_rows([*rows, *train(words, arguments.threads)], as_json=arguments.json)


def draw(random: np.random.Generator, n: int) -> np.ndarray:
    """Descriptors of the mixture, normalised: (n, DIM) float32."""
    centres = random.standard_normal((CENTRES, 24)) @ random.standard_normal((24, DIM))
    centres = (centres / np.linalg.norm(centres, axis=1, keepdims=True)).astype(np.float32)
    bases = random.standard_normal((KINDS, RANK, DIM), dtype=np.float32) * np.float32(0.55 / (RANK * DIM) ** 0.5)
    popularity = 1 / (np.arange(CENTRES) + 50) ** 0.7
    chosen = np.sort(random.choice(CENTRES, n, p=popularity / popularity.sum()))
    chosen = chosen[np.argsort(chosen % KINDS, kind="stable")]
    vectors = centres[chosen]
    for kind, rows in enumerate(np.split(np.arange(n), np.searchsorted(chosen % KINDS, np.arange(1, KINDS)))):
        vectors[rows] += random.standard_normal((len(rows), RANK), dtype=np.float32) @ bases[kind]
        vectors[rows] += random.standard_normal((len(rows), DIM), dtype=np.float32) * np.float32(0.25 / DIM**0.5)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[random.permutation(n)]


def extract(random: np.random.Generator, folder: Path, n: int) -> np.ndarray:
    """At most ``n`` RootSIFT descriptors of the photographs in ``folder``, two distorted copies of each included."""
    sift, found = cv2.SIFT.create(nfeatures=0, contrastThreshold=0.005), []
    for path in sorted(folder.glob("*.jpg")):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        height, width = image.shape
        centre = np.array([width / 2, height / 2])
        for copy in range(3):
            angle, scale = random.uniform(-0.5, 0.5) * bool(copy), 1 + random.uniform(-0.2, 0.2, 2) * bool(copy)
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
            seen = cv2.warpAffine(image, np.c_[turn, centre - turn @ centre], (width, height), borderMode=2)
            found.append(sift.detectAndCompute(seen, None)[1])
    vectors = np.concatenate(found)
    vectors = np.sqrt(vectors / np.maximum(vectors.sum(axis=1, keepdims=True), 1e-9))
    return vectors[random.permutation(len(vectors))[:n]]


def measure(words: np.ndarray, descriptors: np.ndarray, repeats: int, threads: int) -> list[Row]:
    """Building the index, and assignment to the nearest and the nearest five words."""
    exact, approximate = Codebook(words), Codebook(words, index="approximate")
    few = descriptors[:COMPARED]
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of drawing
    before, start = resident("VmRSS"), time.perf_counter()
    approximate.assign(few[:1], threads=threads)
    building = time.perf_counter() - start
    memory, peak = resident("VmRSS") - before, resident("VmHWM") - before
    expected = exact.assign(few, NEAREST, threads=threads)
    missed = {
        nearest: 100 * (1 - recall(approximate.assign(few, nearest, threads=threads), expected[:, :nearest]))
        for nearest in (1, NEAREST)
    }
    times = best_of(
        repeats,
        {
            "exact": lambda: exact.assign(few, threads=threads),
            "nearest": lambda: approximate.assign(descriptors, threads=threads),
            "several": lambda: approximate.assign(descriptors, NEAREST, threads=threads),
            "image": lambda: approximate.assign(few, threads=threads),
        },
    )
    reference, each = 1e6 * times["exact"] / len(few), 1e6 / len(descriptors)
    at_a_time = 1e6 * times["image"] / len(few)
    name = f"{len(words):,} words"
    return [
        Row(f"assign to {name}", "us/descriptor", times["nearest"] * each, reference, 60),
        Row("its nearest words that are not the exact ones", "%", missed[1], None, 5),
        Row(f"the same, {COMPARED:,} descriptors at a time", "us/descriptor", at_a_time, reference),
        Row(f"assign to the {NEAREST} nearest of {name}", "us/descriptor", times["several"] * each, reference),
        Row("its words that are not among the exact ones", "%", missed[NEAREST]),
        Row(f"build the index of {name}", "s", building),
        Row("its memory, beside the words", "bytes/word", memory / len(words)),
        Row("the most it takes while it is built", "bytes/word", peak / len(words)),
    ]


def train(descriptors: np.ndarray, threads: int) -> list[Row]:
    """One iteration of k-means with both indexes, each run once."""
    size, count = min(TRAINED, len(descriptors) // 2), min(TRAINED_ON, len(descriptors))
    times = {}
    for index in ("exact", "approximate"):
        start = time.perf_counter()
        Codebook.train(descriptors[:count], size, iterations=1, threads=threads, index=index)
        times[index] = time.perf_counter() - start
    stage = f"one iteration of k-means, {count:,} descriptors, {size:,} words"
    return [Row(stage, "s", times["approximate"], times["exact"])]


def recall(found: np.ndarray, expected: np.ndarray) -> float:
    """The share of the ``expected`` words of each descriptor that were ``found``."""
    return float((found[:, :, None] == expected[:, None, :]).any(axis=1).mean())


def resident(key: str) -> int:
    """The bytes that this process has in memory (VmRSS), or had at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    main()

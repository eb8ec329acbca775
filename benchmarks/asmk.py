"""What each stage of ASMK costs, on arrays drawn at random in the sizes of Oxford5k with 1000 descriptors per image.

Two yardsticks: the rate of the hardware (reading memory, or faiss's own search where faiss does the work), measured
in turns with the stages so that other load on the machine falls on both; and the published package asmk 0.1.1, which
``--install-published`` installs in an environment of its own in build/published-venv, and which is left out without it.

    python benchmarks/asmk.py [--repeats 5] [--threads 2] [--install-published]
"""

import argparse
import json
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np

from reprise.asmk import Aggregated, Codebook, InvertedFile, aggregate

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "build" / "published-venv"
N_WORDS, DIM = 65536, 128
PER_IMAGE, WORDS_PER_IMAGE = 1000, 480
IMAGES, QUERIES, QUERY_WORDS = 2460, 70, 4400
#: Lists as long as at Oxford5k with 65,536 words, times four, so that a query meets 634,000 postings.
LIST_WORDS = 8192


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=faiss.omp_get_max_threads())
    parser.add_argument("--install-published", action="store_true")
    arguments = parser.parse_args()
    if arguments.install_published:
        install_published()
    data = draw(np.random.default_rng(0))
    published = time_published(data) if PUBLISHED.exists() else {}
    print(f"faiss {faiss.__version__}, {arguments.threads} threads, best of {arguments.repeats}")
    print(f"{'stage':42}{'time':>10}{'unit':>16}{'limit':>10}{'part of it':>12}{'published':>12}{'faster':>9}")
    for name, unit, scale, seconds, limit in measure(data, arguments.repeats, arguments.threads):
        row = f"{name:42}{seconds * scale:10.3f}{unit:>16}{limit * scale:10.3f}{limit / seconds:12.0%}"
        if name in published:
            row += f"{published[name] * scale:12.3f}{published[name] / seconds:8.0f}x"
        print(row)


def draw(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Descriptors with words for aggregation, and postings of a database and of queries."""
    images = 100
    words = [
        random.choice(N_WORDS, WORDS_PER_IMAGE, replace=False)[random.integers(0, WORDS_PER_IMAGE, PER_IMAGE)]
        for _ in range(images)
    ]
    query_words = [random.choice(N_WORDS, 5, replace=False) for _ in range(PER_IMAGE)]
    data = {
        "centroids": random.standard_normal((N_WORDS, DIM), dtype=np.float32),
        "descriptors": random.standard_normal((images * PER_IMAGE, DIM), dtype=np.float32),
        "words": np.concatenate(words)[:, None],
        "image_ids": np.repeat(np.arange(images), PER_IMAGE),
        "query_words": np.array(query_words),
    }
    for key, count, size in (("database", IMAGES, WORDS_PER_IMAGE), ("queries", QUERIES, QUERY_WORDS)):
        lists = [np.sort(random.choice(LIST_WORDS, size, replace=False)) for _ in range(count)]
        data[f"{key}_words"] = np.concatenate(lists)
        data[f"{key}_ids"] = np.repeat(np.arange(count), size)
        data[f"{key}_codes"] = random.integers(0, 2**32, (count * size, DIM // 32), dtype=np.uint32)
    return data


def measure(data: dict[str, np.ndarray], repeats: int, threads: int) -> list[tuple[str, str, float, float, float]]:
    """Name, unit, factor from seconds to the unit, seconds and the limit in seconds of every stage.

    The limit is the time to read what the stage has to read: each descriptor and its centroids, each posting.
    """
    codebook = Codebook(data["centroids"])
    descriptors, words, image_ids = data["descriptors"], data["words"], data["image_ids"]
    images, query = len(descriptors) // PER_IMAGE, slice(PER_IMAGE)
    database, queries = (
        Aggregated(data[f"{key}_codes"], data[f"{key}_words"], data[f"{key}_ids"]) for key in ("database", "queries")
    )
    one_query = Aggregated(queries.vectors[:QUERY_WORDS], queries.words[:QUERY_WORDS], queries.image_ids[:QUERY_WORDS])
    inverted_file = InvertedFile.build(database, LIST_WORDS)
    postings = int(np.diff(inverted_file.offsets)[queries.words].sum())
    postings_of_one = int(np.diff(inverted_file.offsets)[one_query.words].sum())
    index = faiss.IndexFlatL2(DIM)
    index.add(codebook.centroids)
    faiss.omp_set_num_threads(threads)
    block, memory = descriptors[:4096], np.ones(1 << 25)
    times = best_of(
        repeats,
        {
            "memory": lambda: memory.sum(),
            "faiss": lambda: index.search(block, 1),
            "assign": lambda: codebook.assign(block, threads=threads),
            "aggregate": lambda: aggregate(descriptors, words, image_ids, codebook, threads=threads),
            "real": lambda: aggregate(descriptors, words, image_ids, codebook, binary=False, threads=threads),
            "query": lambda: aggregate(descriptors[query], data["query_words"], image_ids[query], codebook),
            "build": lambda: InvertedFile.build(database, LIST_WORDS),
            "one": lambda: inverted_file.search(one_query, threads=threads),
            "batch": lambda: inverted_file.search(queries, threads=threads),
        },
    )
    per_byte = times["memory"] / memory.nbytes
    row = 4 * DIM * per_byte
    aggregation = (PER_IMAGE + WORDS_PER_IMAGE) * row
    search_limit = 20 * per_byte
    return [
        ("assign to 65,536 words", "us/descriptor", 1e6 / len(block), times["assign"], times["faiss"]),
        ("aggregate, 1 assignment", "ms/image", 1e3, times["aggregate"] / images, aggregation),
        ("aggregate, 1 assignment, real vectors", "ms/image", 1e3, times["real"] / images, aggregation),
        ("aggregate, 5 assignments", "ms/query", 1e3, times["query"], 10 * PER_IMAGE * row),
        ("build the inverted file", "us/posting", 1e6, times["build"] / len(database), 36 * per_byte),
        (
            f"search, 1 query, {postings_of_one} postings",
            "ms/query",
            1e3,
            times["one"],
            20 * postings_of_one * per_byte,
        ),
        (f"search, {QUERIES} queries", "ms/query", 1e3, times["batch"] / QUERIES, search_limit * postings / QUERIES),
    ]


def best_of(repeats: int, functions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The shortest time in seconds of each function; they take turns, after one turn to warm up."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: min(past[1:]) for name, past in times.items()}


def install_published() -> None:
    """Make the environment of the published package; its build needs the other packages first."""
    venv.create(PUBLISHED, with_pip=True, clear=True)
    pip = [PUBLISHED / "bin" / "pip", "install", "--quiet"]
    subprocess.run([*pip, "faiss-cpu", "numpy", "setuptools", "wheel", "cython"], check=True)
    subprocess.run([*pip, "--no-build-isolation", "asmk==0.1.1"], check=True)


def time_published(data: dict[str, np.ndarray]) -> dict[str, float]:
    """The seconds of the published package for the stages that it has, by the names of :func:`measure`."""
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "arrays.npz"
        np.savez(arrays, **data)
        # -P: this file is called like the package, and must not be found in its place.
        script = Path(__file__).with_name("published_asmk.py")
        command = [PUBLISHED / "bin" / "python", "-P", script, arrays, str(LIST_WORDS)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()

"""Cost of each stage of ASMK, on arrays drawn at random in the sizes of Oxford5k with 1000 descriptors per image.

Two yardsticks: the rate of the hardware (reading memory with as many threads, or faiss's own search where faiss does
the work), measured in turns with the stages so that other load on the machine falls on both; and the published package
asmk 0.1.1, which ``--install-published`` installs in an environment of its own in build/published-venv, and which is
left out without it.

    python benchmarks/asmk.py [--repeats 5] [--threads 2] [--install-published] [--published FOLDER] [--json]
"""

import argparse
import json
import subprocess
import tempfile
import venv
from pathlib import Path

import faiss
import numpy as np
from table import Memory, Row, best_of, print_rows

from reprise.asmk import Aggregated, Codebook, InvertedFile, aggregate

PUBLISHED = Path(__file__).resolve().parent.parent / "build" / "published-venv"
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
    parser.add_argument("--published", type=Path, default=PUBLISHED, help="its environment")
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    arguments = parser.parse_args()
    if arguments.install_published and not arguments.published.exists():
        install_published(arguments.published)
    data = draw(np.random.default_rng(0))
    published = time_published(arguments.published, data) if arguments.published.exists() else {}
    print_rows(measure(data, arguments.repeats, arguments.threads, published), as_json=arguments.json)


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


def measure(data: dict[str, np.ndarray], repeats: int, threads: int, published: dict[str, float]) -> list[Row]:
    """Every stage; the limit is the time to read what it has to read: descriptors and their centroids, or postings.

    ``published`` has the seconds of the published package by the keys of the stages below.
    """
    codebook = Codebook(data["centroids"])
    descriptors, words, image_ids = data["descriptors"], data["words"], data["image_ids"]
    images, query = len(descriptors) // PER_IMAGE, slice(PER_IMAGE)
    database, queries = (
        Aggregated(data[f"{key}_codes"], data[f"{key}_words"], data[f"{key}_ids"]) for key in ("database", "queries")
    )
    one_query = Aggregated(queries.vectors[:QUERY_WORDS], queries.words[:QUERY_WORDS], queries.image_ids[:QUERY_WORDS])
    inverted_file = InvertedFile.build(database, LIST_WORDS)
    lengths = np.diff(inverted_file.offsets)
    postings, postings_of_one = int(lengths[queries.words].sum()), int(lengths[one_query.words].sum())
    index = faiss.IndexFlatL2(DIM)
    index.add(codebook.centroids)
    faiss.omp_set_num_threads(threads)
    block, memory = descriptors[:4096], Memory(threads)
    times = best_of(
        repeats,
        {
            "memory": memory.read,
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
    size = sum(a.nbytes for a in (inverted_file.image_ids, inverted_file.vectors)) / len(database)

    def stage(key: str, name: str, unit: str, scale: float, target: float | None, limit: float) -> Row:
        reference = published[key] * scale if key in published else None
        return Row(name, unit, times[key] * scale, reference, target, limit * scale)

    assigned, aggregation = 1e6 / len(block), (PER_IMAGE + WORDS_PER_IMAGE) * row * images
    faiss_target, posting = times["faiss"] * assigned / 0.9, 1e6 / len(database)
    return [
        # Asked for: nine tenths of the rate of faiss.
        stage("assign", "assign to 65,536 words", "us/descriptor", assigned, faiss_target, times["faiss"]),
        stage("aggregate", "aggregate, 1 assignment", "ms/image", 1e3 / images, 0.4, aggregation),
        stage("real", "aggregate, 1 assignment, real vectors", "ms/image", 1e3 / images, None, aggregation),
        stage("query", "aggregate, 5 assignments", "ms/query", 1e3, 3, 10 * PER_IMAGE * row),
        stage("build", "build the inverted file", "us/posting", posting, 0.08, 36 * len(database) * per_byte),
        stage("one", f"search {postings_of_one:,} postings", "ms/query", 1e3, 3, 20 * postings_of_one * per_byte),
        stage("batch", f"search, {QUERIES} queries", "ms/query", 1e3 / QUERIES, 2, 20 * postings * per_byte),
        Row("memory of a posting", "bytes", size, target=20),
    ]


def install_published(folder: Path) -> None:
    """Make the environment of the published package; its build needs the other packages first."""
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "pip", "install", "--quiet"]
    subprocess.run([*pip, "faiss-cpu", "numpy", "setuptools", "wheel", "cython"], check=True)
    subprocess.run([*pip, "--no-build-isolation", "asmk==0.1.1"], check=True)


def time_published(folder: Path, data: dict[str, np.ndarray]) -> dict[str, float]:
    """The seconds of the published package for what it shares with :func:`measure`."""
    with tempfile.TemporaryDirectory() as temporary:
        arrays = Path(temporary) / "arrays.npz"
        np.savez(arrays, **data)
        # -P: this file is called like the package, and must not be found in its place.
        script = Path(__file__).with_name("published_asmk.py")
        command = [folder / "bin" / "python", "-P", script, arrays, str(LIST_WORDS)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()

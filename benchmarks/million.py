"""Cost of an inverted file of up to a million distractors: built out of core, then searched memory-mapped.

Draws aggregated chunks of 100,000 images by a rule, builds their inverted file within a given amount of memory, each
step in a process of its own so that its peak memory can be told, searches it, and extrapolates to a million images.

The rule. A codebook has 65,536 words. The word of rank r (from 0) is drawn with a probability in proportion to
(r + 100)^-0.7, and ranks are dealt to words at random. An image draws 405 words, which makes about 400 different ones;
a query draws until it has 4,400, as 1,000 descriptors with 5 assignments have. A query then meets 2.8 times the
postings that it would meet if all words were equally frequent; for HOW descriptors of Oxford5k it is 2.6 times. Codes
are random bits, so that half of the postings pass the threshold, the worst case for a processor that guesses.

    python benchmarks/million.py [--images 100000] [--queries 20] [--threads 2] [--folder FOLDER] [--json]

Needs 2 GB of disk for 100,000 images, in FOLDER or where temporary files go, and removes what it wrote.
"""

import argparse
import dataclasses
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import faiss
import numpy as np
from table import Memory, Row, best_of, print_rows

from reprise.asmk import Aggregated, AggregatedFiles, InvertedFile
from reprise.formats.aggregated import StoredAggregated, write_aggregated

N_WORDS, WIDTH = 65536, 4
DRAWS_PER_IMAGE, QUERY_WORDS, DRAWS_PER_QUERY = 405, 4400, 6000
IMAGES_PER_CHUNK = 2000
MILLION = 1_000_000
TOPK = 1000
GIB = 1024**3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--threads", type=int, default=faiss.omp_get_max_threads())
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        postings = alone(draw_chunks, folder / "chunks", arguments.images)
        rows = build_rows(folder, arguments.images, postings)
        rows += alone(search_rows, folder / "index", arguments.queries, arguments.threads)
    print_rows(rows, as_json=arguments.json)


def alone(function: Callable, *arguments: object):
    """What ``function`` returns in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def word_table(random: np.random.Generator) -> np.ndarray:
    """An array whose uniformly drawn entries are words of the rule's frequencies."""
    frequencies = (np.arange(N_WORDS) + 100.0) ** -0.7
    entries = np.maximum(np.rint(frequencies / frequencies.sum() * (1 << 22)), 1).astype(np.int64)
    return np.repeat(random.permutation(N_WORDS), entries)


def draw_chunks(folder: Path, images: int) -> int:
    """Write the aggregated chunks of ``images`` images; returns the number of postings."""
    random = np.random.default_rng(0)
    table, total = word_table(random), 0
    for first in range(0, images, IMAGES_PER_CHUNK):
        last = min(first + IMAGES_PER_CHUNK, images)
        words = np.sort(table[random.integers(0, len(table), (last - first, DRAWS_PER_IMAGE))], axis=1)
        new = np.diff(words, axis=1, prepend=-1) > 0
        codes = random.integers(0, 2**32, (np.count_nonzero(new), WIDTH), dtype=np.uint32)
        ids = np.repeat(np.arange(first, last), np.count_nonzero(new, axis=1))
        stored = StoredAggregated(codes, words[new], ids, (first, last), N_WORDS)
        write_aggregated(folder / f"{first:09}.h5", stored, {})
        total += len(codes)
    return total


def draw_queries(count: int) -> Aggregated:
    """Queries of 4,400 words each, of the frequencies of the images."""
    random = np.random.default_rng(0)
    table = word_table(random)
    words = []
    for query in range(count):
        drawn = table[np.random.default_rng(query + 1).integers(0, len(table), DRAWS_PER_QUERY)]
        different, places = np.unique(drawn, return_index=True)
        words.append(np.sort(different[np.argsort(places)][:QUERY_WORDS]))
    codes = random.integers(0, 2**32, (sum(map(len, words)), WIDTH), dtype=np.uint32)
    return Aggregated(codes, np.concatenate(words), np.repeat(np.arange(count), [len(own) for own in words]))


def build(folder: Path, memory: int) -> tuple[float, int]:
    """Build folder/index from folder/chunks; returns seconds and the peak of resident memory in bytes."""
    start = time.perf_counter()
    parts = AggregatedFiles(sorted((folder / "chunks").iterdir()))
    InvertedFile.build_on_disk(parts, parts.n_words, folder / "index", n_images=parts.n_images, memory=memory)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def build_rows(folder: Path, images: int, postings: int) -> list[Row]:
    """Build twice: with the default memory, and with the share of it that a million images would leave."""
    rows = []
    share = max(2 * GIB * images // MILLION, GIB // 10)
    for memory in (2 * GIB, share):
        shutil.rmtree(folder / "index", ignore_errors=True)
        seconds, peak = alone(build, folder, memory)
        stage = f"build {images:,} images, {postings / 1e6:.1f} M postings, in {memory / GIB:.2f} GiB"
        rows += [
            Row(stage, "us/posting", seconds / postings * 1e6),
            Row("    its peak memory", "GiB", peak / GIB, target=2.5),
        ]
    size = sum(path.stat().st_size for path in (folder / "index").iterdir())
    scale = MILLION / images
    return [
        *rows,
        Row("    a million images, from the build before", "s", seconds * scale),
        Row("    size of the index on disk and memory-mapped", "bytes/posting", size / postings),
        Row("    of a million images", "GB", size * scale / 1e9),
    ]


def search_rows(folder: Path, count: int, threads: int) -> list[Row]:
    """Search the index of ``folder``, one query at a time and all at once, after one turn to warm up."""
    index, queries = InvertedFile.open(folder), draw_queries(count)
    single = [queries.image_ids == query for query in range(count)]
    single = [Aggregated(queries.vectors[own], queries.words[own], queries.image_ids[own]) for own in single]
    n_postings = int(np.diff(index.offsets)[queries.words].sum()) / count
    # A query of one word in an index of a million images: what it costs to have scores of so many.
    wide = dataclasses.replace(index, norms=np.resize(index.norms, MILLION))
    nothing = Aggregated(queries.vectors[:1], queries.words[:1], queries.image_ids[:1])
    memory = Memory(threads)
    # Each query takes turns with all others, so that none finds its postings in a cache.
    each = {str(i): lambda one=one: index.search(one, topk=TOPK, threads=threads) for i, one in enumerate(single)}
    times = best_of(
        5,
        {
            "memory": memory.read,
            "batch": lambda: index.search(queries, topk=TOPK, threads=threads),
            "wide": lambda: wide.search(nothing, topk=TOPK, threads=threads),
            **each,
        },
    )
    one, slowest = 1e3 * np.mean([times[name] for name in each]), 1e3 * max(times[name] for name in each)
    batch, limit = 1e3 * times["batch"] / count, 1e3 * 20 * n_postings * times["memory"] / memory.nbytes
    # Lists are scanned for 131,072 images at a time, so that as many postings take as long among more images.
    million = MILLION / index.n_images * one + 1e3 * times["wide"]
    stage = f"search {index.n_images:,} images, {n_postings / 1e6:.2f} M postings per query"
    return [
        Row(f"{stage}, one query", "ms/query", one, target=60, limit=limit),
        Row("    the slowest of them", "ms/query", slowest, target=60, limit=limit),
        Row("    the index is larger than the cache", "x streaming", one / limit, target=3),
        Row(f"{stage}, {count} queries", "ms/query", batch, target=60, limit=limit),
        Row("    the index is larger than the cache", "x streaming", batch / limit, target=3),
        Row("    a million images, one query", "ms/query", million, limit=MILLION / index.n_images * limit),
    ]


if __name__ == "__main__":
    main()

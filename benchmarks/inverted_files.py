"""Cost of a query in inverted files of 5,000 images with 2,500 features each: bags of words and Hamming embedding.

Words are drawn with very different frequencies, a million of them for bags of words and 65,536 for signatures of 128
bits, of which a query has 3,000: 1,000 features with three words each. One thread. The target is for bags of words.

    python benchmarks/inverted_files.py [--images 5000] [--repeats 3] [--json]
"""

import argparse

import numpy as np
from table import Row, best_of, print_rows

from reprise.bow import BagOfWords
from reprise.hamming import HammingIndex, Signatures, search_expanded
from reprise.hamming.settings import Expansion

FEATURES, QUERIES, QUERY_FEATURES, ASSIGNMENTS, TARGET = 2500, 20, 1000, 3, 20.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    arguments = parser.parse_args()
    rows = [bags_of_words(arguments), *signatures(arguments)]
    print_rows(rows, as_json=arguments.json)


def draw(random: np.random.Generator, count: int, n_words: int, flat: float) -> np.ndarray:
    """Words, the first of which are the most frequent."""
    frequencies = 1 / (np.arange(n_words) + flat) ** 0.85
    return random.choice(n_words, count, p=frequencies / frequencies.sum())


def bags_of_words(arguments: argparse.Namespace) -> Row:
    """The search of a million words."""
    random = np.random.default_rng(0)
    words = draw(random, arguments.images * FEATURES, 1_000_000, 2000)
    index = BagOfWords.build(words, np.repeat(np.arange(arguments.images), FEATURES), 1_000_000)
    asked = draw(random, QUERIES * QUERY_FEATURES, 1_000_000, 2000)
    ids = np.repeat(np.arange(QUERIES), QUERY_FEATURES)
    times = best_of(arguments.repeats, {"search": lambda: index.search(index.vectors(asked, ids), threads=1)})
    return Row("search bags of words", "ms/query", 1e3 * times["search"] / QUERIES, target=TARGET)


def signatures(arguments: argparse.Namespace) -> list[Row]:
    """The search with Hamming embedding, and with its query expansion."""
    random = np.random.default_rng(0)
    ids = np.repeat(np.arange(arguments.images), FEATURES)
    codes = random.integers(0, 2**63, (len(ids), 2), dtype=np.uint64)
    index = HammingIndex.build(Signatures(draw(random, len(ids), 65536, 200), codes, ids), 65536)
    count = QUERY_FEATURES * ASSIGNMENTS
    queries = Signatures(
        draw(random, QUERIES * count, 65536, 200), random.integers(0, 2**63, (QUERIES * count, 2), dtype=np.uint64),
        np.repeat(np.arange(QUERIES), count),
    )  # fmt: skip
    # Random signatures have no strong matches: with these limits, 100 images are reliable all the same.
    expansion = Expansion(least=1, strict=44)
    times = best_of(
        arguments.repeats,
        {
            "search": lambda: index.search(queries, threads=1),
            "expand": lambda: search_expanded(index, queries, expansion=expansion, threads=1),
        },
    )
    return [
        Row("search with Hamming embedding", "ms/query", 1e3 * times["search"] / QUERIES),
        Row("the same with query expansion (HQE)", "ms/query", 1e3 * times["expand"] / QUERIES),
    ]


if __name__ == "__main__":
    main()

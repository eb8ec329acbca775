"""Cost of AMES per pair of a query and a database image, on the CPU, by the numbers of descriptors of both.

Compares the scoring of stored tokens (``reprise.reranking.scoring.score``) with the network as published: one dense
attention over all tokens with masks, projections of both sides for every pair (tests/reference/ames.py). The two take
turns, and the fastest run of each counts, so that other load on the machine falls on both. The limit is the time that
the multiplications of the first take at the rate of a large matrix product, measured in between.

    python benchmarks/ames.py [--repeats 3] [--threads 2] [--json]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from networks import MatrixProduct, read_options
from table import Row, best_of, print_rows

from reprise.formats.tokens import TokenFile, token_writer
from reprise.networks.ames import AMES
from reprise.reranking.scoring import Engine, score

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from reference.ames import plain_logits

QUERIES = 4
# Descriptors of the query and of the image, images, pairs that the reference takes at once, and the target.
SIZES = [(100, 100, 24, 16, 9.0), (600, 600, 4, 1, 110.0), (600, 50, 8, 2, None)]
# The published local features: 700 descriptors of 768 float16 with 5 float32 each.
RECORD_BYTES = 700 * (768 * 2 + 5 * 4)


def main() -> None:
    options = read_options(__doc__)
    network = AMES()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        for size in SIZES:
            rows += compare(network, Path(folder), *size, repeats=options.repeats, threads=options.threads)
    print_rows(rows, as_json=options.json)


def compare(
    network: AMES, folder: Path, left: int, right: int, images: int, batch: int, target: float | None, *,
    repeats: int, threads: int,
) -> list[Row]:  # fmt: skip
    """The rows of one size, after a check that the logits of both are the same."""
    src, tgt = torch.randn(QUERIES, left, 768), torch.randn(images, right, 768)
    queries = write(folder / f"q{left}-{right}.h5", network.project_query(src).numpy())
    database = write(folder / f"d{left}-{right}.h5", network.project_database(tgt).numpy().astype(np.float16))
    query, image = (pairs.ravel() for pairs in np.indices((QUERIES, images)))
    engine = Engine(threads=threads)
    few = slice(batch)

    def ours() -> np.ndarray:
        return score(network, queries, database, query, image, engine=engine)

    def plain() -> np.ndarray:
        return plain_logits(network, src[query[few]], None, tgt[image[few]], None)[0].numpy()

    difference = np.abs(ours()[few] - plain()).max()
    if difference > 1e-4:
        raise SystemExit(f"the logits differ by {difference}")
    product = MatrixProduct()
    times = best_of(repeats, {"ours": ours, "plain": plain, "matrix": product.run})
    limit = product.seconds_for(multiplications(left, right), times["matrix"])
    pairs = len(query)
    name = f"AMES, {left} x {right} descriptors"
    seconds = times["ours"] / pairs, times["plain"] / batch
    read = images * right * 128 * 2 / pairs
    return [
        Row(name, "ms/pair", 1e3 * seconds[0], 1e3 * seconds[1], target, 1e3 * limit),
        Row(f"{name}, read of {images} images by {QUERIES} queries", "kB/pair", read / 1e3, RECORD_BYTES / 1e3),
    ]


def multiplications(left: int, right: int) -> int:
    """Those of a pair that nothing can spare: the first layer is known of each image, the last has one token."""
    tokens = left + right + 1
    project, add, feed_forward = tokens * 128 * 384, tokens * 128 * 128, 2 * tokens * 128 * 1024
    own = left * (left + 1) + right * (right + 1) + tokens
    other = left * (right + 1) + right * (left + 1) + tokens
    weigh = 2 * 128  # of every weight: with the keys, and with the values
    return 4 * (project + weigh * own + add) + 3 * project + 4 * (weigh * other + add + feed_forward)


def write(path: Path, tokens: np.ndarray) -> TokenFile:
    """A file of tokens, all of them valid."""
    with token_writer(path, *tokens.shape[:2], str(tokens.dtype), names=None, attributes={}) as writer:
        writer.append(tokens, np.full(len(tokens), tokens.shape[1]))
    return TokenFile(path)


if __name__ == "__main__":
    main()

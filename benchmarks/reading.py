"""Cost of reading local features: the time of ``project_tokens`` and ``aggregate_chunk``, and the bytes they read.

The files are dropped from the page cache before each run, so that what the disk delivers (``read_bytes`` of
/proc/self/io, memory-mapped pages and read-ahead included) is what the stage asked for. The share compares it with the
bytes of the descriptors that the stage needs; 1 means that everything is read once.

    python benchmarks/reading.py [--folder DIR] [--repeats 3] [--threads 2] [--json]

``--folder`` keeps the files, 1 GB, for the next run, so that two versions of the library can be compared.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from table import Row, print_rows

from reprise.asmk import Codebook
from reprise.asmk.stages.aggregation import aggregate_chunk
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.networks.ames import AMES
from reprise.networks.ames_checkpoint import write_checkpoint
from reprise.reranking.projecting import project_tokens

# Images, features per image, dimensions: dense ones as published, ragged ones as those of HOW.
DENSE, RAGGED = (400, 700, 768), (1000, 1000, 128)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        prepare(folder)
        print_rows(measure(folder, Path(temporary), options.repeats), as_json=options.json)


def prepare(folder: Path) -> None:
    """Write what is not there yet: features of random numbers, a codebook and networks."""
    random = np.random.default_rng(0)
    for name, (images, count, dim) in (("dense", DENSE), ("ragged", RAGGED)):
        if (folder / f"{name}.h5").exists():
            continue
        names = [str(image) for image in range(images)]
        options = {"layout": "dense", "names": names, "num_features": count} if name == "dense" else {}
        with feature_writer(folder / f"{name}.h5", dim, {"recipe": "{}"}, **options) as writer:
            for image in names:
                numbers = random.standard_normal((count, dim), np.float32)
                scores = -np.sort(-random.random(count, np.float32))
                writer.append(image, LocalFeatures(numbers, scores, numbers[:, :2], numbers[:, 2]))
    words = random.standard_normal((256, RAGGED[2]), np.float32)
    Codebook(words).save(folder / "codebook.h5", {"recipe": "{}"})
    for dim in (DENSE[2], RAGGED[2]):
        write_checkpoint(folder / f"ames{dim}.pt", {"state": AMES(dim).state_dict()})


def measure(folder: Path, temporary: Path, repeats: int) -> list[Row]:
    """The rows of all stages."""
    rows: list[Row] = []
    for name, file, bytes_of, dim, count in (
        ("project_tokens, dense float16, 700 of 700", "dense.h5", DENSE, 768, 700),
        ("project_tokens, dense float16, 50 of 700", "dense.h5", DENSE, 768, 50),
        ("project_tokens, ragged, 1,000 of 1,000", "ragged.h5", RAGGED, 128, 1000),
    ):
        itemsize = 2 if file == "dense.h5" else 4
        needed = bytes_of[0] * count * dim * itemsize

        def project(file: str = file, dim: int = dim, count: int = count) -> None:
            checkpoint = folder / f"ames{dim}.pt"
            output = temporary / "tokens.h5"
            project_tokens(folder / file, checkpoint, output, role="database", num_descriptors=count)

        rows += best(name, folder / file, project, needed, repeats)

    def aggregate() -> None:
        aggregate_chunk(
            folder / "ragged.h5", folder / "codebook.h5", temporary / "aggregated.h5", num_features=1000,
            database_assignments=1, binary=True, attributes={},
        )  # fmt: skip

    needed = RAGGED[0] * RAGGED[1] * RAGGED[2] * 4
    return rows + best("aggregate_chunk, ragged, 256 words", folder / "ragged.h5", aggregate, needed, repeats)


def best(name: str, file: Path, stage: Callable[[], None], needed: int, repeats: int) -> list[Row]:
    """The shortest time of a stage, and its bytes in times of those that it needs."""
    seconds, read = [], []
    for _ in range(repeats + 1):
        drop(file)
        before, start = delivered(), time.perf_counter()
        stage()
        seconds.append(time.perf_counter() - start)
        read.append(delivered() - before)
    return [
        Row(name, "s", min(seconds[1:])),
        Row(f"{name}: read from disk / needed", "1", min(read[1:]) / needed, target=1.1, limit=1.0),
    ]


def drop(file: Path) -> None:
    """Take a file out of the page cache."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def delivered() -> int:
    """The bytes that the disk delivered to this process so far."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("read_bytes")))


if __name__ == "__main__":
    main()

"""Folders of inverted files that are damaged in every way, and everything that reads them; a process of its own.

    python tests/hostile/damaged_indexes.py TRIES [SEED]

Prints the number of each outcome as JSON. An exception that is no DataError, or one without the name of the file, ends
it with that traceback; a crash of the compiled functions ends it with a signal.
"""

import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from reprise.asmk import ASMK, Aggregated, Codebook, InvertedFile
from reprise.storage.errors import DataError

IMAGES, WORDS = 60, 40


def draw_engine(random: np.random.Generator, *, binary: bool, idf: bool) -> ASMK:
    """A small engine with an index."""
    descriptors = random.standard_normal((IMAGES * 12, 33)).astype(np.float32)
    codebook = Codebook(random.standard_normal((WORDS, 33)))
    return ASMK(codebook, binary=binary, idf=idf).index(descriptors, np.repeat(np.arange(IMAGES), 12))


def damage(folder: Path, random: np.random.Generator) -> None:
    """Change one file of ``folder``, or exchange two."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".npy", ".json"))
    path = files[random.integers(len(files))]
    content = bytearray(path.read_bytes())
    if not content:
        return
    kind = random.choice(["bits", "bytes", "numbers", "header", "cut", "longer", "exchange", "gone", "text"])
    if kind == "bits":
        for place in random.integers(0, len(content), random.integers(1, 9)):
            content[place] ^= 1 << int(random.integers(8))
    elif kind == "bytes":
        place = int(random.integers(len(content)))
        content[place : place + 8] = random.bytes(8)
    elif kind == "numbers" and path.suffix == ".npy":
        try:
            array = np.load(path)
        except Exception:  # damaged before
            return
        flat = array.reshape(-1).view(f"i{array.itemsize}")
        if len(flat):
            limits = np.iinfo(flat.dtype)
            choices = [0, 1, -1, limits.max, limits.min, IMAGES, IMAGES + 1, len(flat), limits.max - 1, -2]
            for place in random.integers(0, len(flat), random.integers(1, 6)):
                flat[place] = random.choice(np.array(choices, flat.dtype))
        np.save(path, array)
        return
    elif kind == "header" and len(content) > 10:
        content[int(random.integers(min(128, len(content))))] = int(random.integers(256))
    elif kind == "cut":
        del content[int(random.integers(len(content) + 1)) :]
    elif kind == "longer":
        content += random.bytes(int(random.integers(1, 64)))
    elif kind == "exchange":
        content = bytearray(files[random.integers(len(files))].read_bytes())
    elif kind == "gone":
        path.unlink()
        return
    elif kind == "text" and path.suffix == ".json":
        values = [b"0", b"-1", b"1e9", b"99999999999999999999", b"null", b'"x"', b"[]", b"true", b"NaN", b"{}"]
        lines = bytes(content).split(b"\n")
        row = int(random.integers(len(lines)))
        lines[row] = lines[row].partition(b":")[0] + b": " + values[random.integers(len(values))] + b","
        content = bytearray(b"\n".join(lines))
    path.write_bytes(content)


def use(folder: Path, queries: Aggregated, random: np.random.Generator) -> None:
    """Everything that a program may do with the folder of an engine."""
    if random.random() < 0.3:
        ASMK.open(folder, check=bool(random.integers(2))).search(np.ones((3, 33), np.float32), np.zeros(3, int))
        return
    index = InvertedFile.open(folder / "index", check=random.random() < 0.2)
    index.search(queries, topk=int(random.integers(1, 9)), threads=int(random.integers(1, 3)))
    index.scores(queries, undefined="nan")
    more = Aggregated(queries.vectors, queries.words, queries.image_ids + index.n_images)
    index.extend(more).search(queries, topk=3)
    if random.random() < 0.1:
        index.save(folder / "copy")


def main(tries: int, seed: int = 0) -> dict[str, int]:
    """Damage and use ``tries`` copies; returns how often each outcome came."""
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        kinds = [(binary, idf) for binary in (True, False) for idf in (True, False)]
        engines = [draw_engine(np.random.default_rng(seed), binary=binary, idf=idf) for binary, idf in kinds]
        saved = [Path(temporary) / str(number) for number in range(len(engines))]
        for engine, folder in zip(engines, saved, strict=True):
            engine.save(folder)
        queries = [
            engine._aggregate(np.random.default_rng(1).standard_normal((30, 33)), np.repeat(np.arange(3), 10), 3)
            for engine in engines
        ]
        for number in range(tries):
            random = np.random.default_rng([seed, number])
            which, folder = int(random.integers(len(engines))), Path(temporary) / "damaged"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(saved[which], folder)
            for _ in range(int(random.integers(1, 3))):
                damage(folder, random)
            try:
                use(folder, queries[which], random)
                outcomes["used"] += 1
            except DataError as error:
                # Queries of other words or vectors than those of a folder that is whole in itself.
                if str(folder) not in str(error) and not str(error).startswith(("queries:", "aggregated:")):
                    raise AssertionError(f"try {number}: the error does not name the file: {error}") from error
                outcomes["DataError"] += 1
            except Exception as error:
                raise AssertionError(f"try {number}: {type(error).__name__}") from error
    return dict(outcomes)


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:]))))

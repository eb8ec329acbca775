"""Logits of many pairs from files of tokens, in bounded memory and in the order of the database file."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from reprise.formats.tokens import TokenFile
from reprise.networks.ames import AMES
from reprise.reranking.matcher import Matcher, Prepared, equal_groups
from reprise.storage.errors import DataError

PRECISIONS = ("float32", "tf32", "bfloat16")
# Tokens that are worked on at once: on a processor, by each thread, what its caches hold.
_CPU_ROWS = 2500
# What one token costs while it is worked on: projections, attention, and its share of the weights of all columns.
_BYTES_PER_ROW = 16384


@dataclass(frozen=True)
class Engine:
    """How pairs are scored; none of it changes which pairs, and only ``precision`` changes logits beyond rounding.

    Attributes:
        device: "cpu", "cuda", ...
        precision: float32, or on a GPU tf32 or bfloat16
        threads: of a processor, each with pairs of its own; None takes as many as torch would use
        memory_mib: bounds what is held of images on ``device``, and on a GPU of the pairs that are worked on; on a
            processor, each thread takes 40 MiB more
    """

    device: str = "cpu"
    precision: str = "float32"
    threads: int | None = None
    memory_mib: int = 2048

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise DataError(f"precision: is {self.precision!r}, expected one of {', '.join(PRECISIONS)}")
        if self.precision != "float32" and torch.device(self.device).type == "cpu":
            raise DataError(f"precision: {self.precision} is for GPUs; use float32 on the device {self.device}")
        if self.memory_mib < 1 or (self.threads is not None and self.threads < 1):
            raise DataError("memory_mib, threads: expected at least 1")

    def matcher(self, network: AMES) -> Matcher:
        """The network on the device."""
        dtype = torch.bfloat16 if self.precision == "bfloat16" else torch.float32
        on_cpu = torch.device(self.device).type == "cpu"
        rows = _CPU_ROWS if on_cpu else self.memory_mib * 2**20 // 4 // _BYTES_PER_ROW
        return Matcher(network, self.device, dtype=dtype, rows=rows)


def score(
    network: AMES,
    queries: TokenFile,
    database: TokenFile,
    query_ids: np.ndarray,
    image_ids: np.ndarray,
    *,
    query_descriptors: int | None = None,
    database_descriptors: int | None = None,
    engine: Engine | None = None,
) -> np.ndarray:
    """The logits of the pairs (query_ids[i], image_ids[i]).

    The database is read once, in its order, in blocks that the memory holds. Blocks of queries are held as long as
    they are needed; all of them at once if they take no more than a quarter of the memory.

    Args:
        network: of which both files hold tokens
        queries: tokens of the queries
        database: tokens of the database
        query_ids: (n,) int
        image_ids: (n,) int
        query_descriptors: the strongest of each query that are used; None uses all
        database_descriptors: the strongest of each database image that are used; None uses all
        engine: where and how they are computed

    Returns:
        (n,) float32

    Raises:
        DataError: images outside of the files, a query without descriptors, more descriptors than are stored
    """
    engine = engine or Engine()
    left, right = queries.check_count(query_descriptors), database.check_count(database_descriptors)
    _check(queries, query_ids, "query")
    _check(database, image_ids, "image")
    empty = query_ids[queries.counts[query_ids] == 0]
    if len(empty):
        raise DataError(f"{queries.path}: query {empty[0]} has no descriptors; check its image and its box")
    matcher = engine.matcher(network)
    per_token = Prepared.bytes_per_token(matcher.dtype)
    # Half of the memory for images of the database, a quarter for queries, and on a GPU a quarter for pairs.
    images = _blocks(image_ids, engine.memory_mib * 2**20 // 2 // (right * per_token))
    groups = _blocks(query_ids, engine.memory_mib * 2**20 // 4 // (left * per_token))
    logits = np.empty(len(query_ids), np.float32)
    image_block, query_block = _block_of(image_ids, images), _block_of(query_ids, groups)
    held: tuple[int, Prepared] | None = None
    with (
        _Workers(engine) as workers,
        tqdm(total=len(query_ids), desc="score", unit="pair", mininterval=1.0) as bar,
    ):
        for number, block in enumerate(images):
            prepared = workers.prepare(matcher, *database.read(block, right))
            inside = np.flatnonzero(image_block == number)
            needed = np.unique(query_block[inside])
            # Up and down in turns, so that the queries of the last block serve again.
            for group in needed if number % 2 == 0 else needed[::-1]:
                if held is None or held[0] != group:
                    held = int(group), workers.prepare(matcher, *queries.read(groups[group], left))
                pairs = inside[query_block[inside] == group]
                chosen = (
                    np.searchsorted(groups[group], query_ids[pairs]),
                    np.searchsorted(block, image_ids[pairs]),
                )
                for part, values in workers.match(matcher, held[1], chosen[0], prepared, chosen[1]):
                    logits[pairs[part]] = values
                    bar.update(len(part))
    if not np.isfinite(logits).all():
        pair = int(np.argmin(np.isfinite(logits)))
        raise DataError(
            f"{database.path}: the logit of query {query_ids[pair]} and image {image_ids[pair]} is not finite; the "
            "tokens or the network are damaged, project again"
        )
    return logits


class _Workers:
    """Threads that score batches of pairs side by side, each with one thread of torch.

    That is faster than many threads on one batch: the steps are short, and nobody waits for anybody after each.
    """

    def __init__(self, engine: Engine) -> None:
        on_cpu = torch.device(engine.device).type == "cpu"
        self._threads = (engine.threads or torch.get_num_threads()) if on_cpu else 1
        self._precision = _tf32() if engine.precision == "tf32" else nullcontext()

    def __enter__(self) -> "_Workers":
        self._before = torch.get_num_threads()
        torch.set_num_threads(1)
        self._precision.__enter__()
        self._pool = ThreadPoolExecutor(self._threads)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._precision.__exit__(None, None, None)
        torch.set_num_threads(self._before)

    def prepare(self, matcher: Matcher, tokens: np.ndarray, counts: np.ndarray) -> Prepared:
        """The first layer of a block of images."""
        return matcher.prepare(tokens, counts, run=self._pool.map)

    def match(
        self, matcher: Matcher, queries: Prepared, query: np.ndarray, database: Prepared, image: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions of pairs and their logits, in batches of equal numbers of tokens."""
        left, right = queries.counts[query], database.counts[image]
        order = np.lexsort((query, right, left))
        kinds = left[order] * (int(right.max(initial=0)) + 1) + right[order]
        batches = [order[part] for part in equal_groups(kinds, (left + right)[order] + 1, matcher.rows)]
        futures = [
            self._pool.submit(_logits, matcher, queries, query[batch], database, image[batch]) for batch in batches
        ]
        for batch, future in zip(batches, futures, strict=True):
            yield batch, future.result()


def _logits(
    matcher: Matcher, queries: Prepared, query: np.ndarray, database: Prepared, image: np.ndarray
) -> np.ndarray:
    return matcher.match(queries, query, database, image).cpu().numpy()


@contextmanager
def _tf32() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _blocks(ids: np.ndarray, size: int) -> list[np.ndarray]:
    """The different ``ids``, ascending, in blocks of ``size``, at least 1."""
    unique = np.unique(ids)
    return [unique[start : start + max(1, size)] for start in range(0, len(unique), max(1, size))]


def _block_of(ids: np.ndarray, blocks: list[np.ndarray]) -> np.ndarray:
    """The number of the block that each id is in."""
    return np.searchsorted([block[-1] for block in blocks], ids)


def _check(file: TokenFile, ids: np.ndarray, kind: str) -> None:
    if len(ids) and (ids.min() < 0 or ids.max() >= file.num_images):
        outside = ids.min() if ids.min() < 0 else ids.max()
        raise DataError(
            f"{file.path}: has tokens of {file.num_images} images, {kind} {outside} was asked for; the neighbours "
            "and the tokens have to come from the same list of images"
        )

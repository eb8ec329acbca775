"""The rows that every benchmark here prints, one per stage."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """What one stage costs; all numbers in ``unit``.

    reference  what the published implementation takes for the same on this machine, None where it was not measured
    target     what the stage may take, None where nothing is asked for
    limit      what the machine needs at least: to read the bytes, to multiply the matrices
    """

    stage: str
    unit: str
    ours: float
    reference: float | None = None
    target: float | None = None
    limit: float | None = None


def print_rows(rows: list[Row], *, as_json: bool = False) -> None:
    """Print a table, or one line of JSON for benchmarks/run.py."""
    if as_json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    width = max(len(row.stage) for row in rows)
    head = f"{'stage':{width}}  {'unit':14}{'ours':>10}{'reference':>11}{'ratio':>8}{'target':>10}{'':6}"
    print(f"{head}{'limit':>10}{'of limit':>10}")
    for row in rows:
        ratio = "" if row.reference is None else f"{row.reference / row.ours:.3g}x"
        met = "" if row.target is None else ("met" if row.ours <= row.target else "missed")
        share = "" if row.limit is None else f"{row.limit / row.ours:.0%}"
        print(
            f"{row.stage:{width}}  {row.unit:14}{_number(row.ours):>10}{_number(row.reference):>11}{ratio:>8}"
            f"{_number(row.target):>10} {met:7}{_number(row.limit):>8}{share:>10}"
        )


def best_of(
    repeats: int, functions: dict[str, Callable[[], object]], clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """The shortest time in seconds of each function; they take turns, after one turn to warm up.

    In turns, so that other load on the machine falls on all of them. Of functions that run in one thread, the clock may
    be ``time.process_time``, which that load disturbs less.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats + 1):
        for name, function in functions.items():
            start = clock()
            function()
            times[name].append(clock() - start)
    return {name: min(past[1:]) for name, past in times.items()}


class Memory:
    """A quarter of a gigabyte to read, by as many threads as the stages have, to see how fast that goes."""

    def __init__(self, threads: int):
        self._blocks = np.array_split(np.ones(1 << 25), threads)
        self._pool = ThreadPoolExecutor(threads)
        self.nbytes = sum(block.nbytes for block in self._blocks)

    def read(self) -> None:
        """Look at every number once."""
        list(self._pool.map(np.max, self._blocks))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"

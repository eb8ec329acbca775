"""Descriptors in the form that faiss takes, block by block, and the number of threads that it may use."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np

from reprise.storage.errors import DataError

#: Descriptors converted at a time where a copy cannot be avoided; a multiple of the 4096 rows that faiss works on.
BLOCK = 1 << 17
FAISS_BLOCK = 4096


def as_descriptors(descriptors: np.ndarray, dim: int | None, *, first_row: int = 0) -> np.ndarray:
    """Check descriptors and convert them to contiguous float32; they are not copied if they are that already.

    Args:
        descriptors: (n, D) numbers
        dim: the D that is expected, None for any
        first_row: the number of the first row in the caller's array, for the message

    Returns:
        (n, D) float32, finite and contiguous

    Raises:
        DataError: no numbers of this shape, NaN or infinite values
    """
    array = np.asarray(descriptors)
    if array.ndim != 2 or array.dtype.kind not in "fiu" or (dim is not None and array.shape[1] != dim):
        raise DataError(
            f"descriptors: expected numbers of shape (n, {'D' if dim is None else dim}), "
            f"got {array.dtype} {array.shape}; extract them as the codebook's were"
        )
    if array.dtype != np.float32:
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused below
            array = array.astype(np.float32)
    array = np.ascontiguousarray(array)
    row = _first_nonfinite_row(array)
    if row >= 0:
        raise DataError(f"descriptors: row {first_row + row} holds NaN or infinite values; extract or drop it")
    return array


def _first_nonfinite_row(array: np.ndarray) -> int:
    """Find the first row that holds NaN or infinity; -1 if none does."""
    for start in range(0, len(array), FAISS_BLOCK):
        block = array[start : start + FAISS_BLOCK]
        flat = block.reshape(-1)
        # One pass over the memory without a copy: a sum of squares is finite only where all of its terms are.
        if math.isfinite(np.vdot(flat, flat)):
            continue
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            return start + int(finite.argmin())
    return -1


def blocks(n: int) -> Iterator[tuple[int, int]]:
    """Iterate over the blocks in which ``n`` descriptors are assigned, as first row and row after the last."""
    starts = list(range(0, max(n, 1), BLOCK))
    # faiss compares few rows by another formula, which may resolve near-ties differently.
    if len(starts) > 1 and n - starts[-1] < FAISS_BLOCK:
        starts.pop()
    return zip(starts, [*starts[1:], n], strict=True)


@contextmanager
def faiss_threads(threads: int | None) -> Iterator[None]:
    """Set the number of threads of faiss; None: as many as OpenMP starts (OMP_NUM_THREADS, else all cores)."""
    if threads is not None and threads < 1:
        raise DataError(f"threads: expected at least 1, got {threads}")
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(before if threads is None else int(threads))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)

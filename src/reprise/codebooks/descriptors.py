"""Descriptors in the form that faiss takes, block by block, and the number of threads that it may use."""

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np

from reprise.storage.arguments import array as as_array
from reprise.storage.errors import DataError
from reprise.storage.threads import thread_count

#: Descriptors converted at a time where a copy cannot be avoided; a multiple of the 4096 rows that faiss works on.
BLOCK = 1 << 17
FAISS_BLOCK = 4096

#: Squared L2 norm up to which the distance of any two vectors is a float32: (|a| + |b|)^2, with room for rounding.
LARGEST_SQUARE = float(np.finfo(np.float32).max) / 8


def as_descriptors(
    descriptors: np.ndarray, dim: int | None, *, first_row: int = 0, name: str = "descriptors", compared: bool = True
) -> np.ndarray:
    """Check descriptors and convert them to contiguous float32; they are not copied if they are that already.

    Args:
        descriptors: (n, D) numbers
        dim: the D that is expected, None for any
        first_row: the number of the first row in the caller's array, for the message
        name: the name of the argument, for the message
        compared: whether distances of them will be computed, so that their squares have to be numbers, too

    Returns:
        (n, D) float32, finite and contiguous

    Raises:
        DataError: no numbers of this shape, NaN or infinite values, or values too large for distances in float32
    """
    array = with_rows(descriptors, dim, name)
    if array.dtype != np.float32:
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused below
            array = array.astype(np.float32)
    array = np.ascontiguousarray(array)
    _check_values(array, first_row, name, compared)
    return array


def with_rows(descriptors: np.ndarray, dim: int | None, name: str = "descriptors") -> np.ndarray:
    """Return descriptors as an array without reading their values; arguments and errors as :func:`as_descriptors`."""
    try:
        array = as_array(name, descriptors)
    except DataError as error:
        if not isinstance(descriptors, list | tuple):
            raise
        raise DataError(
            f"{error}; concatenate the arrays of several images, and say by image_ids which row is of which"
        ) from error
    if array.ndim != 2 or array.dtype.kind not in "fiu" or array.shape[1] != (dim or array.shape[1] or -1):
        raise DataError(
            f"{name}: expected numbers of shape (n, {'D' if dim is None else dim}), "
            f"got {array.dtype} {array.shape}; extract them as the codebook's were"
        )
    return array


def _check_values(array: np.ndarray, first_row: int, name: str, compared: bool) -> None:
    """Check the values of float32 rows; DataError for the first row with NaN, infinity or, if compared, too much."""
    for start in range(0, len(array), FAISS_BLOCK):
        block = array[start : start + FAISS_BLOCK]
        flat = block.reshape(-1)
        # One pass over the memory without a copy: a sum of squares is small only where all of its terms are.
        if float(np.vdot(flat, flat)) <= LARGEST_SQUARE:
            continue
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            row = first_row + start + int(finite.argmin())
            raise DataError(f"{name}: row {row} holds NaN or infinite values; extract or drop it")
        squares = np.einsum("ij,ij->i", block, block, dtype=np.float64)
        if compared and squares.max() > LARGEST_SQUARE:
            raise DataError(
                f"{name}: row {first_row + start + int(squares.argmax())} has the L2 norm {squares.max() ** 0.5:.3g}, "
                "of which float32 holds no distances; scale the rows, or extract them with other weights"
            )


def blocks(n: int) -> Iterator[tuple[int, int]]:
    """Iterate over the blocks in which ``n`` descriptors are assigned, as first row and row after the last."""
    starts = list(range(0, max(n, 1), BLOCK))
    # faiss compares few rows by another formula, which may resolve near-ties differently.
    if len(starts) > 1 and n - starts[-1] < FAISS_BLOCK:
        starts.pop()
    return zip(starts, [*starts[1:], n], strict=True)


@contextmanager
def faiss_threads(threads: int | None) -> Iterator[None]:
    """Set the number of threads of faiss; None: as many as OpenMP starts (OMP_NUM_THREADS, else all cores).

    In a forked process it is one (:mod:`reprise.storage.threads`).
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(thread_count(threads, before))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)

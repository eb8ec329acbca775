"""Checks of the arrays that callers hand to ASMK."""

import numpy as np

from reprise.asmk import _kernels
from reprise.storage.errors import DataError


def as_descriptors(descriptors: np.ndarray, dim: int | None, threads: int, *, first_row: int = 0) -> np.ndarray:
    """``descriptors`` as finite, contiguous float32 (n, D); not copied if they are that already.

    Raises DataError for another number of dimensions than ``dim`` and for NaN or infinite values; ``first_row`` is
    the number of the first row in the caller's array.
    """
    array = np.asarray(descriptors)
    if array.ndim != 2 or array.dtype.kind not in "fiu" or (dim is not None and array.shape[1] != dim):
        raise DataError(
            f"descriptors: expected numbers of shape (n, {'D' if dim is None else dim}), "
            f"got {array.dtype} {array.shape}; extract them as the codebook's were"
        )
    array = np.ascontiguousarray(array, dtype=np.float32)
    row = _kernels.first_nonfinite_row(array, threads)
    if row >= 0:
        raise DataError(f"descriptors: row {first_row + row} holds NaN or infinite values; extract or drop it")
    return array


def as_integers(values: np.ndarray, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """``values`` as contiguous int64 of ``shape``, where None stands for any length."""
    array = np.asarray(values)
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits or (array.dtype.kind not in "iu" and array.size):  # an empty list has no dtype of its own
        wanted = tuple("any" if length is None else length for length in shape)
        raise DataError(f"{name}: expected integers of shape {wanted}, got {array.dtype} {array.shape}")
    return np.ascontiguousarray(array, dtype=np.int64)


def thread_count(threads: int | None) -> int:
    """``threads``, or for None as many as OpenMP starts (OMP_NUM_THREADS)."""
    if threads is None:
        return _kernels.max_threads()
    if threads < 1:
        raise DataError(f"threads: expected at least 1, got {threads}")
    return int(threads)

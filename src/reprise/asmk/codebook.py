"""Codebooks of visual words: k-means training and assignment through faiss."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import faiss
import numpy as np

from reprise.asmk.inputs import as_descriptors, thread_count
from reprise.storage import hdf5
from reprise.storage.errors import DataError

#: Descriptors converted at a time where a copy cannot be avoided; a multiple of the 4096 rows that faiss works on.
BLOCK = 1 << 17
FAISS_BLOCK = 4096


class Codebook:
    """Visual words.

    centroids  (K, D) float32, finite
    """

    def __init__(self, centroids: np.ndarray):
        centroids = as_descriptors(centroids, None, 1)
        if not centroids.size:
            raise DataError(f"centroids: expected at least one word, got shape {centroids.shape}")
        self.centroids = centroids
        self._indexes: dict[str, faiss.Index] = {}

    @property
    def size(self) -> int:
        """The number of words, K."""
        return self.centroids.shape[0]

    @property
    def dim(self) -> int:
        """The number of dimensions, D."""
        return self.centroids.shape[1]

    @classmethod
    def train(
        cls,
        descriptors: np.ndarray,
        size: int,
        *,
        iterations: int = 10,
        seed: int = 1234,
        device: str = "cpu",
        threads: int | None = None,
    ) -> "Codebook":
        """Cluster ``descriptors`` (n, D) into ``size`` words by k-means.

        These are the parameters of the published ASMK: 10 iterations of Lloyd's algorithm from randomly chosen
        descriptors, on at most 256 descriptors for each word (see :func:`sample_rows`). Contiguous float32 is not
        copied unless faiss samples it. ``device`` is "cpu", "cuda" or "cuda:1", which need a faiss built for GPUs, or
        "auto" for cuda where faiss can use it. Raises DataError for NaN or infinite descriptors and for fewer
        descriptors than words.
        """
        n_threads = thread_count(threads)
        descriptors = as_descriptors(descriptors, None, n_threads)
        if size < 1 or len(descriptors) < size:
            raise DataError(
                f"codebook size: {size} words from {len(descriptors)} descriptors; "
                "choose at least one word and at most as many as there are descriptors"
            )
        clustering = faiss.Clustering(descriptors.shape[1], size)
        clustering.niter = iterations
        clustering.seed = seed
        with _faiss_threads(n_threads):
            clustering.train(descriptors, _flat_index(descriptors.shape[1], device))
        return cls(faiss.vector_to_array(clustering.centroids).reshape(size, -1))

    def assign(
        self, descriptors: np.ndarray, nearest: int = 1, *, device: str = "cpu", threads: int | None = None
    ) -> np.ndarray:
        """The ``nearest`` words of each descriptor in L2 distance, nearest first: (n, nearest) int64.

        Contiguous float32 (n, D) descriptors are not copied, others block by block. Raises DataError for another D,
        for NaN or infinite values, and for more assignments than words.
        """
        if not 1 <= nearest <= self.size:
            raise DataError(f"assignments: {nearest} of {self.size} words; choose 1 to {self.size}")
        n_threads = thread_count(threads)
        index = self._index(device)
        words = np.empty((len(descriptors), nearest), np.int64)
        with _faiss_threads(n_threads):
            for start, stop in _blocks(len(descriptors)):
                block = as_descriptors(descriptors[start:stop], self.dim, n_threads, first_row=start)
                index.search(block, nearest, I=words[start:stop])
        return words

    def save(self, path: str | os.PathLike, attributes: Mapping[str, object] | None = None) -> None:
        """Write HDF5 with the dataset ``centroids`` and ``attributes`` (numbers and strings) beside it."""
        with hdf5.create(path, attributes or {}) as file:
            file["centroids"] = self.centroids

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Codebook":
        """Read what :meth:`save` wrote; DataError for any other file."""
        with hdf5.open_checked(path, {"centroids": 2}, "a codebook") as file:
            if file["centroids"].dtype != np.float32:
                raise DataError(f"{path}: 'centroids' are {file['centroids'].dtype}, expected float32; train it again")
            try:
                return cls(file["centroids"][:])
            except (DataError, OSError) as error:
                raise DataError(f"{path}: 'centroids' cannot be used: {error}; train the codebook again") from error

    def _index(self, device: str) -> faiss.Index:
        # Kept, so that the words are not copied again for every image.
        if device not in self._indexes:
            index = _flat_index(self.dim, device)
            index.add(self.centroids)
            self._indexes[device] = index
        return self._indexes[device]


def sample_rows(n: int, size: int, seed: int = 1234, per_centroid: int = 256) -> np.ndarray | None:
    """The rows, in order, of ``n`` descriptors that training a codebook of ``size`` words looks at: int64.

    None if it looks at all of them. Training on these rows alone gives the same codebook to the last bit, so that no
    other row has to be read from disk.
    """
    if n <= size * per_centroid:
        return None
    permutation = np.empty(n, np.int32)
    faiss.rand_perm(faiss.swig_ptr(permutation), n, seed)  # type: ignore[attr-defined]
    return permutation[: size * per_centroid].astype(np.int64)


def _flat_index(dim: int, device: str) -> faiss.Index:
    n_gpus = faiss.get_num_gpus() if hasattr(faiss, "GpuIndexFlatL2") else 0
    if device == "cpu" or (device == "auto" and not n_gpus):
        return faiss.IndexFlatL2(dim)
    match = re.fullmatch(r"auto|cuda(?::([0-9]+))?", device)
    if match is None:
        raise DataError(f"device: {device!r} is neither cpu nor auto nor cuda nor cuda:N")
    number = int(match[1] or 0)
    if number >= n_gpus:
        raise DataError(
            f"device: {device!r} asked for, but this faiss can use {n_gpus} GPUs; use cpu, or a faiss built for GPUs"
        )
    options = faiss.GpuIndexFlatConfig()
    options.device = number
    return faiss.GpuIndexFlatL2(faiss.StandardGpuResources(), dim, options)


def _blocks(n: int) -> Iterator[tuple[int, int]]:
    starts = list(range(0, max(n, 1), BLOCK))
    # faiss compares few rows by another formula, which may decide near-ties otherwise.
    if len(starts) > 1 and n - starts[-1] < FAISS_BLOCK:
        starts.pop()
    return zip(starts, [*starts[1:], n], strict=True)


@contextmanager
def _faiss_threads(threads: int) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)

"""Codebooks of visual words: training, assignment, and their files."""

import os
from collections.abc import Mapping
from typing import Literal, get_args

import h5py
import numpy as np

from reprise.codebooks.approximate import SMALLEST, ApproximateIndex
from reprise.codebooks.centring import centred, checked_mean, mean_of
from reprise.codebooks.descriptors import as_descriptors, blocks, faiss_threads, with_rows
from reprise.codebooks.exact import ExactIndex
from reprise.codebooks.kmeans import LARGEST_INT, train_approximate, train_exact
from reprise.storage import hdf5
from reprise.storage.arguments import count, flag, quoted
from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error

#: How the nearest words are found: by comparing all of them, or among candidates.
IndexName = Literal["exact", "approximate"]

#: The trained tables of an approximate index, which a file holds beside the centroids.
_TABLES = ("index_cells", "index_codes")


class Codebook:
    """Visual words, and the assignment of descriptors to them.

    With ``index="exact"`` all words are compared with every descriptor, as published. With ``index="approximate"``, for
    codebooks of hundreds of thousands of words, only those that a compressed index proposes: of clustered descriptors
    and a million words at least 95 in 100 get the same nearest word as by exact search (measured in
    benchmarks/README.md), about fifty times as fast. A codebook of fewer than 16,384 words is searched exactly whatever
    ``index`` says, since that is as fast then. The option is stored in the file together with the trained tables of the
    index, so that every program that loads the file assigns in the same way.

    The approximate index draws its samples with fixed seeds. Its assignment is the same from run to run, and does not
    depend on the number of descriptors that are assigned at once or on the number of threads, with one exception: the
    cells that a descriptor is compared with, and the cells that words are stored in, are found by a matrix product,
    whose last bit may differ with the number of rows and threads; this can exchange the last of 32 cells. For both
    indexes, training sums in an order that is fixed only for exactly one number of threads.

    A centred codebook has the words of descriptors around a mean (:func:`reprise.codebooks.centring.centred`), to which
    it moves all that it assigns.

    Args:
        centroids: (K, D) numbers, finite; copied as float32
        index: "exact" or "approximate"
        mean: (D,) numbers, which descriptors are centred by; None for descriptors as they are

    Attributes:
        centroids: (K, D) float32
        index: the name of the index
        mean: (D,) float32, or None

    Raises:
        DataError: no words, NaN or infinite values, or another index
    """

    def __init__(self, centroids: np.ndarray, *, index: IndexName = "exact", mean: np.ndarray | None = None):
        # A copy, so that what a caller does with its array afterwards changes no word.
        self.centroids = np.array(as_descriptors(centroids, None, name="centroids", compared=False))
        if not self.centroids.size:
            raise DataError(f"centroids: expected at least one word, got shape {self.centroids.shape}")
        self.index: IndexName = _checked_index(index)
        self.mean = None if mean is None else checked_mean(mean, self.dim)
        # Kept, so that the words are not copied again for every image.
        self._exact: dict[str, ExactIndex] = {}
        self._approximate: ApproximateIndex | None = None

    def __repr__(self) -> str:
        centred = "" if self.mean is None else ", centred"
        return f"Codebook({self.size} words of {self.dim} dimensions, {self.index}{centred})"

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
        index: IndexName = "exact",
        centre: bool = False,
    ) -> "Codebook":
        """Cluster descriptors into visual words by k-means.

        The defaults are the parameters of the published ASMK: 10 iterations of Lloyd's algorithm from randomly chosen
        descriptors, on at most 256 descriptors for each word (see :func:`sample_rows`).

        Args:
            descriptors: (n, D) numbers; contiguous float32 is not copied unless it is sampled
            size: number of visual words, at most n
            iterations: number of iterations of Lloyd's algorithm
            seed: seed of the sample and of the first centroids
            device: "cpu", "cuda" or "cuda:1", which need a faiss built for GPUs, or "auto" for cuda where faiss can
                use it; only for the exact index
            threads: number of threads; default: OMP_NUM_THREADS, else all cores
            index: the index that assigns the descriptors in each iteration, and that the codebook gets
            centre: descriptors are moved to around their mean, and normalised; so are all that are assigned later

        Returns:
            a codebook of ``size`` words

        Raises:
            DataError: NaN or infinite descriptors, those too large for distances in float32 (an L2 norm above 6.5e18),
                fewer descriptors than words, a device that cannot be used, numbers out of range
        """
        index = _checked_index(index)
        size = count("codebook size", size)
        iterations = count("iterations", iterations, minimum=0, maximum=LARGEST_INT)
        seed = count("seed", seed, minimum=-LARGEST_INT, maximum=LARGEST_INT - 1)
        descriptors = as_descriptors(descriptors, None)
        mean = mean_of(descriptors) if flag("centre", centre) and len(descriptors) else None
        descriptors = descriptors if mean is None else centred(descriptors, mean)
        if size < 1 or len(descriptors) < size:
            raise DataError(
                f"codebook size: {size} words from {len(descriptors)} descriptors; "
                "choose at least one word and at most as many as there are descriptors"
            )
        device = str(device)  # also one of torch
        with faiss_threads(threads):
            if _is_approximate(index, size):
                _check_device(device)
                centroids = train_approximate(descriptors, size, iterations=iterations, seed=seed)
            else:
                centroids = train_exact(descriptors, size, iterations=iterations, seed=seed, device=device)
        return cls(centroids, index=index, mean=mean)

    def prepared(self, descriptors: np.ndarray) -> np.ndarray:
        """Return what is assigned in place of descriptors: the same, or those of a centred codebook around its mean.

        Args:
            descriptors: (n, D) numbers

        Raises:
            DataError: another D, or NaN or infinite values, of a centred codebook
        """
        return descriptors if self.mean is None else centred(descriptors, self.mean)

    def assign(
        self, descriptors: np.ndarray, nearest: int = 1, *, device: str = "cpu", threads: int | None = None
    ) -> np.ndarray:
        """Assign each descriptor to its nearest words in L2 distance, by the index of this codebook.

        Args:
            descriptors: (n, D) numbers; contiguous float32 is not copied, others block by block
            nearest: number of words for each descriptor
            device: as in :meth:`train`
            threads: number of threads; default: OMP_NUM_THREADS, else all cores

        Returns:
            (n, nearest) int64, nearest first

        Raises:
            DataError: another D, NaN or infinite values, values too large for distances in float32, or ``nearest``
                larger than the number of words
        """
        nearest = count("assignments", nearest, minimum=0)
        if not 1 <= nearest <= self.size:
            raise DataError(f"assignments: {nearest} of {self.size} words; choose 1 to {self.size}")
        if not isinstance(descriptors, h5py.Dataset):  # which is read block by block
            descriptors = with_rows(descriptors, self.dim)
        words = np.empty((len(descriptors), nearest), np.int64)
        with faiss_threads(threads):
            index = self._search_index(device)
            for start, stop in blocks(len(descriptors)):
                block = as_descriptors(descriptors[start:stop], self.dim, first_row=start)
                index.search(self.prepared(block), words[start:stop])
        return words

    def save(self, path: str | os.PathLike, attributes: Mapping[str, object] | None = None) -> None:
        """Write the codebook as HDF5 (docs/formats.md).

        Args:
            path: the file; it appears when it is complete
            attributes: numbers and strings that are stored as attributes of the file
        """
        with hdf5.create(path, {**(attributes or {}), "index": self.index}) as file:
            hdf5.write_array(file, "centroids", self.centroids)
            if self.mean is not None:
                hdf5.write_array(file, "mean", self.mean)
            if _is_approximate(self.index, self.size):
                index = self._approximate_index()
                for key, table in zip(_TABLES, (index.cells, index.codes), strict=True):
                    hdf5.write_array(file, key, table)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Codebook":
        """Read a file that :meth:`save` wrote; a file that names no index has the exact one.

        Args:
            path: the file

        Returns:
            the codebook

        Raises:
            DataError: any other file
        """
        with hdf5.open_checked(path, {"centroids": 2}, "a codebook") as file:
            if file["centroids"].dtype != np.float32:
                raise DataError(f"{path}: 'centroids' are {file['centroids'].dtype}, expected float32; train it again")
            try:
                words = hdf5.read_array(file, "centroids", "f")
                mean = hdf5.read_array(file, "mean", "f") if "mean" in file else None
                codebook = cls(words, index=file.attrs.get("index", "exact"), mean=mean)
                if _is_approximate(codebook.index, codebook.size):
                    tables = [_read_table(file, key) for key in _TABLES]
                    codebook._approximate = ApproximateIndex(codebook.centroids, *tables)
            except (DataError, OSError) as error:
                raise system_error(path, error) or DataError(
                    f"{path}: 'centroids' cannot be used: {error}; train the codebook again"
                ) from error
        return codebook

    def _search_index(self, device: str) -> ExactIndex | ApproximateIndex:
        device = str(device)  # also one of torch
        if _is_approximate(self.index, self.size):
            _check_device(device)
            return self._approximate_index()
        if device not in self._exact:
            as_descriptors(self.centroids, self.dim, name="centroids")
            self._exact[device] = ExactIndex(self.centroids, device)
        return self._exact[device]

    def _approximate_index(self) -> ApproximateIndex:
        if self._approximate is None:
            as_descriptors(self.centroids, self.dim, name="centroids")
            self._approximate = ApproximateIndex.build(self.centroids)
        return self._approximate


def _is_approximate(index: IndexName, size: int) -> bool:
    return index == "approximate" and size >= SMALLEST


def _checked_index(index: object) -> IndexName:
    for name in get_args(IndexName):
        if isinstance(index, str) and index == name:
            return name
    raise DataError(f"index: {quoted(index)} is none of {', '.join(get_args(IndexName))}")


def _check_device(device: str) -> None:
    if device not in ("cpu", "auto"):
        raise DataError(f"device: {device!r} asked for, but the approximate index works on the CPU; use cpu or auto")


def _read_table(file: hdf5.CheckedFile, key: str) -> np.ndarray:
    table = hdf5.read_array(file, key, "f") if key in file else None
    if table is None or table.dtype != np.float32 or not np.isfinite(table).all():
        raise DataError(f"'{key}', which belongs to the approximate index, is missing or no table of float32")
    return table

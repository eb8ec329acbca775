"""Approximate index: candidates from an inverted file of compressed words, then compared exactly."""

import faiss
import numpy as np

from reprise.storage.errors import DataError

#: With fewer words than this the exact index is as fast, and is used instead.
SMALLEST = 1 << 14

#: Number of cells per square root of the number of words, and number of cells that are searched for a descriptor.
_CELLS_PER_ROOT = 2.0
_PROBED = 32

#: Number of candidates that are compared exactly: at least, and for each of the nearest words that are returned.
_CANDIDATES, _CANDIDATES_PER_WORD = 80, 32

#: Number of codes of 4 bits per word, and the smallest and largest number of dimensions per code.
_CODES, _FEWEST_DIMENSIONS, _MOST_DIMENSIONS = 32, 2, 8

#: Number of words per cell that cells and codes are trained on, iterations of that training, and seed of the sample.
_TRAINED_PER_CELL, _ITERATIONS, _SEED = 40, 8, 1234

#: Number of descriptors whose candidates are in memory at a time.
_ROWS = 1 << 13


class ApproximateIndex:
    """Index that finds the nearest words without comparing all of them.

    The words are stored in cells around ``cells`` (IVF), with 4 bits for every few dimensions (product quantisation,
    after Jegou, Douze, Schmid, TPAMI 2011, scanned in registers, after Andre, Kermarrec, Le Scouarnec, VLDB 2015). The
    nearest candidates by these codes are compared with the descriptor in float32, and of equal distances the lower word
    is taken. Distances are computed pair by pair, and candidates are drawn for each descriptor alone. It runs on the
    CPU. It is made by :meth:`build`, or from the two tables in the file of a codebook.

    Args:
        centroids: (K, D) float32, contiguous; not copied
        cells: (C, W) float32, centres of the cells; W is D, or D padded with zeros to whole codes
        codes: (M, 16, W / M) float32, the values that the 4 bits of each code stand for

    Raises:
        DataError: tables that do not fit ``centroids``
    """

    def __init__(self, centroids: np.ndarray, cells: np.ndarray, codes: np.ndarray):
        self._centroids = centroids
        self.cells, self.codes = cells, codes
        n_codes, width = _code_shape(centroids.shape[1])
        shapes = (len(cells), width), (n_codes, 16, width // n_codes)
        if not len(cells) or (cells.shape, codes.shape) != shapes:
            raise DataError(
                f"approximate index: tables of shapes {cells.shape} and {codes.shape} do not fit words of "
                f"{centroids.shape[1]} dimensions; train the codebook again"
            )
        self._quantizer = faiss.IndexFlatL2(width)
        self._quantizer.add(cells)
        self._index = faiss.IndexIVFPQFastScan(self._quantizer, width, len(cells), n_codes, 4)
        self._index.by_residual = False
        faiss.copy_array_to_vector(codes.reshape(-1), self._index.pq.centroids)
        self._index.is_trained = True
        self._index.nprobe = min(_PROBED, len(cells))
        self._index.add(_pad(centroids, width))

    @classmethod
    def build(cls, centroids: np.ndarray) -> "ApproximateIndex":
        """Train cells and codes on a sample of the words (K, D), drawn with a fixed seed; K is at least 16."""
        n_codes, width = _code_shape(centroids.shape[1])
        n_cells = max(1, round(_CELLS_PER_ROOT * len(centroids) ** 0.5))
        rows = np.random.default_rng(_SEED).permutation(len(centroids))[: max(_TRAINED_PER_CELL * n_cells, 16)]
        sample = _pad(centroids[rows], width)
        clustering = faiss.Clustering(width, n_cells)
        clustering.niter, clustering.seed = _ITERATIONS, _SEED
        clustering.min_points_per_centroid, clustering.max_points_per_centroid = 1, _TRAINED_PER_CELL
        clustering.train(sample, faiss.IndexFlatL2(width))
        quantizer = faiss.ProductQuantizer(width, n_codes, 4)
        quantizer.train(sample)
        cells = faiss.vector_to_array(clustering.centroids).reshape(n_cells, width)
        return cls(centroids, cells, faiss.vector_to_array(quantizer.centroids).reshape(n_codes, 16, -1))

    def search(self, descriptors: np.ndarray, words: np.ndarray) -> None:
        """Find the nearest words of descriptors.

        Args:
            descriptors: (n, D) float32, contiguous
            words: (n, nearest) int64, which the words are written to, nearest first
        """
        for start in range(0, len(descriptors), _ROWS):
            self._search(descriptors[start : start + _ROWS], words[start : start + _ROWS])

    def _search(self, descriptors: np.ndarray, words: np.ndarray) -> None:
        nearest = words.shape[1]
        count = min(max(_CANDIDATES, _CANDIDATES_PER_WORD * nearest), len(self._centroids))
        _, candidates = self._index.search(_pad(descriptors, self.cells.shape[1]), count)
        candidates.sort(axis=1)  # of equal distances the first is taken, which is the lowest word
        distances = np.empty(candidates.shape, np.float32)
        faiss.fvec_L2sqr_by_idx(  # type: ignore[attr-defined]
            *map(faiss.swig_ptr, (distances, descriptors, self._centroids, candidates)),
            descriptors.shape[1], len(descriptors), count,
        )  # fmt: skip
        distances[candidates < 0] = np.inf  # fewer candidates in the cells than requested
        best = distances.argmin(axis=1)[:, None] if nearest == 1 else distances.argsort(axis=1, kind="stable")
        words[:] = np.take_along_axis(candidates, best[:, :nearest], axis=1)
        few = np.flatnonzero((words < 0).any(axis=1))
        if len(few):
            words[few] = faiss.knn(descriptors[few], self._centroids, nearest)[1]


def _code_shape(dim: int) -> tuple[int, int]:
    """Compute the number of codes, and the number of dimensions that they encode, padding included."""
    per_code = min(max(-(-dim // _CODES), _FEWEST_DIMENSIONS), _MOST_DIMENSIONS)
    n_codes = -(-dim // per_code)
    return n_codes, n_codes * per_code


def _pad(vectors: np.ndarray, width: int) -> np.ndarray:
    """Pad vectors with zeros to ``width`` dimensions, which changes no distance."""
    missing = width - vectors.shape[1]
    return np.pad(vectors, ((0, 0), (0, missing))) if missing else vectors

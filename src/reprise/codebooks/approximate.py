"""The approximate index: candidates from an inverted file of compressed words, compared exactly afterwards."""

import faiss
import numpy as np

from reprise.storage.errors import DataError

#: With fewer words than this the exact index is as fast, and is used instead.
SMALLEST = 1 << 14

#: The words are divided into so many cells per square root of their number, and so many cells are looked into.
_CELLS_PER_ROOT = 2.0
_PROBED = 32

#: Candidates that are compared exactly: at least so many, and so many for each word asked for.
_CANDIDATES, _CANDIDATES_PER_WORD = 80, 32

#: So many codes of 4 bits for each word, but each for at least and at most so many dimensions.
_CODES, _FEWEST_DIMENSIONS, _MOST_DIMENSIONS = 32, 2, 8

#: Words per cell on which cells and codes are trained, by how many iterations, and the seed by which they are drawn.
_TRAINED_PER_CELL, _ITERATIONS, _SEED = 40, 8, 1234

#: Descriptors whose candidates are held at a time.
_ROWS = 1 << 13


class ApproximateIndex:
    """Finds the nearest words without comparing all of them.

    The words lie in cells around ``cells`` (IVF), with 4 bits for every few dimensions (product quantisation, after
    Jegou, Douze, Schmid, TPAMI 2011, scanned in registers, after Andre, Kermarrec, Le Scouarnec, VLDB 2015). The
    nearest candidates by these codes are compared with the descriptor in float32, and of equal distances the lower
    word wins. Distances are those of single pairs, and candidates are drawn for each descriptor by itself. It works on
    the CPU. Made by :meth:`build`, or from the two tables that a file of a codebook holds.

    Args:
        centroids: (K, D) float32, contiguous; not copied
        cells: (C, W) float32, centres of the cells; W is D, or D filled up with zeros to whole codes
        codes: (M, 16, W / M) float32, what the 4 bits stand for

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
        """Train cells and codes on some of the words (K, D), which are drawn with a fixed seed; K is 16 at least."""
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
        """Write the nearest words of ``descriptors`` (n, D) into ``words`` (n, nearest) int64, nearest first."""
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
        distances[candidates < 0] = np.inf  # fewer candidates in the cells than asked for
        best = distances.argmin(axis=1)[:, None] if nearest == 1 else distances.argsort(axis=1, kind="stable")
        words[:] = np.take_along_axis(candidates, best[:, :nearest], axis=1)
        few = np.flatnonzero((words < 0).any(axis=1))
        if len(few):
            words[few] = faiss.knn(descriptors[few], self._centroids, nearest)[1]


def _code_shape(dim: int) -> tuple[int, int]:
    """The number of codes, and of dimensions that they stand for, those filled up included."""
    per_code = min(max(-(-dim // _CODES), _FEWEST_DIMENSIONS), _MOST_DIMENSIONS)
    n_codes = -(-dim // per_code)
    return n_codes, n_codes * per_code


def _pad(vectors: np.ndarray, width: int) -> np.ndarray:
    """Vectors filled up with zeros to ``width`` dimensions, which moves no distance."""
    missing = width - vectors.shape[1]
    return np.pad(vectors, ((0, 0), (0, missing))) if missing else vectors

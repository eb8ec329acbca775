"""Average query expansion on tf-idf vectors (Chum, Philbin, Sivic, Isard, Zisserman, ICCV 2007)."""

from typing import Literal

import numpy as np
from scipy import sparse

from reprise.storage.errors import DataError

#: What a mean is taken of: the vectors as they are, or each divided by its length.
Mean = Literal["raw", "normalised"]


def mean_vectors(
    queries: sparse.spmatrix, selected: sparse.spmatrix, query_of: np.ndarray, *, mean: Mean = "raw"
) -> sparse.csr_matrix:
    """Compute the mean of the vector of each query and of the images that were selected for it.

    Args:
        queries: (Q, K) tf-idf vectors, from :meth:`reprise.bow.BagOfWords.vectors`
        selected: (S, K) tf-idf vectors of the features of the selected images that lie, projected back, inside of the
            box of their query
        query_of: (S,) integers, the query that each was selected for
        mean: "raw": of the vectors as they are, in which an image with more features counts for more; "normalised": of
            vectors of unit length

    Returns:
        (Q, K) float64, not normalised; the row of a query without selected images is its own vector

    Raises:
        DataError: vectors of different words, or another query
    """
    if mean not in ("raw", "normalised"):
        raise DataError(f"mean: {mean!r} is none of raw, normalised")
    queries, selected = sparse.csr_matrix(queries), sparse.csr_matrix(selected)
    query_of = np.asarray(query_of, np.int64)
    if queries.shape[1] != selected.shape[1] or len(query_of) != selected.shape[0]:
        raise DataError(
            f"selected: vectors {selected.shape} with {len(query_of)} queries, the queries have {queries.shape}"
        )
    if len(query_of) and (query_of.min() < 0 or query_of.max() >= queries.shape[0]):
        raise DataError(f"query_of: {query_of.min()} to {query_of.max()}, but there are {queries.shape[0]} queries")
    if mean == "normalised":
        queries, selected = _unit(queries), _unit(selected)
    chosen = sparse.csr_matrix(
        (np.ones(len(query_of)), (query_of, np.arange(len(query_of)))), (queries.shape[0], selected.shape[0])
    )
    counts = 1 + np.bincount(query_of, minlength=queries.shape[0])
    return sparse.csr_matrix(sparse.diags(1 / counts) @ (queries + chosen @ selected))


def _unit(vectors: sparse.csr_matrix) -> sparse.csr_matrix:
    """Divide rows by their lengths; rows of zeros stay."""
    lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ vectors)

"""Query expansion of global descriptors: the mean of a query and of its first images."""

import numpy as np

from reprise.storage.errors import DataError


def expand_queries(
    queries: np.ndarray, database: np.ndarray, ranks: np.ndarray, similarities: np.ndarray, *, alpha: float = 0.0
) -> np.ndarray:
    """Compute the mean of each query and of its first images, weighted by powers of their similarities.

    The query weighs 1, and an image of similarity s weighs s^alpha, negative similarities as 0; with alpha 0 all weigh
    alike.

    Source: Chum et al., ICCV 2007, for alpha 0; Radenovic, Tolias, Chum, "Fine-tuning CNN image retrieval with no human
    annotation", PAMI 2019, with alpha 3.

    Args:
        queries: (Q, D) descriptors of unit length
        database: (N, D) descriptors of unit length
        ranks: (Q, k) integers, the first images of each query; negative ones are left out, so that queries may have
            different numbers of them
        similarities: (Q, k) of these images
        alpha: at least 0

    Returns:
        (Q, D) float32 of unit length; a mean of length 0 stays 0

    Raises:
        DataError: shapes that do not fit each other, images that do not exist, or values that are not finite
    """
    queries, database = np.asarray(queries, np.float64), np.asarray(database)
    ranks, similarities = np.asarray(ranks), np.asarray(similarities, np.float64)
    fits = queries.ndim == database.ndim == 2 and queries.shape[1] == database.shape[1]
    if not fits or ranks.shape != similarities.shape or ranks.ndim != 2 or len(ranks) != len(queries):
        raise DataError(
            f"query expansion: expected (Q, D), (N, D), (Q, k) and (Q, k), got {queries.shape}, {database.shape}, "
            f"{ranks.shape} and {similarities.shape}"
        )
    if not np.isfinite(alpha) or alpha < 0:
        raise DataError(f"alpha: is {alpha}, expected a number of at least 0")
    kept = ranks >= 0
    if ranks.dtype.kind not in "iu" or (kept & (ranks >= len(database))).any():
        raise DataError(f"ranks: expected integers below the {len(database)} images")
    weights = np.where(kept, np.power(np.maximum(similarities, 0.0), alpha), 0.0)
    if not np.isfinite(weights).all():
        raise DataError("similarities: hold NaN or infinite values; rank the images again")
    neighbors = database[np.where(kept, ranks, 0)] if len(database) else np.zeros((*ranks.shape, queries.shape[1]))
    means = queries + np.einsum("qk,qkd->qd", weights, neighbors)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise DataError("query expansion: descriptors hold NaN or infinite values; extract them again")
    return (means / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)

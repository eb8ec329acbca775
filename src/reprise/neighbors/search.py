"""Exact nearest neighbours by inner product, in blocks, so that the matrix of all pairs is never in memory."""

import numpy as np
import torch

from reprise.formats.rankings import RankedList
from reprise.storage.arguments import count
from reprise.storage.errors import DataError

_MASK = 0xFFFFFFFF
# Bytes per pair of a block: its similarity, its key, and the memory of the selection.
_PER_PAIR = 32


def compute_neighbors(
    queries: np.ndarray,
    database: np.ndarray,
    num_neighbors: int | None = None,
    *,
    exclude_self: bool = False,
    skipped_queries: np.ndarray | None = None,
    skipped_images: np.ndarray | None = None,
    block_mib: int = 256,
    device: str = "cpu",
) -> RankedList:
    """Find the database images of largest inner product with each query, best first.

    Of equal similarities the smaller index comes first. Similarities are computed in float32, as in the published
    files.

    Args:
        queries: (Q, D) floats, usually of unit norm; may be memory-mapped
        database: (N, D) floats
        num_neighbors: number M of neighbours per query; None for the whole database
        exclude_self: ``queries`` are the ``database``, and no image is its own neighbour: the image with the same index
            is left out, not the most similar one, which may be another copy of it
        skipped_queries: (Q,) bool, queries without a descriptor, whose rows are ignored; None: all have one
        skipped_images: (N,) bool, the same of the database
        block_mib: memory for one block of similarities, in MiB
        device: device of torch

    Returns:
        ranks (Q, M) int64 and scores (Q, M) float32, the similarities; M is at most the number of images that can be
        neighbours. Where a query or an image has no descriptor, the similarity is minus infinity: such an image comes
        after all others

    Raises:
        DataError: arrays that do not fit each other, NaN or infinity, ``num_neighbors`` below 1 or beyond the database
    """
    limit = _check(queries, database, num_neighbors, exclude_self)
    without = [
        _places(which, array, name)
        for which, array, name in (
            (skipped_queries, queries, "skipped_queries"),
            (skipped_images, database, "skipped_images"),
        )
    ]
    size = limit if num_neighbors is None else int(num_neighbors)
    rows, columns = _block_shape(len(queries), len(database), size, block_mib)
    similarities = np.empty((len(queries), size), np.float32)
    indices = np.empty((len(queries), size), np.int64)
    for start in range(0, len(queries), rows):
        stop = min(start + rows, len(queries))
        block = _tensor(queries[start:stop], device, "queries", start)
        best = _best(block, database, columns, size, start if exclude_self else None, without[1], device)
        similarities[start:stop], indices[start:stop] = _decode(best)
    similarities[without[0]] = -np.inf
    _check_finite(similarities, indices, *without)
    return RankedList(indices, similarities)


def _check_finite(
    similarities: np.ndarray, indices: np.ndarray, queries_without: np.ndarray, images_without: np.ndarray
) -> None:
    """Refuse similarities beyond float32, apart from those of queries and images without a descriptor."""
    wrong = ~np.isfinite(similarities)
    if not wrong.any():
        return
    wrong &= ~np.isin(indices, images_without)
    wrong[queries_without] = False
    if wrong.any():
        query, rank = (int(place[0]) for place in np.nonzero(wrong))
        raise DataError(
            f"queries: the similarity of query {query} and image {indices[query, rank]} is "
            f"{similarities[query, rank]}; their global descriptors are too large for float32, normalise them"
        )


def _best(
    queries: torch.Tensor, database: np.ndarray, columns: int, size: int, own_start: int | None, without: np.ndarray,
    device: str,
) -> torch.Tensor:  # fmt: skip
    """Compute the ``size`` largest keys of each query, descending.

    ``own_start`` is the index of the first query, and ``without`` are those of the images that have no descriptor.
    """
    best = torch.empty((len(queries), 0), dtype=torch.int64, device=device)
    for start in range(0, len(database), columns):
        stop = min(start + columns, len(database))
        values = _tensor(database[start:stop], device, "database", start)
        keys = _encode(_similarities(queries, values, without - start), start)
        if own_start is not None:
            own = torch.arange(len(queries), device=device) + own_start - start
            inside = torch.nonzero((own >= 0) & (own < stop - start))[:, 0]
            keys[inside, own[inside]] = torch.iinfo(torch.int64).min
        best = torch.cat([best, keys], dim=1)
        best = best.topk(min(size, best.shape[1]), dim=1).values
    return best


def _similarities(queries: torch.Tensor, images: torch.Tensor, without: np.ndarray) -> torch.Tensor:
    """Compute inner products, minus infinity with the rows ``without`` of the images, of which some may be outside."""
    products = queries @ images.T
    inside = without[(without >= 0) & (without < len(images))]
    if len(inside):
        products[:, torch.from_numpy(inside).to(products.device)] = -torch.inf
    return products


def _places(skipped: np.ndarray | None, array: np.ndarray, name: str) -> np.ndarray:
    """Find the rows without a descriptor: (n,) int64."""
    if skipped is None:
        return np.zeros(0, np.int64)
    if skipped.shape != (len(array),) or skipped.dtype != np.bool_:
        raise DataError(f"{name}: expected {len(array)} bool, got {skipped.dtype} {skipped.shape}")
    return np.flatnonzero(skipped)


def _encode(similarities: torch.Tensor, first: int) -> torch.Tensor:
    """Encode similarities and indices as integers that sort by descending similarity, then by ascending index.

    The upper half are the bits of the float, those of negative numbers inverted; the lower half is the index,
    counted down. No two keys are equal, so that the result does not depend on the blocks nor on how torch sorts.
    """
    bits = (similarities + 0.0).view(torch.int32)  # + 0.0 turns -0.0 into 0.0
    bits = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits).to(torch.int64)
    indices = torch.arange(first, first + similarities.shape[1], device=similarities.device)
    return (bits << 32) | (_MASK - indices)


def _decode(keys: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    bits = keys >> 32
    bits = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits).to(torch.int32)
    return bits.view(torch.float32).cpu().numpy(), (_MASK - (keys & _MASK)).cpu().numpy()


def _block_shape(num_queries: int, num_images: int, size: int, block_mib: int) -> tuple[int, int]:
    """Choose (queries, images) per block: a few thousand images if that suffices, but not fewer than are kept."""
    pairs = (block_mib << 20) // _PER_PAIR
    columns = min(num_images, max(4096, 2 * size))
    rows = max(1, min(num_queries, pairs // (columns + size)))
    return rows, max(1, min(num_images, pairs // rows - size)) if rows == num_queries else columns


def _tensor(values: np.ndarray, device: str, name: str, first: int) -> torch.Tensor:
    values = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(values).all():
        row = first + int(np.argmin(np.isfinite(values).all(axis=1)))
        raise DataError(
            f"{name}, rows {first} to {first + len(values)}: the global descriptor of image {row} contains NaN or "
            "infinity; extract it again"
        )
    return torch.from_numpy(values).to(device)


def _check(queries: np.ndarray, database: np.ndarray, num_neighbors: int | None, exclude_self: bool) -> int:
    for name, array in (("queries", queries), ("database", database)):
        if array.ndim != 2 or array.dtype.kind != "f" or not len(array):
            raise DataError(f"{name}: expected floats (images, dimensions), got {array.dtype} {array.shape}")
    if queries.shape[1] != database.shape[1]:
        raise DataError(
            f"queries have {queries.shape[1]} dimensions, the database {database.shape[1]}; they are of two extractors"
        )
    if exclude_self and len(queries) != len(database):
        raise DataError(
            f"exclude_self: {len(queries)} queries are not the {len(database)} images of the database; "
            "leave it out for separate queries"
        )
    limit = len(database) - exclude_self
    if num_neighbors is not None and not 1 <= count("num_neighbors", num_neighbors, minimum=0) <= limit:
        raise DataError(f"num_neighbors is {num_neighbors}; expected 1 to {limit}, the images that can be neighbours")
    return limit

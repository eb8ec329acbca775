"""Rankings with the names of their images, as the published re-ranking of HNDesc takes them.

A pickle of a dict: ``db_images`` and ``q_images``, file names of images, perhaps with folders, and ``ranks``, integers
(images, queries): each column has the images of a query, best first. Its authors write them for the global descriptors
of Radenovic et al., in files such as ``roxford5k-rSfM120k-resnet101-gem-m.pkl``.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from reprise.formats.rankings import RankedList
from reprise.storage.arguments import array, quoted
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle

# A pickle of as many bytes has neighbours of millions of images, without names.
_LARGE = 2**26
_KEYS = ("db_images", "q_images", "ranks")


def read_named(path: str | os.PathLike) -> Mapping[str, Any] | None:
    """Read a pickle of such a dict; None where it holds something else.

    Raises:
        DataError: no pickle, or a damaged one
    """
    if Path(path).is_file() and Path(path).stat().st_size >= _LARGE:
        return None
    content = load_pickle(path, tensors_as_arrays=True)
    return content if isinstance(content, Mapping) and set(_KEYS) <= content.keys() else None


def list_of_named(
    content: Mapping[str, Any], query_names: Sequence[str], database_names: Sequence[str], where: str | os.PathLike
) -> RankedList:
    """The lists of queries, as indices into the images of a dataset, whatever the order of both in the file.

    The file has no similarities: scores are the negative places.

    Args:
        content: of the pickle
        query_names: of the dataset, Q of them
        database_names: of the dataset, N of them
        where: what an error begins with

    Returns:
        ranks (Q, N) int64 and scores (Q, N) float32

    Raises:
        DataError: names that are not those of the dataset, or ranks that are no order of all images
    """
    queries = _places(content["q_images"], query_names, f"{where}: 'q_images'")
    images = _places(content["db_images"], database_names, f"{where}: 'db_images'")
    ranks = array(f"{where}: 'ranks'", content["ranks"])
    count = len(database_names)
    if ranks.dtype.kind not in "iu" or ranks.shape != (count, len(query_names)):
        raise DataError(
            f"{where}: 'ranks' are {ranks.dtype} of shape {ranks.shape}, expected integers ({count}, "
            f"{len(query_names)}): a column for each query"
        )
    if (np.sort(ranks, axis=0) != np.arange(count)[:, None]).any():
        raise DataError(f"{where}: 'ranks' are no order of all {count} images for every query")
    rows = np.empty((len(query_names), count), np.int64)
    rows[queries] = images[ranks.T.astype(np.int64)]
    return RankedList(rows, np.tile(-np.arange(count, dtype=np.float32), (len(rows), 1)))


def _places(listed: Any, names: Sequence[str], where: str) -> np.ndarray:
    """Find the place in ``names`` of each image of the file; both have to have the same images."""
    if not isinstance(listed, list | tuple | np.ndarray) or not all(isinstance(name, str) for name in listed):
        raise DataError(f"{where}: expected a list of file names")
    places = {PurePosixPath(name).stem: place for place, name in enumerate(names)}
    stems = [PurePosixPath(name).stem for name in listed]
    unknown = [name for name in stems if name not in places]
    if unknown or len(set(stems)) != len(names) or len(stems) != len(names):
        what = f"names {quoted(unknown[0])}, which is none of them" if unknown else f"lists {len(stems)} images"
        raise DataError(f"{where}: {what}; the dataset has {len(names)}, and both have to be the same")
    return np.array([places[name] for name in stems], np.int64)

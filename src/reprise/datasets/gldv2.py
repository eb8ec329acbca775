"""The retrieval test of Google Landmarks v2 (Weyand et al., CVPR 2020) as AMES uses it.

The test has an index of 762 thousand images and 1129 queries, the 379 public ones (validation) first, then the 750
private ones (test). Its ground truth is a pickle {gnd: one mapping per query with the index list ``ok``}.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from reprise.datasets.image_lists import read_image_list
from reprise.datasets.images import Dataset, check_levels
from reprise.datasets.layout import DatasetLayout, Listed, folders
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle


class Layout(DatasetLayout):
    """Two lists of images, of the index and of the queries, and a pickle with the ok images of each query."""

    lists = ("index", "database", "queries")
    needs = ("index", "database", "queries")
    truth = "landmarks"

    database: Listed | None = Field(None, description="the list of the images that are searched")
    queries: Listed | None = Field(None, description="the list of the queries, public ones first")
    private_queries: int | None = Field(None, ge=0, description="so many queries, the last ones, are private")

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key that names a list."""
        if key == "index":
            return super().missing(key)
        return "give 'database' and 'queries', the lists of images"

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the retrieval test; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        lists = (Path(description[key]) for key in ("database", "queries"))
        counts = {key: description[key] for key in ("private_queries",) if key in description}
        return read_gldv2_test(folders(description), Path(description["index"]), *lists, **counts)


def read_gldv2_test(
    images: Path | Mapping[str, Path],
    ground_truth: Path,
    database: Path,
    queries: Path,
    *,
    private_queries: int = 750,
) -> Dataset:
    """Read the retrieval test.

    Args:
        images: the folders, as for :func:`reprise.datasets.image_lists.read_image_list`
        ground_truth: the pickle
        database: the list of database images
        queries: the list of query images
        private_queries: number of private queries, the last ones; the others are the validation set

    Raises:
        DataError: as :func:`reprise.datasets.image_lists.read_image_list`, and ground truth of another form or of other
            numbers of images
    """
    content = load_pickle(ground_truth)
    if not isinstance(content, dict) or not isinstance(content.get("gnd"), list | tuple):
        raise DataError(f"{ground_truth}: expected a dict with the key gnd, a list with a mapping per query")
    database_images = read_image_list(database, images).images
    query_images = read_image_list(queries, images).images
    if len(content["gnd"]) != len(query_images):
        found = len(content["gnd"])
        raise DataError(f"{ground_truth}: 'gnd' has {found} entries for {len(query_images)} lines of {queries}")
    if not 0 <= private_queries <= len(query_images):
        raise DataError(
            f"{queries}: private_queries is {private_queries}, expected at most its {len(query_images)} lines"
        )
    truth = []
    for row, entry in enumerate(content["gnd"]):
        where = f"{ground_truth}: gnd[{row}]"
        if not isinstance(entry, Mapping):
            raise DataError(f"{where}: expected a mapping, got {type(entry).__name__}")
        truth.append(check_levels(entry, ("ok",), len(database_images), where))
    groups = query_groups(len(query_images), private_queries)
    return Dataset(database_images, query_images, truth, "landmarks", groups)


def query_groups(queries: int, private: int) -> dict[str, np.ndarray]:
    """Name the groups of queries that have scores of their own.

    Args:
        queries: number Q of queries
        private: number of private queries, the last ones

    Returns:
        public, private and combined -> (Q,) bool; only public where all queries are of one kind
    """
    is_private = np.arange(queries) >= queries - private
    if is_private.all() or not is_private.any():
        return {"public": np.ones(queries, bool)}
    return {"public": ~is_private, "private": is_private, "combined": np.ones(queries, bool)}

"""Google Landmarks v2 (Weyand et al., CVPR 2020) as AMES uses it: clean training images, and the retrieval test.

The test has an index of 762 thousand images and 1129 queries, the 379 public ones (validation) first, then the 750
private ones (test). Its ground truth is a pickle {gnd: one mapping per query with the index list ``ok``}.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reprise.datasets.image_lists import LabelledList, read_image_list
from reprise.datasets.images import Dataset, check_levels
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle


def read_gldv2_train(folders: Path | Mapping[str, Path], images: Path) -> LabelledList:
    """Read ``train_750k.txt``; labels are landmark ids.

    Raises:
        DataError: as ``read_image_list``, and a list without labels
    """
    listed = read_image_list(images, folders)
    if listed.labels is None:
        raise DataError(f"{images}: has no labels; expected path,label,width,height in each line")
    return listed


def read_gldv2_test(
    folders: Path | Mapping[str, Path],
    ground_truth: Path,
    database: Path,
    queries: Path,
    *,
    private_queries: int = 750,
) -> Dataset:
    """Read the retrieval test.

    Args:
        folders: as for ``read_image_list``
        ground_truth: the pickle
        database: the list of index images
        queries: the list of query images
        private_queries: so many of the queries, the last ones, are private; the others are the validation set

    Raises:
        DataError: as ``read_image_list``, and ground truth of another form or of other numbers of images
    """
    content = load_pickle(ground_truth)
    if not isinstance(content, dict) or not isinstance(content.get("gnd"), list | tuple):
        raise DataError(f"{ground_truth}: expected a dict with the key gnd, a list with a mapping per query")
    database_images = read_image_list(database, folders).images
    query_images = read_image_list(queries, folders).images
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
    """The groups of queries that have scores of their own.

    Args:
        queries: how many there are
        private: so many of them, the last ones, are private

    Returns:
        public, private and combined -> (queries,) bool; only public where all queries are of one kind
    """
    is_private = np.arange(queries) >= queries - private
    if is_private.all() or not is_private.any():
        return {"public": np.ones(queries, bool)}
    return {"public": ~is_private, "private": is_private, "combined": np.ones(queries, bool)}

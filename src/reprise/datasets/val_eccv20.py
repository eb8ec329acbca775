"""Validation queries of retrieval-SfM-120k that HOW is validated with (Tolias, Jenicek and Chum, ECCV 2020)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.datasets.images import Dataset, check_indices, check_levels
from reprise.datasets.sfm120k import SfmLayout, content_hashes, image_list
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle


class Layout(SfmLayout):
    """Queries among the images of retrieval-SfM-120k, with ok and junk images of each."""

    truth = "classic"

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the validation set; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        return read_validation_set(Path(description["images"]), Path(description["index"]))


def read_validation_set(images: Path, database: Path) -> Dataset:
    """Read retrieval-SfM-120k-val-eccv2020.pkl, whose queries are images of its own database.

    Args:
        images: the folder ``ims``
        database: the pickle

    Raises:
        DataError: a file that is missing, damaged or of another form
    """
    content = load_pickle(database)
    if not isinstance(content, dict) or not {"cids", "qidx", "gnd"} <= content.keys():
        raise DataError(f"{database}: expected a dict with the keys cids, qidx and gnd")
    cids = content_hashes(content, database)
    queries = check_indices(content["qidx"], len(cids), f"{database}: 'qidx'")
    if not isinstance(content["gnd"], list | tuple) or not all(isinstance(entry, Mapping) for entry in content["gnd"]):
        raise DataError(f"{database}: 'gnd' has to be a list with a mapping per query")
    truth = [
        check_levels(entry, ["ok", "junk"], len(cids), f"{database}: gnd[{row}]")
        for row, entry in enumerate(content["gnd"])
    ]
    if len(truth) != len(queries):
        raise DataError(f"{database}: 'gnd' has {len(truth)} entries for {len(queries)} queries in 'qidx'")
    return Dataset(image_list(images, cids), image_list(images, [cids[query] for query in queries]), truth, "classic")

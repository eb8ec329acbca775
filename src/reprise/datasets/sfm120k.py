"""retrieval-SfM-120k (Radenovic et al., TPAMI 2018): training images of 3-D reconstructions, and its validation sets.

An image is known by a content hash, its *cid*; the file has no extension and stands in three levels of folders that are
named after the last six characters, the last two first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.datasets.images import Dataset, ImageList, check_indices, check_levels
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle


@dataclass(frozen=True)
class TrainingSet:
    """Images with the model that each belongs to, and matching pairs of them.

    clusters  (images,) int64, the 3-D model of each image
    queries, positives  (pairs,) int64, indices of images that see the same surface
    """

    images: ImageList
    clusters: np.ndarray
    queries: np.ndarray
    positives: np.ndarray


def cid_path(folder: Path, cid: str) -> Path:
    """Where the image ``cid`` stands below the folder ``ims``."""
    return folder / cid[-2:] / cid[-4:-2] / cid[-6:-4] / cid


def read_training_set(images: Path, database: Path, part: str) -> TrainingSet:
    """Read ``part`` ('train' or 'val') of retrieval-SfM-120k.pkl; ``images`` is the folder ``ims``."""
    content = load_pickle(database)
    if not isinstance(content, dict) or part not in content:
        raise DataError(f"{database}: expected a dict with the key '{part}'")
    entry: Mapping = content[part]
    cids = _cids(entry, database)
    arrays = {}
    for key, count in (("cluster", 2**31), ("qidxs", len(cids)), ("pidxs", len(cids))):
        if key not in entry:
            raise DataError(f"{database}: ['{part}'] has no key '{key}'")
        arrays[key] = check_indices(entry[key], count, f"{database}: ['{part}']['{key}']")
    if len(arrays["cluster"]) != len(cids) or len(arrays["qidxs"]) != len(arrays["pidxs"]):
        raise DataError(f"{database}: ['{part}'] has lists of different lengths; download it again")
    return TrainingSet(_image_list(images, cids), arrays["cluster"], arrays["qidxs"], arrays["pidxs"])


def read_validation_set(images: Path, database: Path) -> Dataset:
    """Read retrieval-SfM-120k-val-eccv2020.pkl, whose queries are images of its own database."""
    content = load_pickle(database)
    if not isinstance(content, dict) or not {"cids", "qidx", "gnd"} <= content.keys():
        raise DataError(f"{database}: expected a dict with the keys cids, qidx and gnd")
    cids = _cids(content, database)
    queries = check_indices(content["qidx"], len(cids), f"{database}: 'qidx'")
    if not isinstance(content["gnd"], list | tuple) or not all(isinstance(entry, Mapping) for entry in content["gnd"]):
        raise DataError(f"{database}: 'gnd' has to be a list with a mapping per query")
    truth = [
        check_levels(entry, ["ok", "junk"], len(cids), f"{database}: gnd[{row}]")
        for row, entry in enumerate(content["gnd"])
    ]
    if len(truth) != len(queries):
        raise DataError(f"{database}: 'gnd' has {len(truth)} entries for {len(queries)} queries in 'qidx'")
    queried = _image_list(images, [cids[query] for query in queries])
    return Dataset(_image_list(images, cids), queried, truth, "classic")


def _cids(entry: Mapping, database: Path) -> list[str]:
    if not isinstance(entry.get("cids"), list | tuple) or not entry["cids"]:
        raise DataError(f"{database}: 'cids' has to be a list of content hashes")
    cids = list(map(str, entry["cids"]))
    # A cid becomes a path, so it must not be able to leave the folder.
    for cid in cids:
        if len(cid) < 6 or not cid.isalnum():
            raise DataError(f"{database}: '{cid}' is no content hash (six or more letters and digits)")
    return cids


def _image_list(images: Path, cids: list[str]) -> ImageList:
    return ImageList(cids, [cid_path(images, cid) for cid in cids])
